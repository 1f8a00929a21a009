"""Elements made in a thread of their own, ahead of who takes them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakSet

from ..ops.random_state import branch, drawing

_SIZELESS = 1 << 62
_CLOSED: WeakSet[Any] = WeakSet()  # threads that were told to end
_PATIENCE = 5.0  # seconds


class Background:
    """Runs an iterator in a thread, up to `capacity` elements (and `room` of their sizes) ahead.

    Random numbers that the thread draws depend on the seed alone, not on how far ahead it is.
    Errors come out where the element would have come. `close` ends the thread as soon as the
    iterator gives its next element; so does dropping the iterator that `ahead` returns.
    """

    def __init__(
        self,
        make: Callable[[], Iterator[Any]],
        capacity: int,
        room: int = _SIZELESS,
        size_of: Callable[[Any], int] | None = None,
    ) -> None:
        import threading

        self._capacity, self._room, self._size_of = capacity, room, size_of
        self._items: deque[tuple[Any, int]] = deque()
        self._held = 0
        self._done = self._closed = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self.numbers = branch()  # that random numbers of the thread depend on
        self._thread = threading.Thread(target=self._run, args=(make, self.numbers), daemon=True)
        self._thread.start()

    def _run(self, make: Callable[[], Iterator[Any]], numbers: tuple[int, ...]) -> None:
        with drawing(numbers):
            self._fill(make)

    def _fill(self, make: Callable[[], Iterator[Any]]) -> None:
        iterator = None
        try:
            iterator = make()
            for item in iterator:
                size = 0 if self._size_of is None else self._size_of(item)
                with self._changed:
                    while not self._closed and self._is_full():
                        self._changed.wait()
                    if self._closed:
                        return
                    self._items.append((item, size))
                    self._held += size
                    self._changed.notify_all()
        except BaseException as error:  # whoever takes elements gets it
            self._error = error
        finally:
            close = getattr(iterator, "close", None)
            if self._closed and close is not None:
                close()
            with self._changed:
                self._done = True
                self._changed.notify_all()

    def _is_full(self) -> bool:
        return len(self._items) >= self._capacity or (
            bool(self._items) and self._held >= self._room
        )

    def take(self, most: int = 1) -> list[Any]:
        """At least one element, and up to `most` of those that are ready; none at the end."""
        with self._changed:
            while not self._items and not self._done:
                self._changed.wait()
            taken: list[Any] = []
            while self._items and len(taken) < most:
                item, size = self._items.popleft()
                self._held -= size
                taken.append(item)
            self._changed.notify_all()
        if not taken and self._error is not None:
            error, self._error = self._error, None
            raise error
        return taken

    def close(self) -> None:
        """Let the thread end."""
        with self._changed:
            self._closed = True
            self._items.clear()
            self._changed.notify_all()
        _CLOSED.add(self._thread)


def wait_for_closed() -> None:
    """Wait until threads that were told to end write nothing any more."""
    for thread in list(_CLOSED):
        thread.join(_PATIENCE)


def ahead(make: Callable[[], Iterator[Any]], capacity: int) -> Iterator[Any]:
    """The elements of `make()`, made by a thread up to `capacity` ahead."""
    background = Background(make, capacity)
    try:
        while taken := background.take(capacity):
            yield from taken
    finally:
        background.close()
