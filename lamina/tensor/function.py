"""`tf.function`: Python code traced once for each kind of arguments, then run as a program."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Hashable
from types import MethodType
from typing import Any
from weakref import ref

import numpy as np

from ..core import nest
from ..core.config import config
from ..core.errors import (
    ArgumentTypeError,
    FailedPreconditionError,
    InvalidArgumentError,
    OperatorNotAllowedInGraphError,
    OpError,
    SymbolicShapeError,
    UnknownValueError,
)
from ..core.shapes import B
from ..ir.bind import STATE
from ..ir.show import show
from ..ir.value import Spec, Value
from .autograph.conversion import converted
from .convert import to_tensor
from .program import Program
from .spec import TensorSpec
from .variable import Variable


class _Traces:
    """The programs of a function, by the kinds of arguments."""

    def __init__(self) -> None:
        self.programs: dict[Hashable, Program | Eagerly] = {}
        self.fixed_only = False  # the batch cannot be symbolic in this function


# What a function that runs eagerly can do, and one that is traced cannot.
_HOPELESS = (
    OperatorNotAllowedInGraphError,
    SymbolicShapeError,
    UnknownValueError,
    FailedPreconditionError,
    RecursionError,
)


class Eagerly:
    """In place of a program: the function runs its Python code, and this was said on the log."""

    def __init__(self, name: str, reason: Exception) -> None:
        import logging

        self.reason = str(reason)
        logging.getLogger("lamina").warning(
            "%s runs eagerly, as Python code, for arguments of these types: %s", name, self.reason
        )


class Function:
    """A callable that traces `python_function` and runs the graph.

    A trace serves all arguments of the same types: tensors and arrays count by shape and dtype,
    variables by identity, other Python values by value. With `symbolic_batch` (or a None at the
    front of `input_signature`) one trace serves every size of the first axis. Numbers that the
    Python code returns come back as tensors.
    """

    def __init__(
        self,
        python_function: Callable[..., Any],
        input_signature: Any = None,
        reduce_retracing: bool = False,
        symbolic_batch: bool = False,
        eager: bool = False,
        autograph: bool = True,
    ) -> None:
        functools.update_wrapper(self, python_function)
        self.python_function = python_function
        self.input_signature = input_signature
        self.name = getattr(python_function, "__name__", "function")
        self._symbolic_batch = symbolic_batch or reduce_retracing
        self._eager = eager  # small, and called between eager operations
        self._autograph = autograph
        self._rewritten: Any = None
        self._traces = _Traces()
        self._traces_of: dict[int, tuple[Any, _Traces]] = {}  # by the id of an instance

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """The method of `instance`, with programs of its own as long as it lives."""
        if instance is None:
            return self
        method = MethodType(self.python_function, instance)
        bound = Function(
            method,
            self.input_signature,
            symbolic_batch=self._symbolic_batch,
            autograph=self._autograph,
        )
        key = id(instance)  # equal instances may differ in what a trace depends on
        if key not in self._traces_of:
            try:
                keeper: Any = ref(instance, lambda _: self._traces_of.pop(key, None))
            except TypeError:  # a class with __slots__
                keeper = instance
            self._traces_of[key] = keeper, bound._traces
        bound._traces = self._traces_of[key][1]
        return bound

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if STATE.trace is not None:
            return self._code()(*args, **kwargs)
        if config.eager_functions:
            return self.python_function(*args, **kwargs)
        leaves = nest.flatten((args, kwargs))
        if any(isinstance(leaf, Value) and leaf.array is None for leaf in leaves):
            return self.python_function(*args, **kwargs)
        if self.input_signature is not None:
            args, kwargs = self._signed_arguments(args, kwargs), {}
            leaves = nest.flatten((args, kwargs))
        places, tensors = _tensor_leaves(leaves)
        program = self._program((args, kwargs), leaves, places, tensors)
        if isinstance(program, Eagerly):
            return self.python_function(*args, **kwargs)
        return program.run(tensors)

    def _code(self) -> Callable[..., Any]:
        """The Python code that is traced."""
        if not self._autograph:
            return self.python_function
        if self._rewritten is None:
            self._rewritten = converted(self.python_function, always=True)
        code: Callable[..., Any] = self._rewritten
        return code

    def program_for(self, *args: Any, **kwargs: Any) -> Program:
        """The program that a call with these arguments runs."""
        leaves = nest.flatten((args, kwargs))
        places, tensors = _tensor_leaves(leaves)
        program = self._program((args, kwargs), leaves, places, tensors)
        if isinstance(program, Eagerly):
            raise OperatorNotAllowedInGraphError(
                f"{self.name} has no program, as it runs eagerly: {program.reason}"
            )
        return program

    def find_program(self, *args: Any, **kwargs: Any) -> Program | None:
        """`program_for`, or None where the function's Python code runs eagerly."""
        try:
            return self.program_for(*args, **kwargs)
        except OperatorNotAllowedInGraphError:
            return None

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """The program for arguments of these types; a TensorSpec stands for a tensor."""
        leaves = nest.flatten((args, kwargs))
        if self.input_signature is not None and not leaves:
            args = tuple(self.input_signature)
            leaves = nest.flatten((args, kwargs))
        specs = [_spec_of(leaf) for leaf in leaves if isinstance(leaf, (TensorSpec, Value))]
        places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, (TensorSpec, Value))]
        return ConcreteFunction(self._trace((args, kwargs), leaves, places, specs))

    @property
    def trace_count(self) -> int:
        """How often the Python code was traced."""
        return len(self._traces.programs)

    def experimental_get_tracing_count(self) -> int:
        """How often the Python code was traced."""
        return self.trace_count

    def show(self) -> str:
        """The graphs traced so far, as text."""
        programs = self._traces.programs.values()
        return "\n\n".join(show(each.graph) for each in programs if isinstance(each, Program))

    def _program(
        self, structure: Any, leaves: list[Any], places: list[int], tensors: list[Any]
    ) -> Program | Eagerly:
        traces = self._traces
        specs = [tensor.spec for tensor in tensors]
        if self.input_signature is not None:
            specs = self._signature_specs(tensors)
        elif self._symbolic_batch and not traces.fixed_only:
            specs = with_batch(specs)
        key = _key(leaves, places, specs)
        if key not in traces.programs:
            try:
                traces.programs[key] = self._traced(structure, leaves, places, specs)
            except OpError as error:
                if not any(B in spec.shape for spec in specs):
                    raise
                specs = [tensor.spec for tensor in tensors]
                key = _key(leaves, places, specs)
                if key not in traces.programs:
                    try:
                        traces.programs[key] = self._traced(structure, leaves, places, specs)
                    except OpError:
                        if isinstance(error, SymbolicShapeError):
                            raise
                        raise error from None  # the sizes do not matter
                traces.fixed_only = True  # this code needs to know its sizes: one trace for each
        return traces.programs[key]

    def _traced(
        self, structure: Any, leaves: list[Any], places: list[int], specs: list[Spec]
    ) -> Program | Eagerly:
        """The program for arguments of these types, or why there is none."""
        try:
            return self._trace(structure, leaves, places, specs)
        except _HOPELESS as error:
            if not self._autograph or any(B in spec.shape for spec in specs):
                raise
            return Eagerly(self.name, error)

    def _signed_arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments as the tensors that the signature asks for, in its order."""
        wanted = tuple(self.input_signature)
        if kwargs:
            args = inspect.signature(self.python_function).bind(*args, **kwargs).args
        count = len(nest.flatten(list(wanted)))
        if len(args) == len(wanted):
            args = tuple([_signed(*pair) for pair in zip(wanted, args, strict=True)])
        if len(args) != len(wanted) or len(nest.flatten(args)) != count:
            raise InvalidArgumentError(
                f"{self.name} has an input_signature of {count} tensors; got "
                f"{len(nest.flatten(args))}"
            )
        return args

    def _signature_specs(self, tensors: list[Any]) -> list[Spec]:
        specs = []
        for spec, tensor in zip(nest.flatten(list(self.input_signature)), tensors, strict=True):
            if not spec.is_compatible_with(tensor):
                raise InvalidArgumentError(f"{self.name} expects {spec!r}; got {tensor.spec!r}")
            specs.append(spec.symbolic() or tensor.spec)
        rows = {t.spec.shape[0] for s, t in zip(specs, tensors, strict=True) if B in s.shape}
        if self._traces.fixed_only or len(rows) > 1:  # there is one symbolic size only
            return [tensor.spec for tensor in tensors]
        return specs

    def _trace(
        self, structure: Any, leaves: list[Any], places: list[int], specs: list[Spec]
    ) -> Program:
        def function(*symbols: Any) -> Any:
            filled = list(leaves)
            for place, symbol in zip(places, symbols, strict=True):
                filled[place] = symbol
            args, kwargs = nest.pack_sequence_as(structure, filled)
            return nest.map_structure(_as_result, self._code()(*args, **kwargs))

        return Program(self.name, function, specs, eager=self._eager)


class ConcreteFunction:
    """One program of a `Function`."""

    def __init__(self, program: Program) -> None:
        self.program = program

    @property
    def graph(self) -> Any:
        return self.program.graph

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result on tensors of the program's types."""
        program = self.program
        inputs = program.graph.inputs[: len(program.graph.inputs) - len(program.sources)]
        leaves = nest.flatten((args, kwargs))
        if len(leaves) != len(inputs):
            raise InvalidArgumentError(
                f"this program of {program.graph.name} takes {len(inputs)} tensors; got "
                f"{len(leaves)}"
            )
        tensors = [to_tensor(leaf) for leaf in leaves]
        rows = None
        for value, tensor in zip(inputs, tensors, strict=True):
            wanted, have = value.spec, tensor.spec
            if B in wanted.shape and have.shape:
                rows = have.shape[0] if rows is None else rows
                wanted = Spec((rows, *wanted.shape[1:]), wanted.dtype)
            if have != wanted:
                raise InvalidArgumentError(
                    f"this program of {program.graph.name} takes {wanted!r}; got {have!r}"
                )
        return program.run(tensors)


class _Same:
    """Something that counts by identity in a key, and lives as long as the key."""

    __slots__ = ("item",)

    def __init__(self, item: Any) -> None:
        self.item = item

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.item is self.item

    def __hash__(self) -> int:
        return id(self.item)


def _signed(spec: Any, argument: Any) -> Any:
    """`argument` as a tensor where the signature asks for one."""
    if not isinstance(spec, TensorSpec) or isinstance(argument, Value):
        return argument
    dtype = None if isinstance(argument, Variable) else spec.dtype
    return to_tensor(argument, dtype)


def _as_result(leaf: Any) -> Any:
    """Numbers as tensors; what is no tensor (None, text, objects) stays what it is."""
    is_number = isinstance(leaf, (bool, int, float, np.number, np.bool_, np.ndarray))
    return to_tensor(leaf) if is_number else leaf


def _spec_of(leaf: Any) -> Spec:
    if isinstance(leaf, TensorSpec):
        symbolic = leaf.symbolic()
        if symbolic is None:
            raise InvalidArgumentError(f"{leaf!r}: only the first size may be None")
        return symbolic
    spec: Spec = leaf.spec
    return spec


def _tensor_leaves(leaves: list[Any]) -> tuple[list[int], list[Any]]:
    places, tensors = [], []
    for place, leaf in enumerate(leaves):
        if isinstance(leaf, Value):
            places.append(place)
            tensors.append(leaf)
        elif isinstance(leaf, (np.ndarray, np.number, np.bool_)):
            places.append(place)  # a copy: results may be views of it
            tensors.append(to_tensor(np.array(leaf)))
    return places, tensors


def with_batch(specs: list[Spec]) -> list[Spec]:
    """`specs` with `B` in place of the first size, where all that have one agree on it."""
    sizes = {spec.shape[0] for spec in specs if spec.shape}
    if len(sizes) != 1:
        return specs
    return [Spec((B, *s.shape[1:]), s.dtype) if s.shape else s for s in specs]


def _key(leaves: list[Any], places: list[int], specs: list[Spec]) -> Hashable:
    tensors = dict(zip(places, specs, strict=True))
    parts: list[Hashable] = []
    for place, leaf in enumerate(leaves):
        if place in tensors:
            parts.append(tensors[place])
        elif type(leaf) is float:
            parts.append(leaf.hex())  # tells -0.0 from 0.0; nan is nan
        else:
            by_value = not isinstance(leaf, Variable) and _hashable(leaf)
            parts.append((type(leaf), leaf if by_value else _Same(leaf)))
    return tuple(parts)


def _hashable(leaf: Any) -> bool:
    try:
        hash(leaf)
    except TypeError:
        return False
    return True


def function(
    func: Callable[..., Any] | None = None,
    input_signature: Any = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
) -> Any:
    """A decorator that traces a Python function into a program.

    Python code runs while tracing only. With `autograph=True`, its branches and loops on tensors
    become part of the graph; where that cannot be, the function runs eagerly and says so once.
    Programs are always compiled by the backend in force, so `jit_compile` changes nothing.

    Example:
        @tf.function
        def square(x):
            return x * x
    """
    if func is None:
        return lambda wrapped: function(
            wrapped, input_signature, autograph, jit_compile, reduce_retracing
        )
    if not callable(func):
        raise ArgumentTypeError(f"tf.function expects a function; got {type(func).__name__}")
    return Function(func, input_signature, reduce_retracing, autograph=autograph)
