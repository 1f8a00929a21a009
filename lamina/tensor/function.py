"""`tf.function`: Python code traced once for each kind of arguments, then run as a program."""

from __future__ import annotations

import functools
import inspect
import operator
import re
from collections.abc import Callable, Hashable, Sequence
from threading import RLock
from types import MethodType
from typing import Any
from weakref import ref

from ..core import nest
from ..core.callers import raising_line
from ..core.config import config
from ..core.errors import (
    ArgumentTypeError,
    FailedPreconditionError,
    InvalidArgumentError,
    OperatorNotAllowedInGraphError,
    OpError,
    SignatureError,
    SymbolicShapeError,
    UnknownValueError,
)
from ..core.shapes import B
from ..ir.bind import STATE
from ..ir.show import show
from ..ir.value import Spec, Value
from . import retracing
from .autograph.conversion import converted
from .concrete import ConcreteFunction
from .program import Program
from .signatures import (
    as_result,
    key_of,
    signature_specs,
    signed,
    tensor_leaves,
    with_batch,
)
from .spec import TensorSpec
from .tensor import Tensor

# What a function that runs eagerly can do, and one that is traced cannot.
_HOPELESS = (
    OperatorNotAllowedInGraphError,
    SymbolicShapeError,
    UnknownValueError,
    FailedPreconditionError,
    RecursionError,
)


_LINE = re.compile(r":\d+: ")


class Eagerly:
    """In place of a program: the function runs its Python code, and this was said on the log."""

    def __init__(self, name: str, reason: Exception) -> None:
        import logging

        line = None if _LINE.search(str(reason)) else raising_line(reason)
        self.reason = f"{line}: {reason}" if line else str(reason)
        logging.getLogger("lamina").warning(
            "%s runs eagerly, as Python code, for arguments of these types: %s", name, self.reason
        )


class _Traces:
    """The programs of a function, by the kinds of arguments."""

    def __init__(self) -> None:
        self.programs: dict[Hashable, Program | Eagerly] = {}
        self.quick: dict[Hashable, Program] = {}  # by the types of arguments that are tensors
        self.concrete: list[ConcreteFunction] = []
        self.fixed_only = False  # the batch cannot be symbolic in this function
        self.made_variables = False  # its first trace is done
        self.lock = RLock()  # one thread makes the first trace

    def __deepcopy__(self, memo: dict[int, Any]) -> _Traces:
        return _Traces()  # programs belong to the variables that they were traced with


class Function:
    """A callable that traces `python_function` and runs the graph.

    A trace serves all arguments of the same types: tensors and arrays count by shape and dtype,
    variables by identity, other Python values by value. With `symbolic_batch` (or a None at the
    front of `input_signature`) one trace serves every size of the first axis. Numbers that the
    Python code returns come back as tensors. With `singleton`, only the first trace may make
    variables, and many traces are told of on the log.
    """

    def __init__(
        self,
        python_function: Callable[..., Any],
        input_signature: Any = None,
        reduce_retracing: bool = False,
        symbolic_batch: bool = False,
        eager: bool = False,
        autograph: bool = True,
        singleton: bool = False,
    ) -> None:
        functools.update_wrapper(self, python_function)
        self.python_function = python_function
        self.input_signature = input_signature
        self.name = getattr(python_function, "__name__", type(python_function).__name__)
        self._symbolic_batch = symbolic_batch or reduce_retracing
        self._eager = eager  # small, and called between eager operations
        self._autograph = autograph
        self._calls = retracing.calls_of(python_function) if singleton else None
        self._traces = _Traces()
        self._traces_of: dict[int, tuple[Any, _Traces]] = {}  # by the id of an instance

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """The method of `instance`, with programs of its own as long as it lives."""
        if instance is None:
            return self
        key = id(instance)  # equal instances may differ in what a trace depends on
        if key not in self._traces_of:
            try:
                keeper: Any = ref(instance, lambda _: self._traces_of.pop(key, None))
            except TypeError:  # a class with __slots__
                keeper = instance
            self._traces_of[key] = keeper, _Traces()
        bound = Function.__new__(Function)
        bound.__dict__.update(self.__dict__)
        bound.python_function = MethodType(self.python_function, instance)
        bound.__dict__["__wrapped__"] = bound.python_function
        bound._traces = self._traces_of[key][1]
        bound._traces_of = {}
        return bound

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if STATE.trace is not None:
            return self._code()(*args, **kwargs)
        if config.eager_functions:
            return self.python_function(*args, **kwargs)
        types = None if kwargs else _types(args)
        if types is not None:
            known = self._traces.quick.get(types)
            if known is not None:
                if self._calls is not None:
                    retracing.count_call(self._calls)
                return known.run(args)
        return self._call(args, kwargs, types)

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any], types: Hashable) -> Any:
        """A call that is not known by the types of its tensors alone."""
        given = args, kwargs
        leaves = nest.flatten((args, kwargs))
        if any(isinstance(leaf, Value) and leaf.array is None for leaf in leaves):
            return self.python_function(*args, **kwargs)
        args, kwargs = self._ordered(args, kwargs)
        leaves = nest.flatten((args, kwargs))
        places, tensors = tensor_leaves(leaves)
        program = self._program((args, kwargs), leaves, places, tensors)
        if isinstance(program, Eagerly):
            return self._run_eagerly(*given)
        if types is not None and len(tensors) == len(given[0]):
            self._traces.quick[types] = program
        return program.run(tensors)

    def _run_eagerly(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a program would return, where there is none."""
        return nest.map_structure(as_result, self.python_function(*args, **kwargs))

    def _ordered(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments by position where they can be; tensors where a signature asks for them."""
        if self.input_signature is not None:
            return self._signed_arguments(args, kwargs), {}
        if kwargs:
            try:
                bound = inspect.signature(self.python_function).bind(*args, **kwargs)
            except ValueError:  # written in C
                return args, kwargs
            return bound.args, bound.kwargs
        return args, kwargs

    def _code(self) -> Callable[..., Any]:
        """The Python code that is traced."""
        if not self._autograph:
            return self.python_function
        code: Callable[..., Any] = converted(self.python_function, always=True)
        return code

    def program_for(self, *args: Any, **kwargs: Any) -> Program:
        """The program that a call with these arguments runs."""
        args, kwargs = self._ordered(args, kwargs)
        leaves = nest.flatten((args, kwargs))
        places, tensors = tensor_leaves(leaves)
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
        """The program for arguments of these types; a TensorSpec stands for a tensor.

        Where a TensorSpec leaves sizes open besides the first, each size is traced when it comes.
        """
        if self.input_signature is not None and not args and not kwargs:
            args = tuple(self.input_signature)
        elif kwargs:
            bound = inspect.signature(self.python_function).bind(*args, **kwargs)
            args, kwargs = bound.args, bound.kwargs
        structure = args, kwargs
        leaves = nest.flatten(structure)
        places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, (TensorSpec, Value))]
        specs = [_symbolic(leaves[place]) for place in places]
        program = None
        if all(spec is not None for spec in specs):
            known = [spec for spec in specs if spec is not None]
            key = key_of(structure, leaves, places, known)
            found = self._traces.programs.get(key) or self._trace(structure, leaves, places, known)
            if isinstance(found, Eagerly):
                raise OperatorNotAllowedInGraphError(f"{self.name} runs eagerly: {found.reason}")
            program = self._traces.programs[key] = found

        def run(tensors: Sequence[Any]) -> Any:
            if program is not None and _fits(program, tensors):
                return program.run(tensors)
            types = [tensor.spec for tensor in tensors]
            given = self._found(structure, leaves, places, types)
            if isinstance(given, Eagerly):
                return self._run_eagerly(*_filled(structure, leaves, places, tensors))
            return given.run(tensors)

        concrete = ConcreteFunction(self.name, self.python_function, structure, run, program)
        self._traces.concrete.append(concrete)
        return concrete

    @property
    def trace_count(self) -> int:
        """How often the Python code was traced."""
        return len(self._traces.programs)

    def experimental_get_tracing_count(self) -> int:
        """How often the Python code was traced."""
        return self.trace_count

    def pretty_printed_concrete_signatures(self, verbose: bool = True) -> str:
        """The signatures of the programs so far, as text."""
        known = [concrete.program for concrete in self._traces.concrete if concrete._program]
        found = list(self._traces.concrete)
        for key, program in self._traces.programs.items():
            if isinstance(program, Program) and program not in known:
                found.append(self._described(key, program))
        return "\n\n".join(each.pretty_printed_signature(verbose) for each in found)

    def _described(self, key: Hashable, program: Program) -> ConcreteFunction:
        """A program that a call made, as a function of its own."""
        return ConcreteFunction(
            self.name, self.python_function, program.arguments, program.run, program
        )

    def show(self) -> str:
        """The graphs traced so far, as text."""
        programs = self._traces.programs.values()
        return "\n\n".join(show(each.graph) for each in programs if isinstance(each, Program))

    def __repr__(self) -> str:
        return f"<tf.function {self.name}, traced {self.trace_count} times>"

    # Programs -------------------------------------------------------------------------------------

    def _program(
        self, structure: Any, leaves: list[Any], places: list[int], tensors: list[Any]
    ) -> Program | Eagerly:
        traces = self._traces
        fixed = [tensor.spec for tensor in tensors]
        specs = fixed
        if self.input_signature is not None:
            wanted = [s for s in nest.flatten(self.input_signature) if isinstance(s, TensorSpec)]
            specs = signature_specs(wanted, tensors, self.name)
        elif self._symbolic_batch:
            specs = with_batch(fixed)
        if traces.fixed_only:
            specs = fixed
        try:
            return self._found(structure, leaves, places, specs)
        except OpError as error:
            if not any(B in spec.shape for spec in specs):
                raise
            try:
                found = self._found(structure, leaves, places, fixed)
            except OpError:
                if isinstance(error, SymbolicShapeError):
                    raise
                raise error from None  # the sizes do not matter
            traces.fixed_only = True  # this code needs to know its sizes: one trace for each
            return found

    def _found(
        self, structure: Any, leaves: list[Any], places: list[int], specs: list[Spec]
    ) -> Program | Eagerly:
        """The program for arguments of these types: traced now, or before."""
        programs = self._traces.programs
        key = key_of(structure, leaves, places, specs)
        if key in programs:
            if self._calls is not None:
                retracing.count_call(self._calls)
            return programs[key]
        if self._calls is None or self._traces.made_variables:
            return self._added(key, structure, leaves, places, specs)
        with self._traces.lock:
            known = programs.get(key)
            return known or self._added(key, structure, leaves, places, specs)

    def _added(
        self,
        key: Hashable,
        structure: Any,
        leaves: list[Any],
        places: list[int],
        specs: list[Spec],
    ) -> Program | Eagerly:
        """A program that was not known."""
        try:
            program: Program | Eagerly = self._trace(structure, leaves, places, specs)
        except _HOPELESS as error:
            if not self._autograph or any(B in spec.shape for spec in specs):
                raise
            program = Eagerly(self.name, error)
        if self._calls is not None:
            retracing.count_trace(self._calls, self.name)
        self._traces.programs[key] = program
        return program

    def _trace(
        self, structure: Any, leaves: list[Any], places: list[int], specs: list[Spec]
    ) -> Program:
        code = self._code()

        def function(*symbols: Any) -> Any:
            given = _filled(structure, leaves, places, symbols)
            before = nest.flatten(given)
            result = nest.map_structure(as_result, code(*given[0], **given[1]))
            after = nest.flatten(given)
            if len(before) != len(after) or any(map(operator.is_not, before, after)):
                raise InvalidArgumentError(
                    f"{self.name} changes a list or dict that it was given, which its caller would "
                    "not see. Change a copy, and return it."
                )
            return result

        def trace() -> tuple[Program, int]:
            before, STATE.made = STATE.made, 0
            try:
                return Program(self.name, function, specs, eager=self._eager), STATE.made
            finally:
                STATE.made = before

        program, made = trace()
        if self._calls is not None and made and not self._traces.made_variables:
            program, made = trace()  # the variables are there now: no more may be made
        if self._calls is not None and made:
            raise InvalidArgumentError(
                "tf.function only supports singleton tf.Variables created on the first call: "
                f"{self.name} makes variables each time that it is traced. Make them once (if "
                "self.v is None: self.v = tf.Variable(…)), outside of it, or take a tf.function "
                "of its own for each model and optimizer."
            )
        self._traces.made_variables = True
        program.arguments = _filled(
            structure, leaves, places, [TensorSpec(_shape(s), s.dtype) for s in specs]
        )
        return program

    def _signed_arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments as the tensors that the signature asks for, in its order."""
        wanted = tuple(self.input_signature)
        if kwargs:
            args = inspect.signature(self.python_function).bind(*args, **kwargs).args
        if len(args) != len(wanted):
            raise SignatureError(
                f"{self.name} has an input_signature of {len(nest.flatten(list(wanted)))} "
                f"tensors; got {len(nest.flatten(args))}"
            )
        return tuple([signed(*pair, self.name) for pair in zip(wanted, args, strict=True)])


def _types(args: tuple[Any, ...]) -> Hashable:
    """The shapes and dtypes of arguments that are all tensors with numbers; None for others."""
    types: list[Any] = []
    for argument in args:
        if type(argument) is not Tensor:
            return None
        array = argument.array
        if array is None:
            return None
        types += array.shape, array.dtype
    return tuple(types)


def _filled(structure: Any, leaves: list[Any], places: list[int], values: Sequence[Any]) -> Any:
    """The arguments with `values` at some places."""
    filled = list(leaves)
    for place, value in zip(places, values, strict=True):
        filled[place] = value
    return nest.pack_sequence_as(structure, filled)


def _shape(spec: Spec) -> list[int | None]:
    return [None if size is B else size for size in spec.shape]  # type: ignore[misc]


def _symbolic(leaf: Any) -> Spec | None:
    """The type to trace for; None where sizes are open that a graph cannot leave open."""
    if isinstance(leaf, TensorSpec):
        return leaf.symbolic()
    spec: Spec = leaf.spec
    return spec


def _fits(program: Program, tensors: Sequence[Any]) -> bool:
    """Whether the program takes these tensors: they have one number of rows."""
    specs = program.graph.input_specs[: len(tensors)]
    rows = {
        t.spec.shape[s.shape.index(B)] for s, t in zip(specs, tensors, strict=True) if B in s.shape
    }
    return len(rows) <= 1


def function(
    func: Callable[..., Any] | None = None,
    input_signature: Any = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
    experimental_implements: Any = None,
    experimental_autograph_options: Any = None,
    experimental_attributes: Any = None,
    experimental_relax_shapes: bool | None = None,
    experimental_compile: bool | None = None,
    experimental_follow_type_hints: bool | None = None,
) -> Any:
    """A decorator that traces a Python function into a program.

    Python code runs while tracing only. With `autograph=True`, its branches and loops on tensors
    become part of the graph; where that cannot be, the function runs eagerly and says so once.
    With `reduce_retracing` (formerly `experimental_relax_shapes`) one trace serves every number of
    rows. Programs are always compiled by the backend in force, so `jit_compile` (formerly
    `experimental_compile`) changes nothing; the other options are labels for TensorFlow's tools.

    Example:
        @tf.function
        def square(x):
            return x * x
    """
    if func is None:
        return functools.partial(
            function,
            input_signature=input_signature,
            autograph=autograph,
            jit_compile=jit_compile,
            reduce_retracing=reduce_retracing,
            experimental_relax_shapes=experimental_relax_shapes,
        )
    if not callable(func):
        raise ArgumentTypeError(f"tf.function expects a function; got {type(func).__name__}")
    if isinstance(func, Function):
        return func
    if input_signature is not None:
        input_signature = _checked_signature(input_signature)
    relaxed = bool(reduce_retracing or experimental_relax_shapes)
    return Function(func, input_signature, relaxed, autograph=autograph, singleton=True)


def _checked_signature(signature: Any) -> tuple[Any, ...]:
    if not isinstance(signature, (list, tuple)):
        raise ArgumentTypeError(
            "input_signature is a list or tuple with a tf.TensorSpec for each argument; got "
            f"{type(signature).__name__}"
        )
    odd = [leaf for leaf in nest.flatten(signature) if not isinstance(leaf, TensorSpec)]
    if odd:
        raise ArgumentTypeError(
            f"input_signature holds tf.TensorSpec only; got {type(odd[0]).__name__} {odd[0]!r}"
        )
    return tuple(signature)
