"""Small helpers for data: classes as columns, rows of length 1, seeds."""

from __future__ import annotations

import random as python_random
from typing import Any

import numpy as np

from ...core.errors import InvalidArgumentError, OutOfRangeError, describe
from ...ir.value import Value
from ...ops import random
from ...tensor.convert import to_tensor
from ...tensor.variable import Variable


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Class numbers 0, 1 … as rows with a 1 in the column of the class.

    `x`: whole numbers of any shape (a last axis of size 1 goes); the result has one axis more, of
    size `num_classes` (by default the largest class + 1). float64 for arrays, float32 tensors for
    tensors. Raises where a class is negative or not below `num_classes`.

    Example: `tf.keras.utils.to_categorical([0, 2])` is `[[1, 0, 0], [0, 0, 1]]`.
    """
    classes = np.asarray(x)
    if classes.size == 0:
        raise InvalidArgumentError("to_categorical needs at least one class; got none")
    whole = classes.astype(np.int64) if classes.dtype.kind in "biuf" else None
    if whole is None or not np.array_equal(whole, classes):
        raise InvalidArgumentError(
            f"to_categorical expects classes as whole numbers 0, 1 …; got {describe(classes)}"
        )
    if whole.ndim > 1 and whole.shape[-1] == 1:
        whole = whole[..., 0]
    count = int(whole.max()) + 1 if num_classes is None else int(num_classes)
    if whole.min() < 0 or whole.max() >= count:
        wrong = whole[(whole < 0) | (whole >= count)].flat[0]
        raise OutOfRangeError(f"the class {wrong} is outside of 0 … {count - 1}: {count} classes")
    tensor = isinstance(x, (Value, Variable))
    rows = np.zeros((whole.size, count), np.float32 if tensor else np.float64)
    rows[np.arange(whole.size), whole.ravel()] = 1
    rows = rows.reshape(*whole.shape, count)
    return to_tensor(rows) if tensor else rows


def normalize(x: Any, axis: int = -1, order: Any = 2) -> Any:
    """x / ‖x‖ along `axis`; lines of zeros stay zeros. `order` 2 is the Euclidean norm.

    Example: `tf.keras.utils.normalize([[3.0, 4.0]])` is `[[0.6, 0.8]]`.
    """
    values = np.asarray(x)
    if values.dtype.kind not in "biuf":
        raise InvalidArgumentError(f"normalize expects numbers; got {describe(values)}")
    norm = np.linalg.norm(values, order, axis, keepdims=True)
    result = values / np.where(norm == 0, 1, norm)
    return to_tensor(result) if isinstance(x, (Value, Variable)) else result


def set_random_seed(seed: int) -> None:
    """Seed Python's, NumPy's and lamina's random numbers: a run can then be repeated exactly."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32:
        raise InvalidArgumentError(f"a seed is a whole number from 0 to 2**32 - 1; got {seed!r}")
    python_random.seed(int(seed))
    np.random.seed(int(seed))  # noqa: NPY002 (the state that users' code draws from)
    random.set_seed(int(seed))
