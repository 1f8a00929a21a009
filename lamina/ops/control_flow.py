"""Branches and loops that depend on tensors: plain Python where values are known, else programs
inside the program that is traced.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..core import nest
from ..core.callers import user_line
from ..core.dtypes import INT32, as_dtype
from ..core.errors import InvalidArgumentError, SymbolicShapeError, UnimplementedError
from ..ir.bind import STATE
from ..ir.value import Spec
from ..prims import control
from ..prims import elementwise as prim
from ..prims.broadcast import fill
from ..tensor.branches import Part, bind_cond, bind_loop, truth
from ..tensor.convert import promote_dtypes, to_tensor
from .common import integer
from .layout import stack, unstack
from .vectorize import map_rows


def _as_tensors(result: Any) -> Any:
    """A result with its leaves as tensors; None stays."""
    return nest.map_structure(lambda leaf: leaf if leaf is None else to_tensor(leaf), result)


# Branches ----------------------------------------------------------------------------------------


def cond(
    pred: Any,
    true_fn: Callable[[], Any] | None = None,
    false_fn: Callable[[], Any] | None = None,
    name: str | None = None,
) -> Any:
    """`true_fn()` where the scalar `pred` holds, else `false_fn()`.

    Both return the same structure of tensors of the same shapes. Variables that one of them
    assigns are assigned only if it runs.
    """
    if not (callable(true_fn) and callable(false_fn)):
        raise InvalidArgumentError("cond expects two functions without arguments")
    pred = truth(pred)
    if pred.array is not None:
        return true_fn() if pred.array else false_fn()
    parts = Part("then"), Part("otherwise")
    first, second = (
        part.run(lambda function=function: _as_tensors(function()))
        for part, function in zip(parts, (true_fn, false_fn), strict=True)
    )
    nest.assert_same_structure(first, second)
    pairs = list(zip(nest.flatten(first), nest.flatten(second), strict=True))
    dtypes = [_common_dtype(*pair) for pair in pairs]
    outputs = [
        part.run(
            lambda leaves=leaves: [
                prim.cast(leaf, dtype)
                for leaf, dtype in zip(leaves, dtypes, strict=True)
                if dtype is not None
            ]
        )
        for part, leaves in zip(parts, zip(*pairs, strict=True) if pairs else ((), ()), strict=True)
    ]
    found = iter(bind_cond(pred, parts, outputs))
    leaves = [None if dtype is None else next(found) for dtype in dtypes]
    return nest.pack_sequence_as(first, leaves) if nest.is_nested(first) else leaves[0]


def _common_dtype(first: Any, second: Any) -> Any:
    """The dtype in which both branches can return a leaf; None where both return None."""
    if first is None or second is None:
        if first is not second:
            raise InvalidArgumentError("one branch of cond returns None, the other a tensor")
        return None
    if first.spec.shape != second.spec.shape:
        raise InvalidArgumentError(
            f"both branches of cond must return the same shapes; got {first.spec.shape} and "
            f"{second.spec.shape}"
        )
    return promote_dtypes(first.spec.dtype, second.spec.dtype)


def case(
    pred_fn_pairs: Any,
    default: Callable[[], Any] | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str | None = None,
) -> Any:
    """The result of the first function whose condition holds, else of `default`.

    With `exclusive`, more than one condition that holds is an error; so is none without a default.
    """
    if strict:
        raise UnimplementedError("case: strict=True is not implemented; results are never unpacked")
    pairs = list(pred_fn_pairs.items() if isinstance(pred_fn_pairs, dict) else pred_fn_pairs)
    if not pairs:
        raise InvalidArgumentError("case expects at least one pair of condition and function")
    conditions = [truth(getattr(pred, "deref", lambda p=pred: p)()) for pred, _ in pairs]
    if exclusive:
        hits = [prim.cast(condition, INT32) for condition in conditions]
        total = hits[0]
        for hit in hits[1:]:
            total = prim.add(total, hit)
        one = fill((), 1, INT32)
        single = prim.less_equal(total, one)
        control.check(single, [single], "case: more than one condition holds")
    if default is None:
        default = _checked(conditions[-1], pairs.pop()[1], "case: no condition holds")
    return _chain(conditions, [function for _, function in pairs], default)


def _checked(condition: Any, function: Callable[[], Any], message: str) -> Callable[[], Any]:
    def run() -> Any:
        control.check(condition, [condition], message)
        return function()

    return run


def _chain(
    conditions: Sequence[Any], functions: Sequence[Callable[[], Any]], default: Callable[[], Any]
) -> Any:
    if not functions:
        return default()
    return cond(conditions[0], functions[0], lambda: _chain(conditions[1:], functions[1:], default))


def switch_case(
    branch_index: Any,
    branch_fns: Any,
    default: Callable[[], Any] | None = None,
    name: str | None = None,
) -> Any:
    """The result of the function with the number `branch_index`, else of `default` (the last)."""
    items = branch_fns.items() if isinstance(branch_fns, dict) else list(branch_fns)
    pairs = [
        pair if isinstance(pair, (list, tuple)) else (number, pair)
        for number, pair in enumerate(items)
    ]
    if not pairs:
        raise InvalidArgumentError("switch_case expects at least one function")
    pairs.sort(key=lambda pair: int(pair[0]))
    index = to_tensor(branch_index)
    conditions = [prim.equal(index, fill((), int(number), index.spec.dtype)) for number, _ in pairs]
    return _chain(conditions, [function for _, function in pairs], default or pairs[-1][1])


# Loops -------------------------------------------------------------------------------------------


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    maximum_iterations: Any = None,
    name: str | None = None,
) -> Any:
    """`body` again and again on `loop_vars` while `cond(*loop_vars)` holds.

    `body` returns the loop variables of the next pass. In a graph their shapes and dtypes stay;
    with `shape_invariants` a function in which shapes change runs eagerly. Passes run one after
    the other; `parallel_iterations` and `swap_memory` are advice for devices that lamina has not.
    """
    if shape_invariants is not None and len(shape_invariants) != len(loop_vars):
        raise InvalidArgumentError(
            f"shape_invariants has {len(shape_invariants)} entries for {len(loop_vars)} loop "
            "variables"
        )
    limit = (
        None if maximum_iterations is None else integer(maximum_iterations, "maximum_iterations")
    )
    state = _as_tensors(loop_vars)
    leaves = nest.flatten(state)
    if STATE.trace is not None or any(leaf.array is None for leaf in leaves):
        state = _traced_loop(cond, body, state, leaves, limit, shape_invariants is not None)
    else:
        passes = 0
        while (limit is None or passes < limit) and truth(cond(*state)).array:
            state = _next_state(body, state)
            passes += 1
    if not back_prop:
        return nest.map_structure(prim.stop_gradient, state)
    return state


def _next_state(body: Callable[..., Any], state: Any) -> Any:
    """What `body` makes of `state`, in its structure."""
    result = body(*state)
    if len(state) == 1 and not isinstance(result, (list, tuple)):
        result = [result]
    nest.assert_same_structure(state, result)
    return nest.pack_sequence_as(state, [to_tensor(leaf) for leaf in nest.flatten(result)])


def _traced_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    state: Any,
    leaves: list[Any],
    limit: Any,
    may_change: bool,
) -> Any:
    specs = [leaf.spec for leaf in leaves]

    def test(*values: Any) -> Any:
        return truth(cond(*nest.pack_sequence_as(state, values)))

    def step(*values: Any) -> Any:
        result = nest.flatten(_next_state(body, nest.pack_sequence_as(state, values)))
        return [_loop_value(new, spec, may_change) for new, spec in zip(result, specs, strict=True)]

    parts = Part("condition", specs), Part("body", specs)
    outputs = [[parts[0].run(test, *parts[0].symbols)], parts[1].run(step, *parts[1].symbols)]
    return nest.pack_sequence_as(state, bind_loop(*parts, outputs, leaves, limit))


def _loop_value(new: Any, spec: Spec, may_change: bool) -> Any:
    if may_change and new.spec.shape != spec.shape:
        raise SymbolicShapeError(
            f"{user_line()}: a loop variable of while_loop has shape {spec.shape}, then "
            f"{new.shape}, which a graph cannot say"
        )
    if new.spec.shape != spec.shape or (new.spec.dtype.kind == "f") > (spec.dtype.kind == "f"):
        raise InvalidArgumentError(
            f"the body of while_loop returns {new.spec!r} for a loop variable of type {spec!r}; "
            "give it the type that it keeps from the start"
        )
    return prim.cast(new, spec.dtype)


# Functions over the first axis -------------------------------------------------------------------


def _rows(elems: Any) -> list[Any]:
    """The structures of the rows of `elems`, whose leaves have equal first sizes."""
    columns = [unstack(leaf) for leaf in nest.flatten(elems)]
    if len({len(column) for column in columns}) != 1:
        raise InvalidArgumentError("all tensors must have the same first size")
    return [nest.pack_sequence_as(elems, row) for row in zip(*columns, strict=True)]


def _stacked(results: list[Any]) -> Any:
    if not results:
        raise InvalidArgumentError("there are no rows, so the result has no known shape")
    return nest.map_structure(lambda *leaves: stack(leaves), *results)


def map_fn(
    fn: Callable[..., Any],
    elems: Any,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:
    """`fn` of each row of `elems` (a tensor or a structure of them), stacked.

    The dtypes are those of what `fn` returns, or of `fn_output_signature` (or `dtype`), a dtype or
    spec for each leaf of it: numbers become that, and tensors of another dtype are an error. Rows
    are handled one after the other; an operation on the whole tensor is much faster.
    """
    signature = dtype if fn_output_signature is None else fn_output_signature
    result = _stacked([_in_dtypes(fn(row), signature) for row in _rows(elems)])
    return result if back_prop else nest.map_structure(prim.stop_gradient, result)


def _in_dtypes(result: Any, signature: Any) -> Any:
    """A result with its leaves as tensors of the dtypes in `signature`, if there is one."""
    if signature is None:
        return _as_tensors(result)
    leaves, wanted = nest.flatten(result), nest.flatten(signature)
    if len(leaves) != len(wanted):
        raise InvalidArgumentError(
            f"map_fn: fn returns {len(leaves)} tensors; fn_output_signature has {len(wanted)}"
        )
    dtypes = [as_dtype(getattr(one, "dtype", one)).dtype for one in wanted]
    tensors = [to_tensor(leaf, dtype) for leaf, dtype in zip(leaves, dtypes, strict=True)]
    return nest.pack_sequence_as(result, tensors)


def vectorized_map(
    fn: Callable[..., Any],
    elems: Any,
    fallback_to_while_loop: bool = True,
    warn: bool = True,
) -> Any:
    """`fn` of each row of `elems`, stacked: all rows at once where `fn` allows it.

    Of a function that does not (it writes to variables, or needs values), the rows come one after
    the other if their number is known; `fallback_to_while_loop=False` makes that an error.
    """
    return map_rows(fn, elems, strict=not fallback_to_while_loop)


def foldl(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, name: str | None = None
) -> Any:
    """fn(… fn(fn(initializer, row 0), row 1) …); without initializer, from row 0 on."""
    rows = _rows(elems)
    state = rows.pop(0) if initializer is None else _as_tensors(initializer)
    for row in rows:
        state = _as_tensors(fn(state, row))
    return state


def foldr(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, name: str | None = None
) -> Any:
    """`foldl` from the last row to the first."""
    rows = _rows(elems)[::-1]
    state = rows.pop(0) if initializer is None else _as_tensors(initializer)
    for row in rows:
        state = _as_tensors(fn(state, row))
    return state


def scan(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """All states of `foldl`, stacked; from the last row to the first if `reverse`."""
    rows = _rows(elems)[:: -1 if reverse else 1]
    states = [rows.pop(0)] if initializer is None else []
    state = states[0] if states else _as_tensors(initializer)
    for row in rows:
        state = _as_tensors(fn(state, row))
        states.append(state)
    return _stacked(states[:: -1 if reverse else 1])


# Order of execution, which is the order of the code ----------------------------------------------


def no_op(name: str | None = None) -> None:
    """Nothing."""


def group(*inputs: Any, name: str | None = None) -> None:
    """Nothing: operations run in the order in which they are written."""


def identity_n(input: Sequence[Any], name: str | None = None) -> list[Any]:
    """The tensors."""
    return [to_tensor(item) for item in input]


__all__ = [
    "case", "cond", "foldl", "foldr", "group", "identity_n", "map_fn", "no_op", "scan",
    "switch_case", "vectorized_map", "while_loop",
]  # fmt: skip
