"""`tf.function`: Python code traced once for each kind of arguments, then run as a program."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from typing import Any
from weakref import WeakKeyDictionary, ref

import numpy as np

from ..core import nest
from ..core.config import config
from ..core.errors import ArgumentTypeError, InvalidArgumentError, SymbolicShapeError
from ..core.shapes import B
from ..ir.bind import STATE
from ..ir.show import show
from ..ir.value import Spec, Value
from .convert import to_tensor
from .program import Program
from .spec import TensorSpec
from .variable import Variable


class Function:
    """A callable that traces `python_function` and runs the graph.

    A trace serves all arguments of the same types: tensors and arrays count by shape and dtype,
    variables by identity, other Python values by value. With `symbolic_batch` (or a None at the
    front of `input_signature`) one trace serves every size of the first axis.
    """

    def __init__(
        self,
        python_function: Callable[..., Any],
        input_signature: Any = None,
        reduce_retracing: bool = False,
        symbolic_batch: bool = False,
    ) -> None:
        functools.update_wrapper(self, python_function)
        self.python_function = python_function
        self.input_signature = input_signature
        self.name = getattr(python_function, "__name__", "function")
        self._symbolic_batch = symbolic_batch or reduce_retracing
        self._programs: dict[Hashable, Program] = {}
        self._fixed_only = False  # the batch cannot be symbolic in this function
        self._bound: WeakKeyDictionary[Any, Function] = WeakKeyDictionary()

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        bound = self._bound.get(instance)
        if bound is None:
            method = functools.partial(_call_method, self.python_function, _weak(instance))
            functools.update_wrapper(method, self.python_function)
            bound = Function(method, self.input_signature, symbolic_batch=self._symbolic_batch)
            self._bound[instance] = bound
        return bound

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if STATE.trace is not None or config.eager_functions:
            return self.python_function(*args, **kwargs)
        leaves = nest.flatten((args, kwargs))
        if any(isinstance(leaf, Value) and leaf.array is None for leaf in leaves):
            return self.python_function(*args, **kwargs)
        places, tensors = _tensor_leaves(leaves)
        return self._program((args, kwargs), leaves, places, tensors).run(tensors)

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
        return len(self._programs)

    def experimental_get_tracing_count(self) -> int:
        """How often the Python code was traced."""
        return self.trace_count

    def show(self) -> str:
        """The graphs traced so far, as text."""
        return "\n\n".join(show(program.graph) for program in self._programs.values())

    def _program(
        self, structure: Any, leaves: list[Any], places: list[int], tensors: list[Any]
    ) -> Program:
        specs = [tensor.spec for tensor in tensors]
        if self.input_signature is not None:
            specs = self._signature_specs(tensors)
        elif self._symbolic_batch and not self._fixed_only:
            specs = with_batch(specs)
        key = _key(leaves, places, specs)
        if key not in self._programs:
            try:
                self._programs[key] = self._trace(structure, leaves, places, specs)
            except SymbolicShapeError:
                if not any(B in spec.shape for spec in specs):
                    raise
                self._fixed_only = True  # this code needs to know its sizes: one trace for each
                specs = [tensor.spec for tensor in tensors]
                key = _key(leaves, places, specs)
                if key not in self._programs:
                    self._programs[key] = self._trace(structure, leaves, places, specs)
        return self._programs[key]

    def _signature_specs(self, tensors: list[Any]) -> list[Spec]:
        wanted = nest.flatten(list(self.input_signature))
        if len(wanted) != len(tensors):
            raise InvalidArgumentError(
                f"{self.name} has an input_signature of {len(wanted)} tensors; got {len(tensors)}"
            )
        specs = []
        for spec, tensor in zip(wanted, tensors, strict=True):
            if not spec.is_compatible_with(tensor):
                raise InvalidArgumentError(f"{self.name} expects {spec!r}; got {tensor.spec!r}")
            symbolic = None if self._fixed_only else spec.symbolic()
            specs.append(symbolic if symbolic is not None else tensor.spec)
        return specs

    def _trace(
        self, structure: Any, leaves: list[Any], places: list[int], specs: list[Spec]
    ) -> Program:
        def function(*symbols: Any) -> Any:
            filled = list(leaves)
            for place, symbol in zip(places, symbols, strict=True):
                filled[place] = symbol
            args, kwargs = nest.pack_sequence_as(structure, filled)
            return self.python_function(*args, **kwargs)

        return Program(self.name, function, specs)


class ConcreteFunction:
    """One program of a `Function`."""

    def __init__(self, program: Program) -> None:
        self.program = program

    @property
    def graph(self) -> Any:
        return self.program.graph

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result on tensors of the program's types."""
        tensors = [to_tensor(leaf) for leaf in nest.flatten((args, kwargs))]
        return self.program.run(tensors)


def _weak(instance: Any) -> Any:
    return ref(instance)


def _call_method(method: Callable[..., Any], instance: Any, *args: Any, **kwargs: Any) -> Any:
    return method(instance(), *args, **kwargs)


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
        if isinstance(leaf, (Value, np.ndarray)):
            places.append(place)
            tensors.append(to_tensor(leaf))
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
        elif isinstance(leaf, Variable):
            parts.append(("variable", id(leaf)))
        else:
            parts.append((type(leaf), leaf if _hashable(leaf) else id(leaf)))
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

    Python code runs while tracing only. Control flow that depends on the values of tensors is
    written with tf.cond, tf.while_loop or tf.where: `autograph=True`, which rewrites Python code,
    has no effect here. Programs are always compiled by the backend in force, so `jit_compile`
    changes nothing.

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
    return Function(func, input_signature, reduce_retracing)
