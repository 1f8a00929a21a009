"""The target column: what is to be predicted, and as what kind of task."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..core.errors import InvalidArgumentError, nearest
from .table import BOOLEANS, Column, Numbers, Table, to_number, to_text

TASKS = ("binary", "multiclass", "regression")
MAX_CLASSES = 1000
MAX_NUMBER_CLASSES = 20
_EXACT = 2.0**53  # every whole number up to this is a float64 of its own


@dataclass(frozen=True, slots=True)
class Target:
    """The column to predict. `classes` are the labels in the order of their codes, () for numbers.

    In a binary task the second class is the "positive" one, whose probability the network gives; it
    is predicted from `threshold` on.
    """

    name: str
    task: str
    classes: tuple[str, ...] = ()
    threshold: float = 0.5

    @classmethod
    def of(cls, table: Table, name: str, task: str = "auto") -> Target:
        """Decide the task from the values of the column, or check that it allows the one asked for.

        Two different values: binary. Other texts, and up to 20 different whole numbers: multiclass.
        Other numbers: regression. Labels are sorted, numbers by value.
        """
        if task != "auto" and task not in TASKS:
            raise InvalidArgumentError(
                f"There is no task {task!r}.{nearest(task, TASKS)} The tasks are: auto, "
                f"{', '.join(TASKS)}."
            )
        column = table.column(name)
        numbers, bad = column.numbers()
        if bad is None:
            _check_finite(table, column, numbers)
        labels = _labels(column)
        if len(labels) == 1:
            raise InvalidArgumentError(
                f"The target {name!r} is {labels[0]!r} in every row; there is nothing to learn. "
                "Name another column."
            )
        if task == "auto":
            _check_no_stray_text(table, column, labels, bad)
            task = _task(labels, numbers if bad is None else None)
        if task == "regression":
            if bad is not None:
                raise InvalidArgumentError(
                    f"{table.source}, {table.place(bad)}: the target {name!r} holds "
                    f"{column.texts()[bad]!r}, which is not a number. Mend it, or train for "
                    "classes (task multiclass)."
                )
            _check_resolution(name, numbers)
            return cls(name, task)
        if task == "binary" and len(labels) != 2:
            raise InvalidArgumentError(
                f"A binary task needs a target with two different values; {name!r} has "
                f"{len(labels):,}. Train it as multiclass or regression."
            )
        if len(labels) > MAX_CLASSES:
            advice = "as regression" if bad is None else "on a column with fewer different texts"
            raise InvalidArgumentError(
                f"The target {name!r} has {len(labels):,} different values, too many for classes "
                f"(at most {MAX_CLASSES:,}). Train {advice}."
            )
        return cls(name, task, labels)

    def encode(self, table: Table) -> npt.NDArray[Any]:
        """The target as the network is trained on it: float32 numbers, or class codes as int32."""
        column = table.column(self.name)
        if self.task == "regression":
            return column.numbers()[0].astype(np.float32)
        codes = {label: code for code, label in enumerate(self.classes)}
        return np.array([codes[text] for text in _label_texts(column)], np.int32)


def known_rows(table: Table, name: str) -> npt.NDArray[np.bool_]:
    """Which rows have a value in the column `name`."""
    return np.array([bool(text) for text in table.column(name).texts()])


def _label_texts(column: Column) -> list[str]:
    """One label per row: numbers in one spelling ("1" for 1, 1.0 and 1.00), texts as they are.

    True and false in several spellings become lower case, so that they are two classes.
    """
    numbers, bad = column.numbers()
    if bad is None and np.all(np.abs(numbers) <= _EXACT):
        return [to_text(number) for number in numbers.tolist()]
    texts = column.texts()  # of larger numbers, several may be one float64
    spellings = set(texts)
    if len(spellings) > 2 and {text.lower() for text in spellings} <= BOOLEANS.keys():
        return [text.lower() for text in texts]
    return texts


def _labels(column: Column) -> tuple[str, ...]:
    def place(label: str) -> tuple[float, str]:
        number = BOOLEANS.get(label.lower(), to_number(label))
        return (math.inf if number is None else number, label)

    return tuple(sorted(set(_label_texts(column)), key=place))


def _task(labels: tuple[str, ...], numbers: Numbers | None) -> str:
    if len(labels) == 2:
        return "binary"
    if numbers is None:
        return "multiclass"
    whole = bool(np.all(numbers == np.rint(numbers)))
    return "multiclass" if whole and len(labels) <= MAX_NUMBER_CLASSES else "regression"


def _check_finite(table: Table, column: Column, numbers: Numbers) -> None:
    infinite = np.flatnonzero(~(np.abs(numbers) <= np.finfo(np.float32).max))
    if infinite.size:
        row = int(infinite[0])
        raise InvalidArgumentError(
            f"{table.source}, {table.place(row)}: the target {column.name!r} holds "
            f"{numbers[row]:g}, which is infinite in float32. Mend it or leave the row out."
        )


def _check_no_stray_text(
    table: Table, column: Column, labels: tuple[str, ...], bad: int | None
) -> None:
    """Raise for a text in what is otherwise a column of many different numbers."""
    numeric = sum(1 for label in labels if to_number(label) is not None)
    if bad is not None and numeric > MAX_NUMBER_CLASSES and 2 * numeric > len(labels):
        raise InvalidArgumentError(
            f"{table.source}, {table.place(bad)}: the target {column.name!r} holds "
            f"{column.texts()[bad]!r} among numbers. Mend it, leave it empty (the row is then left "
            "out), or train for classes (task multiclass)."
        )


def _check_resolution(name: str, numbers: Numbers) -> None:
    """Raise for numbers that float32, which has 24 bits, can hardly tell from one another."""
    spread, middle = float(numbers.std()), float(numbers.mean())
    if spread < 1e-6 * abs(middle):
        raise InvalidArgumentError(
            f"The target {name!r} varies by {spread:.3g} around {middle:.10g}, too little for a "
            "network in float32. Subtract a constant from it, or train for classes (task "
            "multiclass)."
        )
