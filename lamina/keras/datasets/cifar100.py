"""Pictures in 100 classes of 20 kinds: 50,000 and 10,000 of 32 × 32 × 3. Krizhevsky, 2009."""

from __future__ import annotations

from ...core.errors import InvalidArgumentError
from .batches import batches
from .files import Pair, fetch

_URL = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
_CHECKSUM = "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"
_FOLDER = "cifar-100-python"


def load_data(label_mode: str = "fine") -> tuple[Pair, Pair]:
    """(x_train, y_train), (x_test, y_test), all uint8; labels (rows, 1), "fine" or "coarse"."""
    if label_mode not in ("fine", "coarse"):
        raise InvalidArgumentError(f"label_mode is 'fine' or 'coarse'; got {label_mode!r}")

    def parse(content: bytes) -> tuple[Pair, Pair]:
        label = f"{label_mode}_labels"
        train, test = (batches(content, [f"{_FOLDER}/{n}"], label) for n in ("train", "test"))
        return train, test

    return fetch("cifar-100-python.tar.gz", parse, _URL, _CHECKSUM)
