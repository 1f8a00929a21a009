"""The tensor: a value with operators, printed and read like TensorFlow's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core.callers import user_line
from ..core.dtypes import Array, DType, as_dtype, type_name
from ..core.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    NoNumbersError,
    OperatorNotAllowedInGraphError,
    SymbolicShapeError,
)
from ..core.shapes import TensorShape
from ..ir.bind import use_value_class
from ..ir.value import Value
from . import arithmetic
from .indexing import get_item


class Operators:
    """Python's operators, for tensors and for what reads as one (variables)."""

    __slots__ = ()
    __array_priority__ = 100  # NumPy arrays on the left leave the operation to us
    __hash__ = None  # type: ignore[assignment]  # == compares element by element

    def _tensor(self) -> Any:
        raise NotImplementedError

    def __add__(self, other: Any) -> Any:
        return arithmetic.add(self, other)

    def __radd__(self, other: Any) -> Any:
        return arithmetic.add(other, self)

    def __sub__(self, other: Any) -> Any:
        return arithmetic.subtract(self, other)

    def __rsub__(self, other: Any) -> Any:
        return arithmetic.subtract(other, self)

    def __mul__(self, other: Any) -> Any:
        return arithmetic.multiply(self, other)

    def __rmul__(self, other: Any) -> Any:
        return arithmetic.multiply(other, self)

    def __truediv__(self, other: Any) -> Any:
        return arithmetic.truediv(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return arithmetic.truediv(other, self)

    def __floordiv__(self, other: Any) -> Any:
        return arithmetic.floordiv(self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return arithmetic.floordiv(other, self)

    def __mod__(self, other: Any) -> Any:
        return arithmetic.floormod(self, other)

    def __rmod__(self, other: Any) -> Any:
        return arithmetic.floormod(other, self)

    def __pow__(self, other: Any) -> Any:
        return arithmetic.pow(self._tensor(), other)

    def __rpow__(self, other: Any) -> Any:
        return arithmetic.pow(other, self)

    def __matmul__(self, other: Any) -> Any:
        return arithmetic.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return arithmetic.matmul(other, self)

    def __neg__(self) -> Any:
        return arithmetic.negative(self)

    def __pos__(self) -> Any:
        return self._tensor()

    def __abs__(self) -> Any:
        return arithmetic.absolute(self)

    def __lt__(self, other: Any) -> Any:
        return arithmetic.less(self, other)

    def __le__(self, other: Any) -> Any:
        return arithmetic.less_equal(self, other)

    def __gt__(self, other: Any) -> Any:
        return arithmetic.greater(self, other)

    def __ge__(self, other: Any) -> Any:
        return arithmetic.greater_equal(self, other)

    def __eq__(self, other: Any) -> Any:
        return False if other is None else arithmetic.equal(self, other)

    def __ne__(self, other: Any) -> Any:
        return True if other is None else arithmetic.not_equal(self, other)

    def __and__(self, other: Any) -> Any:
        return arithmetic.bitwise_and(self, other)

    def __rand__(self, other: Any) -> Any:
        return arithmetic.bitwise_and(other, self)

    def __or__(self, other: Any) -> Any:
        return arithmetic.bitwise_or(self, other)

    def __ror__(self, other: Any) -> Any:
        return arithmetic.bitwise_or(other, self)

    def __xor__(self, other: Any) -> Any:
        return arithmetic.bitwise_xor(self, other)

    def __rxor__(self, other: Any) -> Any:
        return arithmetic.bitwise_xor(other, self)

    def __invert__(self) -> Any:
        return arithmetic.logical_not(self)

    def __getitem__(self, key: Any) -> Any:
        return get_item(self._tensor(), key)

    # What gives Python or NumPy objects needs the numbers.

    def numpy(self) -> Any:
        """The numbers in an array of the caller's own, or a NumPy scalar for rank 0."""
        array = self._tensor()._known("numpy()")
        return np.array(array, order="C") if array.ndim else array[()]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        array: Array = self._tensor()._known("np.asarray")
        if dtype is not None and array.dtype != dtype:
            if copy is False:
                raise ArgumentTypeError(f"a view of {array.dtype.name} as {dtype} needs a copy")
            return array.astype(dtype)
        return array.copy() if copy else array

    def __bool__(self) -> bool:
        array = self._tensor()._known("the truth value")
        if array.size != 1:
            raise InvalidArgumentError(
                f"the truth value of a tensor of shape {array.shape} is ambiguous; use "
                "tf.reduce_any or tf.reduce_all"
            )
        return bool(array.reshape(())[()])

    def __int__(self) -> int:
        return int(self._scalar("int()"))

    def __float__(self) -> float:
        return float(self._scalar("float()"))

    def __complex__(self) -> complex:
        return complex(self._scalar("complex()"))

    def __index__(self) -> int:
        number = self._scalar("an index")
        if number.dtype.kind not in "iu":
            raise ArgumentTypeError(f"an index must be an integer; got dtype {number.dtype.name}")
        return int(number)

    def __round__(self, digits: int | None = None) -> Any:
        return round(float(self), digits)

    def __format__(self, form: str) -> str:
        return format(self.numpy().item() if form and self._rank() == 0 else str(self), form)

    def _rank(self) -> int:
        return len(self._tensor().spec.shape)

    def _scalar(self, what: str) -> Any:
        array = self._tensor()._known(what)
        if array.size != 1:
            raise ArgumentTypeError(f"{what} expects one number; got shape {array.shape}")
        return array.reshape(())[()]

    def __len__(self) -> int:
        shape = self._tensor().shape
        if not shape:
            raise ArgumentTypeError("a scalar tensor has no length")
        if shape[0] is None:
            raise SymbolicShapeError(
                "len() of the batch axis while tracing; use tf.shape(x)[0] for a tensor"
            )
        size: int = shape[0]
        return size

    def __iter__(self) -> Iterator[Any]:
        tensor = self._tensor()
        if not tensor.shape:
            raise ArgumentTypeError("a scalar tensor cannot be iterated over")
        if tensor.shape[0] is None:
            raise OperatorNotAllowedInGraphError(
                f"{user_line()}: a loop over the batch of a traced function. Write it with "
                "operations on whole tensors, or use tf.map_fn."
            )
        return (tensor[index] for index in range(tensor.shape[0]))

    def __dlpack__(self, **options: Any) -> Any:
        return self._writeable("__dlpack__").__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0  # kDLCPU

    def __buffer__(self, flags: int) -> memoryview:
        return memoryview(self._tensor()._known("a buffer"))

    def _writeable(self, what: str) -> Array:
        array: Array = self._tensor()._known(what)
        return array if array.flags.writeable else array.copy()

    def ref(self) -> Reference:
        """A hashable stand-in, for sets and dicts."""
        return Reference(self)

    experimental_ref = ref


class Reference:
    """Stands for one tensor or variable by identity."""

    __slots__ = ("_target",)

    def __init__(self, target: Any) -> None:
        self._target = target

    def deref(self) -> Any:
        """The tensor or variable."""
        return self._target

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and self._target is other._target

    def __hash__(self) -> int:
        return id(self._target)


class Tensor(Operators, Value):
    """A dense array of one dtype that operations never change."""

    # Which entries count; unset where all do. What writes to the variable that this is a slice of.
    __slots__ = ("_keras_mask", "assign")

    def _tensor(self) -> Tensor:
        return self

    @property
    def shape(self) -> TensorShape:
        return TensorShape(self.array.shape if self.array is not None else self.spec.shape)

    @property
    def dtype(self) -> DType:
        return as_dtype(self.spec.dtype)

    @property
    def ndim(self) -> int:
        return len(self.spec.shape)

    @property
    def device(self) -> str:
        return "CPU:0"

    def get_shape(self) -> TensorShape:
        """The shape."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Check that `shape` fits (None fits any size)."""
        if not self.shape.is_compatible_with(shape):
            raise SymbolicShapeError(f"the shape {self.shape} is not compatible with {shape}")

    def _known(self, what: str) -> Array:
        """The numbers, or the error that Python code inside a traced function deserves."""
        if self.array is None:
            kind = NoNumbersError if what == "numpy()" else OperatorNotAllowedInGraphError
            raise kind(
                f"{user_line()}: {what} of a tensor was asked for while a function is traced, "
                "when it has no value yet. Use tf.cond, tf.where or tf.while_loop for what "
                "depends on values, or run the code outside of tf.function."
            )
        return self.array

    def __repr__(self) -> str:
        if self.array is None:
            return f"<tf.Tensor: shape={self.shape}, dtype={type_name(self.spec.dtype)}, symbolic>"
        return (
            f"<tf.Tensor: shape={self.shape}, dtype={type_name(self.spec.dtype)}, "
            f"numpy={numpy_text(self.array)}>"
        )

    def __str__(self) -> str:
        if self.array is None:
            return f"Tensor(shape={self.shape}, dtype={type_name(self.spec.dtype)})"
        text = np.array2string(self.array) if self.array.ndim else str(self.array[()])
        return f"tf.Tensor({text}, shape={self.shape}, dtype={type_name(self.spec.dtype)})"

    def __copy__(self) -> Tensor:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (np.ascontiguousarray(self._known("pickling")),)


def _restore(array: Array) -> Tensor:
    return Tensor(array)


def numpy_text(array: Array) -> str:
    """The numbers as they stand in a repr."""
    return repr(array) if array.ndim else str(array[()])


use_value_class(Tensor)
