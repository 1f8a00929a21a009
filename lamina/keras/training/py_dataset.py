"""`keras.utils.PyDataset`: batches by their numbers, made by workers where that is asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any

from ...core.callers import warn
from ...core.errors import UnimplementedError


class PyDataset:
    """Batches of data: `self[number]` is one, `len(self)` how many, or `num_batches` (or None).

    A batch is (x,), (x, y) or (x, y, sample_weight). With `workers` > 1, `fit` makes up to
    `max_queue_size` batches ahead in as many threads, or in processes (`use_multiprocessing`).
    """

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        self._workers = workers
        self._use_multiprocessing = use_multiprocessing
        self._max_queue_size = max_queue_size

    def _setting(self, name: str, default: Any) -> Any:
        if name not in vars(self):
            warn(
                f"{type(self).__name__} does not call super().__init__(**kwargs), whose arguments "
                "are workers, use_multiprocessing and max_queue_size"
            )
            setattr(self, name, default)
        return getattr(self, name)

    @property
    def workers(self) -> int:
        """How many threads or processes make batches."""
        return int(self._setting("_workers", 1))

    @workers.setter
    def workers(self, value: int) -> None:
        self._workers = value

    @property
    def use_multiprocessing(self) -> bool:
        """Whether workers are processes."""
        return bool(self._setting("_use_multiprocessing", False))

    @use_multiprocessing.setter
    def use_multiprocessing(self, value: bool) -> None:
        self._use_multiprocessing = value

    @property
    def max_queue_size(self) -> int:
        """How many batches are made ahead."""
        return int(self._setting("_max_queue_size", 10))

    @max_queue_size.setter
    def max_queue_size(self, value: int) -> None:
        self._max_queue_size = value

    def __getitem__(self, index: int) -> Any:
        raise UnimplementedError(
            f"{type(self).__name__} needs __getitem__(self, index), which returns a batch"
        )

    @property
    def num_batches(self) -> int | None:
        """How many batches an epoch has; None: endless."""
        if hasattr(self, "__len__"):
            return len(self)
        raise UnimplementedError(
            f"{type(self).__name__} needs __len__(self), the number of batches, or a property "
            "num_batches, which is None for endless data"
        )

    def __iter__(self) -> Iterator[Any]:
        try:
            number = self.num_batches
        except UnimplementedError:
            number = None
        for index in count() if number is None else range(number):
            yield self[index]

    def on_epoch_begin(self) -> None:
        """Called at the start of each epoch."""

    def on_epoch_end(self) -> None:
        """Called at the end of each epoch."""


def made_by_workers(dataset: PyDataset, numbers: Iterable[int]) -> Iterator[Any]:
    """The batches with these numbers, in order, made ahead by the dataset's workers."""
    workers, processes = dataset.workers, dataset.use_multiprocessing
    if workers < 2 and not (workers == 1 and processes):
        yield from (dataset[number] for number in numbers)
        return
    window = max(dataset.max_queue_size, 1)
    submit, stop = _processes(dataset, workers) if processes else _threads(dataset, workers)
    waiting: deque[Callable[[], Any]] = deque()
    try:
        for number in numbers:
            waiting.append(submit(number))
            if len(waiting) >= window:
                yield waiting.popleft()()
        while waiting:
            yield waiting.popleft()()
    finally:
        stop()


Pool = tuple[Callable[[int], Callable[[], Any]], Callable[[], None]]


def _threads(dataset: PyDataset, workers: int) -> Pool:
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(workers)
    return (
        lambda number: pool.submit(dataset.__getitem__, number).result,
        lambda: pool.shutdown(wait=False, cancel_futures=True),
    )


_SHARED: list[PyDataset] = []


def _share(dataset: PyDataset) -> None:
    """In a process of a pool: remember the dataset."""
    _SHARED[:] = [dataset]


def _item(number: int) -> Any:
    return _SHARED[0][number]


def _processes(dataset: PyDataset, workers: int) -> Pool:
    import multiprocessing

    pool = multiprocessing.Pool(workers, _share, (dataset,))
    return lambda number: pool.apply_async(_item, (number,)).get, pool.terminate
