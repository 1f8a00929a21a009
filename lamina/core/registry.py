"""Tables from names to things: what is registered can be looked up, saved and tested."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from .errors import AlreadyExistsError, UnknownNameError, nearest

T = TypeVar("T")


class Registry(Generic[T]):
    """Named things of one kind, e.g. `Registry[Layer]("layer")`."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._items: dict[str, T] = {}

    def add(self, item: T, *names: str) -> T:
        """Register `item` under each of `names`."""
        for name in names:
            if self._items.setdefault(name, item) is not item:
                raise AlreadyExistsError(f"the {self.kind} {name!r} is registered already")
        return item

    def __getitem__(self, name: str) -> T:
        try:
            return self._items[name]
        except KeyError:
            raise UnknownNameError(
                f"unknown {self.kind} {name!r}.{nearest(name, self._items)} "
                f"Known are {self._listed()}."
            ) from None

    def _listed(self, most: int = 12) -> str:
        """One name of each thing, its shortest in lower case if it has one; not all of many."""
        spellings: dict[int, list[str]] = {}
        for name, item in self._items.items():
            spellings.setdefault(id(item), []).append(name)
        known = sorted(
            min(names, key=lambda name: (not name.islower(), len(name)))
            for names in spellings.values()
        )
        more = f" and {len(known) - most} more" if len(known) > most else ""
        return ", ".join(known[:most]) + more

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def name_of(self, item: T) -> str | None:
        """The first name under which `item` stands, if any."""
        return next((name for name, known in self._items.items() if known is item), None)
