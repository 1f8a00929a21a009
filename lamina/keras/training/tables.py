"""From the columns of a table to what a model takes: found by name, checked before any work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ...core import nest
from ...core.callers import warn
from ...core.config import config
from ...core.dtypes import STRING, Array
from ...core.errors import (
    ArgumentTypeError,
    FailedPreconditionError,
    InvalidArgumentError,
    describe,
)
from ...core.strings import encode, is_missing
from ...data import frames, tables
from ...data.frames import Column, Frame
from ...data.tables import Stored, Table
from ...ir.value import Value
from ..columns import Columns
from ..settings import floatx
from .table_checks import (
    EVALUATE,
    FIT,
    PREDICT,
    TEXTS,
    check_finite,
    check_numeric,
    check_target,
    listed,
    missing_values,
    whole_numbers,
)
from .table_feed import TableStream

WEIGHT = "sample_weight"


class Taken(NamedTuple):
    """Inputs, targets and weights, and the names of their columns where they come from a table."""

    x: Any
    y: Any
    sample_weight: Any
    columns: Columns | None


def take(
    model: Any,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    purpose: str,
    known: Columns | None = None,
) -> Taken:
    """Arrays for what is a table or names columns of one; all else as it is.

    `known`: the columns that the model was trained on, by default those that it remembers.
    """
    table = tables.table_of(x)
    if table is None:
        for what, value in (("y", y), (WEIGHT, sample_weight)):
            if isinstance(value, str):
                raise InvalidArgumentError(
                    f"{what}={value!r} names a column, and x has no named columns: it is "
                    f"{describe(x)}. Pass a data frame, or {what} as an array"
                )
        y, sample_weight = _beside(y, "y", purpose), _beside(sample_weight, WEIGHT, purpose)
        return Taken(x, y, sample_weight, None)
    selection = _choose(model, table, y, sample_weight, purpose, known or model._columns)
    if isinstance(table, Stored) and table.size(selection.all_names or ()) > config.table_memory:
        return Taken(_streamed(table, selection, y, sample_weight), None, None, selection.columns)
    frame = tables.read(table, selection.all_names)
    for what, beside in (("y", y), (WEIGHT, sample_weight)):
        _warn_of_order(x, beside, what)
    _warn_of_target(frame, selection, y)
    return Taken(*selection.take(frame, y, sample_weight), selection.columns)


def inputs_of(model: Any, x: Any, known: Columns | None) -> Any:
    """What a model is called on: of a frame, the columns that it takes; all else as it is."""
    return take(model, x, purpose=PREDICT, known=known).x if frames.may_be_table(x) else x


def _streamed(table: Stored, selection: _Selection, y: Any, sample_weight: Any) -> TableStream:
    """A table that is read piece by piece, of which the types of columns are checked now."""
    for what, value, name in (
        ("y", y, selection.targets),
        (WEIGHT, sample_weight, selection.weight),
    ):
        if value is not None and name is None:
            raise InvalidArgumentError(
                f"{table.where} is too large to be read whole (config.table_memory), so {what} is "
                f"the name of one of its columns; got {describe(value)}"
            )

    def convert(frame: Frame) -> tuple[Any, Any, Any]:
        return selection.take(frame, None, None)

    names = selection.all_names or ()
    convert(table.empty(names))
    missing = {} if selection.purpose == PREDICT else table.missing(names)
    if missing:
        rows = table.rows() or 0
        raise missing_values(table.where, [(name, count, rows) for name, count in missing.items()])
    return TableStream(table, names, convert)


def take_validation(model: Any, data: Any, y: Any, columns: Columns | None) -> Any:
    """`validation_data` of `fit` as arrays: a table alone has the targets of `y`."""
    if data is None:
        return None
    if tables.table_of(data) is not None:
        data = data, y if _names_columns(y) else None
    if not isinstance(data, (tuple, list)) or not 2 <= len(data) <= 3:
        return data
    try:
        taken = take(model, *data, purpose=EVALUATE, known=columns)
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"validation_data: {error}") from None
    return taken[: len(data)]


def _names_columns(y: Any) -> bool:
    return bool(nest.flatten(y)) and all(isinstance(leaf, str) for leaf in nest.flatten(y))


class _Selection(NamedTuple):
    """Which columns are read, and what becomes of them."""

    inputs: tuple[str, ...] | None  # None: all, by their places
    symbols: dict[str, Any] | None  # of a model with an input for each column
    dtype: Any  # of the one input; None where nothing is known of it
    targets: Any  # a name, or a list or dict of names; None where y is no name
    weight: str | None
    where: str
    purpose: str

    @property
    def target_names(self) -> tuple[str, ...]:
        return tuple(nest.flatten(self.targets)) if self.targets is not None else ()

    @property
    def all_names(self) -> tuple[str, ...] | None:
        """All columns that are read; None for all that there are."""
        if self.inputs is None:
            return None
        weight = () if self.weight is None else (self.weight,)
        return tuple(dict.fromkeys((*self.inputs, *self.target_names, *weight)))

    @property
    def columns(self) -> Columns | None:
        """What a model that is trained on them remembers."""
        if self.inputs is None:
            return None
        return Columns(self.inputs, self.target_names, self.weight or "")

    def take(self, frame: Frame, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
        """x, y and sample_weight as arrays."""
        x = self._inputs(frame)
        if self.targets is not None:
            y = _map_names(self.targets, lambda name: self._beside(frame, name, "target"))
        else:
            y = _beside(y, "y", self.purpose)
        if self.weight is not None:
            sample_weight = self._beside(frame, self.weight, WEIGHT)
        else:
            sample_weight = _beside(sample_weight, WEIGHT, self.purpose)
        return x, y, sample_weight

    def _inputs(self, frame: Frame) -> Any:
        if self.symbols is not None:
            columns = [frame.column(name) for name in self.symbols]
            pairs = zip(columns, self.symbols.values(), strict=True)
            return {column.label: self._input(column, symbol) for column, symbol in pairs}
        places = range(len(frame.labels)) if self.inputs is None else self.inputs
        whole = frame.whole(self.inputs)
        if whole is not None and not (_is_whole(self.dtype) and whole.dtype.kind == "f"):
            check_finite(whole, self.inputs or frame.labels, self.where, self.purpose)
            return whole
        columns = [frame.column(place) for place in places]
        if not columns:
            raise InvalidArgumentError(f"{self.where} has no columns to learn from")
        if self.dtype in (None, STRING) and all(column.kind in TEXTS for column in columns):
            return np.stack([self._texts(column) for column in columns], axis=1)
        check_numeric(columns, self.where)
        return self._matrix(columns, self.dtype)

    def _matrix(self, columns: list[Column], wanted: Any) -> Array:
        values = [column.values for column in columns]
        dtype = np.result_type(*values)
        if dtype.kind == "f" and _is_whole(wanted):
            return whole_numbers(columns, wanted, self.where)
        dtype = np.dtype(floatx()) if dtype.kind == "f" else dtype
        with np.errstate(over="ignore"):  # what is infinite is told by name
            found = frames.matrix(values, dtype)
        check_finite(found, [column.label for column in columns], self.where, self.purpose)
        return found

    def _input(self, column: Column, symbol: Any) -> Array:
        """The data of one input."""
        if symbol.dtype == "string":
            found = self._texts(column)
        else:
            check_numeric([column], self.where)
            found = self._matrix([column], symbol.spec.dtype)[:, 0]
        return found[:, None] if len(symbol.shape) == 2 else found

    def _texts(self, column: Column) -> Array:
        """Texts as bytes; a missing one is "" in predictions."""
        missing = column.missing()
        texts = column.values
        if column.kind not in TEXTS and missing < len(texts):
            raise ArgumentTypeError(
                f"the column {column.label!r} of {self.where} holds {column.kind} "
                f"({column.dtype}) where the model takes text"
            )
        if missing and self.purpose != PREDICT:
            raise missing_values(self.where, [(column.label, missing, len(texts))])
        if missing:
            texts = np.where(list(map(is_missing, texts.tolist())), "", texts)
        return encode(texts.astype(object, copy=False))

    def _beside(self, frame: Frame, name: str, what: str) -> Array:
        """A target or the weights."""
        column = frame.column(name)
        check_target(column, f"the {what} {name!r}")
        check_finite(column.values[:, None], [name], self.where, self.purpose)
        return column.values


def _is_whole(dtype: Any) -> bool:
    return dtype is not None and dtype.kind in "iu"


def _map_names(names: Any, function: Any) -> Any:
    """Columns in place of names; a list of them is a matrix."""
    if isinstance(names, str):
        return function(names)
    if isinstance(names, Mapping):
        return {key: _map_names(value, function) for key, value in names.items()}
    return frames.matrix(columns := [function(name) for name in names], np.result_type(*columns))


def _beside(y: Any, what: str, purpose: str) -> Any:
    """Targets that are a series or a frame of their own, checked; all else as it is."""
    if y is None or isinstance(y, (np.ndarray, Value, list, tuple, Mapping)):
        return y
    series = frames.series_of(y)
    if series is None:
        frame = frames.frame_of(y)
        if frame is None or not frame.labels:
            return y
        columns = [frame.column(place) for place in range(len(frame.labels))]
    else:
        columns = [series]
    for column in columns:
        check_target(column, f"{what}, a column," if not column.label else f"{what}")
        check_finite(column.values[:, None], [column.label or what], what, purpose)
    if series is not None:
        return series.values
    values = [column.values for column in columns]
    return frames.matrix(values, np.result_type(*values))


def _warn_of_order(x: Any, y: Any, what: str) -> None:
    """Rows are matched by position; two indexes with the same labels in another order are odd."""
    first, second = getattr(x, "index", None), getattr(y, "index", None)
    if not hasattr(x, "iloc") or not hasattr(y, "iloc") or len(first) != len(second):  # type: ignore[arg-type]
        return
    if not first.equals(second) and first.sort_values().equals(second.sort_values()):  # type: ignore[union-attr]
        warn(
            f"x and {what} have the same index in different orders, and rows are matched by "
            f"position. If they belong together by index, pass {what}.loc[x.index]"
        )


def _warn_of_target(frame: Frame, selection: _Selection, y: Any) -> None:
    """A target among the inputs is learned by copying it."""
    series = frames.series_of(y)
    if series is None or not series.label or series.label not in (selection.inputs or ()):
        return
    if np.array_equal(frame.column(series.label).values, series.values):
        warn(
            f"x holds the target: its column {series.label!r} is y. Pass y={series.label!r}, which "
            "takes it out of x"
        )


# Which columns -----------------------------------------------------------------------------------


def _choose(
    model: Any, table: Table, y: Any, sample_weight: Any, purpose: str, known: Columns | None
) -> _Selection:
    """The columns of a table that a model takes; errors name what is missing and what is near."""
    names, where = table.names, table.where
    symbols = _input_symbols(model)
    by_name = _names_columns(y)
    remembered = known.targets if known is not None and purpose == EVALUATE else ()
    if y is None and remembered and set(remembered) <= set(names or ()):
        y = remembered[0] if len(remembered) == 1 else list(remembered)
        by_name = True
    targets = y if by_name else None
    weight = sample_weight if isinstance(sample_weight, str) else None
    if names is None:
        assert isinstance(table, Frame)  # the others have names
        wanted = targets if targets is not None else weight
        if wanted is not None or symbols is not None or not (known is None or table.numbered):
            raise _unnamed(table, wanted)
        return _Selection(None, None, _input_dtype(model), None, None, where, purpose)
    beside = [*(nest.flatten(targets) if by_name else ()), *([weight] if weight else [])]
    unknown = frames.unknown_columns(names, beside, where)
    if unknown:
        raise InvalidArgumentError(unknown)
    named = [name for name in names if not frames.is_index(name)]
    if symbols is not None:
        inputs = tuple(symbols)
    elif known is not None:
        inputs = known.inputs
    else:
        inputs = tuple(name for name in named if name not in beside)
    absent = frames.unknown_columns(names, inputs, where)
    if absent:
        what = "takes columns by the names of its inputs" if symbols else "was trained on others"
        raise InvalidArgumentError(
            f"{absent}. The model {what}: {listed(inputs)}. Rename them, or pass an array "
            "(frame.to_numpy()), whose columns are taken by their places"
        )
    if symbols is None and purpose == FIT and known is not None:
        extra = [name for name in named if name not in (*inputs, *beside, *known.beside)]
        if extra:
            raise InvalidArgumentError(
                f"{where} has columns that the model was not trained on: {listed(extra)}. Leave "
                "them out, or make a new model for them"
            )
    return _Selection(inputs, symbols, _input_dtype(model), targets, weight, where, purpose)


def _unnamed(table: Any, wanted: Any) -> InvalidArgumentError:
    """Why columns are not found by name."""
    counts = Counter(table.labels)
    repeated = [label for label, count in counts.items() if count > 1]
    if repeated:
        reason = f"more than one of its columns is called {listed(repeated)}"
    else:
        reason = f"its columns are not all named by texts: {listed(table.labels)}"
    what = "the model takes them by name" if wanted is None else f"{wanted!r} is looked for"
    return InvalidArgumentError(
        f"{table.where} cannot be taken by name: {reason}, and {what}. Rename them, or pass an "
        "array (frame.to_numpy()), whose columns are taken by their places"
    )


def _input_symbols(model: Any) -> dict[str, Any] | None:
    """The inputs by name of a model that has several, or takes a dict; None for one matrix."""
    structure = getattr(model, "inputs_structure", None)
    if not nest.is_nested(structure) or not nest.flatten(structure):
        return None
    if isinstance(structure, dict):
        named = dict(structure)
    elif len(nest.flatten(structure)) == 1:
        return None
    else:
        named = dict(zip(model.input_names, model.inputs, strict=True))
    for name, symbol in named.items():
        shape = getattr(symbol, "shape", None)
        if shape is None or tuple(shape[1:]) not in ((), (1,)):
            raise InvalidArgumentError(
                f"the input {name!r} of the model {model.name!r} takes shape "
                f"{shape}, which one column of a table does not give; "
                "pass a dict of arrays, one for each input"
            )
    return named


def _input_dtype(model: Any) -> Any:
    """The dtype of the one input; None where nothing is known of it yet, or there are several."""
    try:
        symbols = nest.flatten(model.inputs)
    except (AttributeError, FailedPreconditionError):
        return None
    return symbols[0].spec.dtype if len(symbols) == 1 else None
