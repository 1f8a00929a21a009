"""Whether columns of a table hold what a network can learn from; errors name them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.dtypes import Array
from ...core.errors import ArgumentTypeError, InvalidArgumentError
from ...core.strings import is_missing
from ...data import frames
from ...data.frames import Column
from ..settings import floatx

FIT, EVALUATE, PREDICT = "fit", "evaluate", "predict"  # what columns are taken for

_CURES = {
    frames.TEXT: "Encode text: lamina.tabular.train does it by itself; so do keras.layers."
    "StringLookup and keras.utils.FeatureSpace, in a model with an Input for each column",
    frames.TIME: "Make numbers of dates, e.g. the year (frame[name].dt.year) or the days since one",
    frames.COMPLEX: "Make two columns of complex numbers: the real and the imaginary parts "
    "(frame[name].to_numpy().real and .imag)",
    frames.OTHER: "Give numbers, one a row and column, or leave such columns out",
}
_CURES[frames.CATEGORY] = _CURES[frames.TEXT]
_SPELT = (
    "Text that spells numbers becomes numbers by pandas.to_numeric(frame[name], errors='coerce'); "
    "pandas.read_csv reads other spellings (decimal=',', na_values='?')"
)
TEXTS = (frames.TEXT, frames.CATEGORY)


def check_numeric(columns: list[Column], where: str) -> None:
    """Raise where columns hold no numbers."""
    odd = [column for column in columns if column.kind not in frames.NUMERIC]
    if odd:
        shown = ", ".join(_shown(column) for column in odd[:8])
        more = f" and {len(odd) - 8} more" if len(odd) > 8 else ""
        cures = dict.fromkeys(
            _SPELT if _numbers_among(column) else _CURES[column.kind] for column in odd
        )
        raise ArgumentTypeError(
            f"a network takes numbers; in {where}, these columns hold none: {shown}{more}."
            f" {'. '.join(cures)}"
        )


def check_target(column: Column, what: str) -> None:
    """Raise where targets, or weights, are no numbers."""
    if column.kind not in frames.NUMERIC:
        raise ArgumentTypeError(
            f"{what} holds {column.kind} ({_shown(column)}); a loss takes numbers. Number the "
            "classes, e.g. frame[name].map({'no': 0, 'yes': 1}), or use lamina.tabular.train, "
            "which does it by itself"
        )


def check_finite(values: Array, labels: Sequence[str], where: str, purpose: str) -> None:
    """Before training: NaN and infinity in the data end as NaN in all weights."""
    if purpose == PREDICT or values.dtype.kind != "f" or not len(values):
        return
    most = np.float64(np.finfo(floatx()).max)
    if -most <= values.min() and values.max() <= most:  # fast: NaN is neither
        return
    bad = ~((values.min(axis=0) >= -most) & (values.max(axis=0) <= most))
    counts = [
        (labels[place], int(np.isnan(values[:, place]).sum()), len(values))
        for place in np.flatnonzero(bad).tolist()
    ]
    absent = [item for item in counts if item[1]]
    if absent:
        raise missing_values(where, absent)
    raise InvalidArgumentError(
        f"in {where}, {listed([item[0] for item in counts])} holds values that are infinite in "
        f"{floatx()}, which would make all weights NaN. Scale the column, or leave those rows out"
    )


def whole_numbers(columns: list[Column], dtype: Any, where: str) -> Array:
    """Columns for an input of whole numbers, which float32 holds up to 2**24 only."""
    with np.errstate(invalid="ignore"):  # the rest of infinity is NaN
        odd = [
            column.label
            for column in columns
            if column.values.dtype.kind == "f" and not (column.values % 1 == 0).all()
        ]
    if odd:
        raise InvalidArgumentError(
            f"in {where}, {listed(odd)} holds fractions, or values that are missing, where the "
            f"model takes whole numbers ({dtype}). Round or fill them"
        )
    return frames.matrix([column.values for column in columns], dtype)


def missing_values(where: str, counts: list[tuple[str, int, int]]) -> InvalidArgumentError:
    """What is said where values are missing: in which columns, how many of how many."""
    shown = ", ".join(
        f"{label!r} ({count:,} of {rows:,} rows)" for label, count, rows in counts[:8]
    )
    more = f" and {len(counts) - 8} more columns" if len(counts) > 8 else ""
    return InvalidArgumentError(
        f"values are missing in {where}: {shown}{more}; training on them would make all weights "
        "NaN. Fill them (in pandas frame.fillna(frame.median()), in Polars frame.fill_null(0)) or "
        "drop those rows; lamina.tabular.train fills them by itself. An array (frame.to_numpy()) "
        "is taken as it is"
    )


def _known(column: Column) -> list[Any]:
    """The values that are there, of the leading rows."""
    return [value for value in column.values[:1000].tolist() if not is_missing(value)]


def _numbers_among(column: Column) -> bool:
    """Whether some texts of a column spell numbers."""
    pattern = re.compile(r"\s*[-+]?\d[\d.,]*\s*")
    return column.kind == frames.TEXT and any(
        isinstance(value, str) and pattern.fullmatch(value) for value in _known(column)
    )


def _shown(column: Column) -> str:
    known = _known(column) if column.kind in TEXTS else []
    odd = (value for value in known if not str(value).strip().replace(".", "").isdecimal())
    example = next(odd, known[0] if known else None)
    return f"{column.label!r} ({column.dtype}{'' if example is None else f', as {example!r:.30}'})"


def listed(names: Sequence[str]) -> str:
    """Names for a message, of which there may be thousands."""
    shown = ", ".join(f"{name!r:.80}" for name in names[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown
