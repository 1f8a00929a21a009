"""From columns to the numbers that a network takes, and what to remember to do it again.

| column of the table                | inputs of the network                                     |
|------------------------------------|-----------------------------------------------------------|
| numbers                            | the number, the median where it is missing                |
| … with missing values in training  | also 1 where it is missing, else 0                        |
| true and false                     | as numbers 1 and 0                                        |
| texts                              | one 0-or-1 input per category ("" is one: missing)        |
| … with rare categories in training | also 1 for every other category; else those are all zeros |
| the same value everywhere, empty,  | left out                                                  |
| rows counted 0, 1, 2 …, texts that |                                                           |
| are nearly all different           |                                                           |

Medians, categories and scaling come from the training rows alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..core.errors import InvalidArgumentError, NotFoundError, nearest
from .table import BOOLEANS, Column, Numbers, Rows, Table, to_number
from .target import Target

MAX_CATEGORIES = 20
MIN_CATEGORY_ROWS = 5
_LARGEST = float(np.finfo(np.float32).max)

Inputs = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Feature:
    """One column that the network uses, and how: `kind` is "number", "boolean" or "category"."""

    name: str
    kind: str
    median: float = 0.0
    missing: bool = False
    categories: tuple[str, ...] = ()
    other: bool = False

    @property
    def input_names(self) -> tuple[str, ...]:
        """What each of its inputs to the network is called."""
        if self.kind != "category":
            return (self.name, f"{self.name} missing") if self.missing else (self.name,)
        names = tuple(f"{self.name} = {text or '(missing)'}" for text in self.categories)
        return (*names, f"{self.name} = (other)") if self.other else names

    @property
    def treatment(self) -> str:
        """One line for people: what becomes of the column."""
        if self.kind == "category":
            count = f"{len(self.categories)} categories, one input each"
            return f"{count}, and one for all others" if self.other else count
        text = "standardized" if self.kind == "number" else "0 or 1"
        filled = f"; missing: {self.median:g}, and an input that says so" if self.missing else ""
        return text + filled

    def encode(self, table: Table) -> Inputs:
        """Its inputs for every row, shape (rows, inputs); a value that it can't use raises."""
        column = table.column(self.name)
        if self.kind == "category":
            texts = column.texts()
            inputs = np.zeros((len(texts), len(self.input_names)), np.float32)
            places = {text: place for place, text in enumerate(self.categories)}
            for row, text in enumerate(texts):
                place = places.get(text, len(places) if self.other else None)
                if place is not None:
                    inputs[row, place] = 1.0
            return inputs
        numbers = self._numbers(column, table)
        missing = np.isnan(numbers)
        filled = np.where(missing, self.median, numbers)
        parts = [filled, missing] if self.missing else [filled]
        return np.stack(parts, axis=1).astype(np.float32)

    def _numbers(self, column: Column, table: Table) -> Numbers:
        numbers, bad = column.booleans() if self.kind == "boolean" else column.numbers()
        if bad is not None:
            wanted = "true or false" if self.kind == "boolean" else "a number"
            value = column.texts()[bad]
            raise InvalidArgumentError(
                f"{table.source}, {table.place(bad)}: column {self.name!r} holds {value!r} where "
                f"the model expects {wanted}. Mend it, or leave it empty."
            )
        check_finite(numbers, column.name, table)
        return numbers


def check_finite(numbers: Numbers, name: str, table: Table) -> None:
    """Raise for a value that is infinite, or that is in the network's float32."""
    large = np.flatnonzero(np.abs(numbers) > _LARGEST)  # NaN, which is missing, compares false
    if large.size:
        row = int(large[0])
        raise InvalidArgumentError(
            f"{table.source}, {table.place(row)}: column {name!r} holds {numbers[row]:g}, which is "
            "infinite in float32. Mend it, or leave it empty (a missing value)."
        )


@dataclass(frozen=True, slots=True)
class Encoder:
    """How a table becomes a network's inputs and target; remembered with the model.

    `omitted` lists the columns that were left out in training, each with the reason.
    """

    features: tuple[Feature, ...]
    target: Target
    omitted: tuple[tuple[str, str], ...] = ()

    @classmethod
    def fit(
        cls, table: Table, target: Target, training_rows: Rows, ignore: Iterable[str] = ()
    ) -> Encoder:
        """Decide for each column what becomes of it, from the values in `training_rows`."""
        ignored = set(ignore)
        for name in ignored:
            table.column(name)  # an unknown name raises, with the nearest one
        if target.name in ignored:
            raise InvalidArgumentError(
                f"The target {target.name!r} can't be ignored. Take it out of `ignore`."
            )
        features: list[Feature] = []
        omitted: list[tuple[str, str]] = []
        for column in table.columns.values():
            if column.name == target.name:
                continue
            chosen = column.name not in ignored
            decided = _decide(column, table, training_rows) if chosen else "asked to"
            if isinstance(decided, Feature):
                features.append(decided)
            else:
                omitted.append((column.name, decided))
        if not features:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in omitted[:8])
            raise InvalidArgumentError(
                f"{table.source} has no column to learn from besides the target "
                f"{target.name!r}{f' ({reasons})' if reasons else ''}. Give it one that varies."
            )
        return cls(tuple(features), target, tuple(omitted))

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of the network's inputs, in order."""
        return tuple(name for feature in self.features for name in feature.input_names)

    def encode(self, table: Table) -> Inputs:
        """The network's inputs, float32, shape (rows, len(input_names)), not yet standardized.

        Columns are found by name. A missing column raises NotFoundError and a value that does not
        fit its column raises InvalidArgumentError, with its line; other columns are not looked at.
        """
        absent = [feature.name for feature in self.features if feature.name not in table.columns]
        if absent:
            unused = [name for name in table.names if name not in self.known_names]
            shown = ", ".join(f"{name!r}{_hint(name, unused)}" for name in absent[:8])
            more = f" and {len(absent) - 8} more" if len(absent) > 8 else ""
            raise NotFoundError(
                f"{table.source} lacks {_count(absent, 'column')} that the model needs: "
                f"{shown}{more}."
            )
        return np.concatenate([feature.encode(table) for feature in self.features], axis=1)

    @property
    def known_names(self) -> frozenset[str]:
        """Every column that the training table had."""
        names = [feature.name for feature in self.features]
        return frozenset([*names, self.target.name, *(name for name, _ in self.omitted)])

    def unknown_columns(self, table: Table) -> list[str]:
        """The columns of `table` that the training table did not have; `encode` ignores them."""
        return [name for name in table.names if name not in self.known_names]

    def scaling(self, inputs: Inputs) -> tuple[Numbers, Numbers]:
        """Mean and variance of each input that is a number; 0 and 1 for inputs that are 0 or 1."""
        mean = np.zeros(inputs.shape[1])
        variance = np.ones(inputs.shape[1])
        place = 0
        for feature in self.features:
            if feature.kind == "number":
                values = inputs[:, place].astype(np.float64)
                mean[place], variance[place] = values.mean(), values.var()
                _check_scale(feature.name, float(values.std()))
            place += len(feature.input_names)
        return mean, variance


def _check_scale(name: str, deviation: float) -> None:
    # Beyond these, float32 can't hold the variance or the division is by a guard against zero.
    if not 1e-6 <= deviation <= 1e18:
        raise InvalidArgumentError(
            f"Column {name!r} has a standard deviation of {deviation:g}, too "
            f"{'small' if deviation < 1 else 'large'} for a network in float32. Give it in another "
            "unit, so that it lies between 1e-6 and 1e18, or leave it out."
        )


def _decide(column: Column, table: Table, training_rows: Rows) -> Feature | str:
    """The feature that a column becomes, or the reason to leave it out."""
    numbers, bad = column.numbers()
    if bad is None:
        check_finite(numbers, column.name, table)
        return _decide_number(column, numbers, training_rows)
    texts = column.texts()
    words = {text.lower() for text in set(texts)} - {""}
    if words <= BOOLEANS.keys():
        flags, _ = column.booleans()
        return _decide_number(column, flags, training_rows, "boolean")
    return _decide_texts(column, texts, bad, table, training_rows)


def _decide_number(
    column: Column, numbers: Numbers, training_rows: Rows, kind: str = "number"
) -> Feature | str:
    training = numbers[training_rows].astype(np.float32)
    known = training[~np.isnan(training)]
    missing = known.size < training.size
    if not known.size:
        return "empty"
    if np.all(known == known[0]):
        if not missing:
            same = bool(np.all(numbers[training_rows] == numbers[training_rows[0]]))
            return "the same value everywhere" + (
                "" if same else " in float32; subtract a constant"
            )
        chosen = np.array(column.texts(), object)[training_rows]  # known or not is what it tells
        return Feature(column.name, "category", categories=tuple(sorted(set(chosen))))
    if kind == "number" and _counts_rows(numbers):
        return "it counts the rows"
    return Feature(column.name, kind, median=float(np.median(known)), missing=missing)


def _counts_rows(numbers: Numbers) -> bool:
    return len(numbers) > 2 and bool(np.all(np.diff(numbers) == 1))


def _decide_texts(
    column: Column, texts: list[str], bad: int, table: Table, training_rows: Rows
) -> Feature | str:
    counts = Counter(texts[row] for row in training_rows)
    known = sum(count for text, count in counts.items() if text)
    distinct = len(counts) - ("" in counts)
    if len(counts) == 1:
        return "the same text everywhere" if distinct else "empty"
    numeric = sum(1 for text in texts if text and to_number(text) is not None)
    if distinct > MAX_CATEGORIES and 2 * numeric > len(texts):
        raise InvalidArgumentError(
            f"{table.source}, {table.place(bad)}: column {column.name!r} holds {texts[bad]!r} "
            "among numbers. Mend it, leave it empty, or leave the column out (ignore)."
        )
    if distinct == known > 2 or (distinct > MAX_CATEGORIES and known < 10 * distinct):
        example = next(text for text in counts if text)
        shown = f"{example[:20]}…" if len(example) > 20 else example
        return f"{distinct:,} different texts in {known:,} training rows, such as {shown!r}"
    frequent = [text for text, count in counts.most_common(MAX_CATEGORIES)]
    least = min(MIN_CATEGORY_ROWS, counts[frequent[1]])  # two categories are never too rare
    kept = tuple(sorted(text for text in frequent if counts[text] >= least))
    return Feature(column.name, "category", categories=kept, other=len(kept) < len(counts))


def _hint(name: str, names: list[str]) -> str:
    near = nearest(name, names).strip()
    return f" ({near[0].lower()}{near[1:]})" if near else ""


def _count(items: list[str], noun: str) -> str:
    return f"{len(items)} {noun}{'s' * (len(items) != 1)}"
