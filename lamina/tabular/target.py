"""The target column: what is to be predicted, and as what kind of task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..core.errors import InvalidArgumentError, nearest
from .table import BOOLEANS, Column, Numbers, Table, to_text

TASKS = ("binary", "multiclass", "regression")
MAX_CLASSES = 1000
MAX_NUMBER_CLASSES = 20


@dataclass(frozen=True, slots=True)
class Target:
    """The column to predict. `classes` are the labels in the order of their codes, () for numbers.

    In a binary task the second class is the "positive" one, whose probability the network gives.
    """

    name: str
    task: str
    classes: tuple[str, ...] = ()

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
        _check_values(table, column, numbers if bad is None else None)
        labels = _labels(column, numbers, bad)
        if task == "auto":
            task = _task(labels, numbers if bad is None else None)
        if task == "regression":
            if bad is not None:
                raise InvalidArgumentError(
                    f"{table.source}, {table.place(bad)}: the target {name!r} holds "
                    f"{column.texts()[bad]!r}, which is not a number. Mend it, or train for "
                    "classes (task multiclass)."
                )
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
    """One label per row: numbers in one spelling ("1" for 1, 1.0 and 1.00), texts as they are."""
    numbers, bad = column.numbers()
    return [to_text(number) for number in numbers.tolist()] if bad is None else column.texts()


def _labels(column: Column, numbers: Numbers, bad: int | None) -> tuple[str, ...]:
    if bad is None:
        return tuple(to_text(number) for number in np.unique(numbers).tolist())
    return tuple(
        sorted(set(column.texts()), key=lambda text: (BOOLEANS.get(text.lower(), 0), text))
    )


def _task(labels: tuple[str, ...], numbers: Numbers | None) -> str:
    if len(labels) == 2:
        return "binary"
    if numbers is None:
        return "multiclass"
    whole = bool(np.all(numbers == np.rint(numbers)))
    return "multiclass" if whole and len(labels) <= MAX_NUMBER_CLASSES else "regression"


def _check_values(table: Table, column: Column, numbers: Numbers | None) -> None:
    """Raise for a target that is infinite or the same everywhere; missing ones are gone by now."""
    if numbers is not None:
        infinite = np.flatnonzero(~(np.abs(numbers) <= np.finfo(np.float32).max))
        if infinite.size:
            row = int(infinite[0])
            raise InvalidArgumentError(
                f"{table.source}, {table.place(row)}: the target {column.name!r} holds "
                f"{numbers[row]:g}, which is infinite in float32. Mend it or leave the row out."
            )
    texts = column.texts()
    if len(set(texts)) == 1:
        raise InvalidArgumentError(
            f"The target {column.name!r} is {texts[0]!r} in every row; there is nothing to learn. "
            "Name another column."
        )
