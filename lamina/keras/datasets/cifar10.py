"""Pictures in 10 classes: 50,000 and 10,000 of 32 × 32 × 3. Krizhevsky, 2009."""

from __future__ import annotations

from .batches import batches
from .files import Pair, fetch

_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
_CHECKSUM = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
_FOLDER = "cifar-10-batches-py"


def load_data() -> tuple[Pair, Pair]:
    """(x_train, y_train), (x_test, y_test), all uint8; labels (rows, 1)."""

    def parse(content: bytes) -> tuple[Pair, Pair]:
        names = [f"{_FOLDER}/data_batch_{number}" for number in range(1, 6)]
        test = batches(content, [f"{_FOLDER}/test_batch"], "labels")
        return batches(content, names, "labels"), test

    return fetch("cifar-10-python.tar.gz", parse, _URL, _CHECKSUM)
