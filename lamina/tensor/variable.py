"""Variables: named state that is read and written, also inside traced programs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from ..core.dtypes import Array, DType, as_dtype, numpy_dtype, type_name
from ..core.errors import ArgumentTypeError, InvalidArgumentError, UnimplementedError
from ..core.scopes import current_prefix
from ..core.shapes import TensorShape
from ..ir.bind import STATE
from ..ir.graph import Graph
from ..ir.interpret import interpreter
from ..ir.value import Spec
from ..passes.dead_code import remove_dead_code
from ..prims import elementwise as prim
from ..prims.broadcast import reshape
from ..prims.index import gather
from .convert import to_tensor
from .indexing import get_item
from .scatter import replaced, replaced_at, slices_at, summed, whole_numbers
from .tensor import Operators, Tensor, numpy_text

WRITES = [0]
"""How often variables, or attributes of layers, were written: whoever keeps what depends on them
compares it.
"""


class Reading(Tensor):
    """What `variable.value` and `variable.value()` give."""

    __slots__ = ()

    def __call__(self) -> Reading:
        return self


class _Kept(threading.local):
    scope: Any = None


_LOCKING = threading.Lock()

KEPT = _Kept()
"""Who is told of variables before they are written outside of traces, if anybody."""


class Variable(Operators):
    """A tensor that can be assigned to. Shape and dtype never change.

    `initial_value` is anything that converts to a tensor, or a function without arguments.
    A `constraint` maps the value after each update by an optimizer.
    """

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool = True,
        name: str | None = None,
        dtype: Any = None,
        constraint: Callable[[Any], Any] | None = None,
        shape: Any = None,
    ) -> None:
        if initial_value is None:
            raise InvalidArgumentError("a Variable needs an initial_value")
        value = initial_value() if callable(initial_value) else initial_value
        tensor = to_tensor(value, None)
        if tensor.array is None:
            tensor = _worked_out(tensor)
        STATE.made += 1
        if dtype is not None:
            tensor = _converted(value, tensor, numpy_dtype(dtype))
        array = np.array(tensor.array)  # a copy: the caller's array may change
        if shape is not None and not TensorShape(shape).is_compatible_with(array.shape):
            raise InvalidArgumentError(
                f"the initial value has shape {array.shape}; shape={shape} was asked for"
            )
        if shape is not None and not TensorShape(shape).is_fully_defined():
            raise UnimplementedError(
                f"a Variable keeps the shape of its initial value, {array.shape}; got "
                f"shape={shape}. Leave shape= out, or make another Variable for another shape"
            )
        self._value = Tensor(array)
        scope = current_prefix() if type(self) is Variable else ""  # layers name theirs alone
        self._name = f"{scope}{name or 'Variable'}"
        self._trainable = bool(trainable)
        self.constraint = constraint

    _owner = ""
    _lock: Any = None  # made when it is first needed: see `locks_of`

    # Reading

    @property
    def name(self) -> str:
        return f"{self._name}:0"

    @property
    def path(self) -> str:
        """The names around it and its own, with slashes, as Keras 3 says them."""
        name = self._name.partition(":")[0]
        return f"{self._owner}/{name}" if self._owner else name

    @property
    def trainable(self) -> bool:
        return self._trainable

    @property
    def shape(self) -> TensorShape:
        return TensorShape(self._value.spec.shape)

    @property
    def dtype(self) -> DType:
        return as_dtype(self._value.spec.dtype)

    @property
    def ndim(self) -> int:
        return len(self._value.spec.shape)

    @property
    def device(self) -> str:
        return "CPU:0"

    @property
    def spec(self) -> Spec:
        """The type of the value."""
        return self._value.spec

    def get_shape(self) -> TensorShape:
        """The shape."""
        return self.shape

    def read_value(self) -> Any:
        """The current value; tapes follow what is read of a trainable variable."""
        trace = STATE.trace
        value = self._value if trace is None else trace.read(self, self._value.spec)
        for recorder in STATE.recorders:
            recorder.read(self, value)  # type: ignore[attr-defined]
        return value

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """The numbers, not to be written: `assign` is what others hear of."""
        view = super().__array__(dtype, copy).view()
        view.flags.writeable = bool(copy)
        return view

    @property
    def value(self) -> Any:
        """The current value: an attribute as in Keras, which may be called as in TensorFlow."""
        found = self.read_value()
        if type(found) is Tensor:
            found.__class__ = Reading
        return found

    _tensor = read_value
    __lamina_tensor__ = read_value

    def __getitem__(self, key: Any) -> Any:
        """Some of the value; its `assign` writes to the variable."""
        found = get_item(self.read_value(), key)
        found.assign = partial(self._assign_at, key)
        return found

    # Writing

    def assign(
        self,
        value: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Let the variable have `value`, of its own shape."""
        tensor = self._fit(value)
        if tensor.array is value:  # the caller's array may change
            tensor = Tensor(np.array(value))
        return self._write(tensor)

    def assign_add(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Add `delta`."""
        return self._change(prim.add, self._fit(delta))

    def assign_sub(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Subtract `delta`."""
        return self._change(prim.subtract, self._fit(delta))

    # Reading and writing some of it

    def sparse_read(self, indices: Any, name: str | None = None) -> Any:
        """The rows at `indices`."""
        return gather(self.read_value(), whole_numbers(indices, "sparse_read"), 0)

    def gather_nd(self, indices: Any, name: str | None = None) -> Any:
        """The slices at the coordinates in the last axis of `indices`."""
        return slices_at(self.read_value(), indices)

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Add `updates` to the slices at the coordinates in the last axis of `indices`."""
        added = summed(indices, self._cast(updates), self._value.spec.shape)
        return self._change(prim.add, added)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Subtract `updates` from the slices at the coordinates `indices`."""
        taken = summed(indices, self._cast(updates), self._value.spec.shape)
        return self._change(prim.subtract, taken)

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Put `updates` in place of the slices at `indices`; of several, the last."""
        return self._change(replaced, self._cast(updates), indices)

    def _assign_at(self, key: Any, value: Any, name: str | None = None) -> Any:
        """Let `variable[key]` have `value`, which is broadcast."""
        return self._change(replaced_at, key, self._cast(value))

    def scatter_add(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Add the rows of a tf.IndexedSlices."""
        return self.scatter_nd_add(_column(sparse_delta), sparse_delta.values)

    def scatter_sub(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Subtract the rows of a tf.IndexedSlices."""
        return self.scatter_nd_sub(_column(sparse_delta), sparse_delta.values)

    def scatter_update(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Put the rows of a tf.IndexedSlices in their places."""
        return self.scatter_nd_update(_column(sparse_delta), sparse_delta.values)

    def is_initialized(self, name: str | None = None) -> bool:
        """True: a variable has its value from the start."""
        return True

    def set_shape(self, shape: Any) -> None:
        """Check that `shape` fits (None fits any size)."""
        self.shape.assert_is_compatible_with(shape)

    def _cast(self, updates: Any) -> Any:
        return _converted(updates, to_tensor(updates), self._value.spec.dtype)

    def _fit(self, value: Any) -> Any:
        spec = self._value.spec
        tensor = to_tensor(value)
        if tensor.spec.dtype != spec.dtype:
            tensor = _converted(value, tensor, spec.dtype)
        if tensor.spec.shape != spec.shape:
            raise InvalidArgumentError(
                f"the variable {self._name!r} has shape {spec.shape}; a value of shape "
                f"{tensor.spec.shape} cannot be assigned to it"
            )
        return tensor

    def _change(self, change: Callable[..., Any], *arguments: Any) -> Any:
        """Write `change(value, …)`; what other threads write comes before or after."""
        with self._lock or locks_of([self])[0]:
            return self._write(change(Variable.read_value(self), *arguments))

    def _write(self, tensor: Any) -> Any:
        trace = STATE.trace
        if trace is not None:
            if STATE.recorders:  # no gradient goes through a variable to what was assigned
                tensor = prim.stop_gradient(tensor)
            trace.write(self, tensor)
        elif tensor.array is None:
            raise InvalidArgumentError(
                f"a symbolic tensor cannot be assigned to the variable {self._name!r} outside "
                "of the function that it belongs to"
            )
        else:
            with self._lock or locks_of([self])[0]:
                self.commit(tensor.array)
        return self

    def commit(self, array: Any) -> None:
        """Take over `array`, of the variable's type, without a copy where that is safe."""
        if KEPT.scope is not None:
            KEPT.scope.keep(self)
        flags = array.flags
        if array.base is not None or not (flags.writeable and flags.c_contiguous):
            array = np.array(array)
        self._value = Tensor(array)
        WRITES[0] += 1

    def __repr__(self) -> str:
        spec = self._value.spec
        numbers = numpy_text(self._value.array) if self._value.array is not None else "?"
        return (
            f"<tf.Variable {self.name!r} shape={self.shape} dtype={type_name(spec.dtype)}, "
            f"numpy={numbers}>"
        )

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        copied = Variable(
            np.array(self._value.array), self._trainable, self._name, constraint=self.constraint
        )
        memo[id(self)] = copied
        return copied


def locks_of(variables: Sequence[Variable]) -> list[Any]:
    """What a thread holds while it changes them, in the order in which every thread takes it.

    Variables that are first written together share one lock.
    """
    with _LOCKING:
        new = threading.RLock()
        for variable in variables:
            variable._lock = variable._lock or new
    locks = {id(variable._lock): variable._lock for variable in variables}
    return [locks[key] for key in sorted(locks)]


def _worked_out(tensor: Any) -> Tensor:
    """What a tensor of the trace is now, where only variables decide it: random numbers, say."""
    trace = STATE.trace
    if trace is not None and tensor.trace is trace:
        graph = remove_dead_code(Graph("initial_value", trace.inputs, trace.nodes, [tensor]))
        read = {id(value) for node in graph.nodes for value in node.inputs} | {id(tensor)}
        own = len(trace.inputs) - len(trace.sources)
        sources = dict(zip(map(id, trace.inputs[own:]), trace.sources, strict=True))
        needed = [value for value in trace.inputs if id(value) in read]
        known = [sources.get(id(value)) for value in needed]
        arrays = [s._value.array for s in known if isinstance(s, Variable)]
        if len(arrays) == len(needed):
            graph = Graph(graph.name, needed, graph.nodes, graph.outputs)
            return Tensor(interpreter(graph)(arrays)[0])  # type: ignore[arg-type]
    raise InvalidArgumentError(
        "the initial value of a Variable depends on an argument of a function that is being "
        "traced; make the variable outside of the function"
    )


def _column(slices: Any) -> Any:
    """Numbers of rows as coordinates, in a last axis."""
    if not hasattr(slices, "indices") or not hasattr(slices, "values"):
        raise ArgumentTypeError(
            f"expected a tf.IndexedSlices; got {type(slices).__name__}. For coordinates, use "
            "scatter_nd_add, scatter_nd_sub or scatter_nd_update."
        )
    indices = to_tensor(slices.indices)
    return reshape(indices, (*indices.spec.shape, 1))


def _converted(value: Any, tensor: Any, dtype: np.dtype[Any]) -> Any:
    """`value` as `dtype`: numbers convert where nothing but precision is lost."""
    if tensor.spec.dtype == dtype:
        return tensor
    if tensor.spec.dtype.kind == "f" and dtype.kind != "f":
        raise InvalidArgumentError(
            f"floating-point values cannot be stored in a variable of dtype {dtype.name} without "
            f"losing their fractions; use tf.cast(x, tf.{dtype.name})"
        )
    if isinstance(value, (float, int)) and tensor.array is not None:
        return Tensor(np.asarray(value, dtype))
    return prim.cast(tensor, dtype)


@contextmanager
def standing_in(variables: Sequence[Variable], values: Sequence[Any]) -> Iterator[None]:
    """Inside, each variable has a value in place of its own; what is written there is forgotten.

    The values themselves are read, so that tapes follow them.
    """
    tensors = [variable._fit(value) for variable, value in zip(variables, values, strict=True)]
    trace, before = STATE.trace, [variable._value for variable in variables]
    written = {} if trace is None else dict(trace.writes)
    try:
        for variable, tensor in zip(variables, tensors, strict=True):
            if trace is None:
                variable._value = tensor
            else:
                trace.write(variable, tensor)
        WRITES[0] += 1
        yield
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable._value = value
        if trace is not None:
            own = {id(variable) for variable in variables}
            others = {key: pair for key, pair in trace.writes.items() if key not in own}
            trace.writes.clear()
            trace.writes.update(others)
            trace.writes.update((key, pair) for key, pair in written.items() if key in own)
        WRITES[0] += 1
