"""Settings that may be frozen."""

from __future__ import annotations

import json
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Any

from ...core.errors import FailedPreconditionError, UnknownNameError, nearest


class Config:
    """Named values, as attributes and as in a dict; none changes after `freeze()`.

    Example:
        config = tf.keras.utils.Config(units=16)
        config.rate = 0.1
        config.freeze()
    """

    def __init__(self, **kwargs: Any) -> None:
        vars(self).update(_config=kwargs, _frozen=False)

    def freeze(self) -> None:
        """Let nothing change any more."""
        vars(self)["_frozen"] = True

    def unfreeze(self) -> None:
        """Let values change again."""
        vars(self)["_frozen"] = False

    @property
    def frozen(self) -> bool:
        """Whether nothing may change."""
        return bool(self._frozen)

    def _changeable(self) -> dict[str, Any]:
        if self._frozen:
            raise FailedPreconditionError(
                "the Config is frozen, so its values stay as they are; call unfreeze() to change "
                "them"
            )
        values: dict[str, Any] = self._config
        return values

    def as_dict(self) -> dict[str, Any]:
        """A copy as a dict."""
        return dict(self._config)

    def to_json(self) -> str:
        """The values as JSON."""
        return json.dumps(self._config)

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._config.keys()  # type: ignore[no-any-return]

    def values(self) -> ValuesView[Any]:
        """The values."""
        return self._config.values()  # type: ignore[no-any-return]

    def items(self) -> ItemsView[str, Any]:
        """Names and values."""
        return self._config.items()  # type: ignore[no-any-return]

    def get(self, keyname: str, value: Any = None) -> Any:
        """The value of a name, or `value`."""
        return self._config.get(keyname, value)

    def pop(self, *args: Any) -> Any:
        """Take a value out."""
        return self._changeable().pop(*args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Take over values from a dict and keywords."""
        self._changeable().update(*args, **kwargs)

    def __setattr__(self, name: str, value: Any) -> None:
        self._changeable()[name] = value

    def __getattr__(self, name: str) -> Any:  # only for what is no attribute of the class
        found = vars(self).get("_config", {})
        if name not in found:
            raise UnknownNameError(f"the Config has no {name!r}.{nearest(name, found)}")
        return found[name]

    def __setitem__(self, key: str, item: Any) -> None:
        self._changeable()[key] = item

    def __getitem__(self, key: str) -> Any:
        return self._config[key]

    def __delitem__(self, key: str) -> None:
        del self._changeable()[key]

    def __contains__(self, item: object) -> bool:
        return item in self._config

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._config))

    def __len__(self) -> int:
        return len(self._config)

    def __repr__(self) -> str:
        return f"<Config {self._config}>"
