"""Two classes to tell apart: points in the plane, the credit data, or a table of one's own."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..core.errors import InvalidArgumentError, describe, nearest
from ..datasets import credit

Values = npt.NDArray[np.float32]
_MOST_ROWS = 20_000
_MOST_COLUMNS = 50
_LARGEST = 1e30  # number in a table: its square can be computed, too
OWN = "csv"
_CREDIT = ("LIMIT_BAL", "BILL_AMT1", "EDUCATION", "MARRIAGE")


class Problem(NamedTuple):
    """Rows to learn from and others to test on; inputs have mean 0 and standard deviation 1."""

    names: tuple[str, ...]  # of the columns
    x: Values  # (rows, columns)
    y: Values  # (rows, 1): 0 or 1
    test_x: Values
    test_y: Values
    share: float  # of the rows, for testing
    code: str  # the lines of Python that make `x` and `y`


def circle(random: np.random.Generator, rows: int, noise: float) -> tuple[Values, Values]:
    """One class in the middle, the other around it."""
    inner = np.arange(rows) % 2 == 0
    radius = np.where(inner, random.uniform(0, 2, rows), random.uniform(3, 5, rows))
    angle = random.uniform(0, 2 * np.pi, rows)
    return _plane(radius * np.cos(angle), radius * np.sin(angle), inner, random, noise)


def spiral(random: np.random.Generator, rows: int, noise: float) -> tuple[Values, Values]:
    """Two spirals, one turned against the other by half a turn."""
    first = np.arange(rows) % 2 == 0
    along = np.sqrt(random.uniform(0, 1, rows))
    angle = 3.5 * np.pi * along + np.where(first, 0.0, np.pi)
    return _plane(5 * along * np.cos(angle), 5 * along * np.sin(angle), first, random, noise / 2)


def xor(random: np.random.Generator, rows: int, noise: float) -> tuple[Values, Values]:
    """Opposite quarters of the plane belong together."""
    x, y = random.uniform(-5, 5, (2, rows))
    return _plane(x + 0.3 * np.sign(x), y + 0.3 * np.sign(y), x * y > 0, random, noise)


def gaussian(random: np.random.Generator, rows: int, noise: float) -> tuple[Values, Values]:
    """Two heaps."""
    first = np.arange(rows) % 2 == 0
    middle = np.where(first, 2.0, -2.0)
    x, y = middle + random.normal(scale=0.9, size=(2, rows))
    return _plane(x, y, first, random, 2 * noise)


def _plane(
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    positive: npt.NDArray[np.bool_],
    random: np.random.Generator,
    noise: float,
) -> tuple[Values, Values]:
    points = np.stack([x, y], axis=1) + random.normal(scale=1.0, size=(len(x), 2)) * noise
    return points.astype(np.float32), positive.astype(np.float32)[:, None]


PLANES: dict[str, Callable[[np.random.Generator, int, float], tuple[Values, Values]]] = {
    function.__name__: function for function in (circle, spiral, xor, gaussian)
}
PROBLEMS = (*PLANES, "credit", OWN)
"""What can be chosen."""


def make_problem(
    name: str, rows: int, noise: float, seed: int, table: str = "", target: str = ""
) -> Problem:
    """The problem of that name; `table` is the text of a CSV file, `target` its column of classes.

    Half of points in the plane, a fifth of a table, are kept apart for testing.
    """
    random = np.random.default_rng(seed)
    if name in PLANES:
        x, y = PLANES[name](random, rows, noise)
        code = (
            f"random = np.random.default_rng({seed})\n"
            f"x, y = problems.{name}(random, {rows}, {noise})"
        )
        return _divided(("x", "y"), x, y, 0.5, random, code)
    if name == "credit":
        examples = credit()
        columns = [column for column in examples.columns() if column != "default"]
        order = [columns.index(column) for column in _CREDIT]  # the first two are the picture's
        x, y = examples.features[:, order], examples.target.astype(np.float32)[:, None]
        names = _CREDIT
        code = f"x, y = tf.datasets.credit()\nx, y = x[:, {order}], y.reshape(-1, 1)"
        return _divided(names, x, y, 0.2, random, code)
    if name == OWN:
        return _own(table, target, random)
    raise InvalidArgumentError(f"there are no data {name!r}.{nearest(name, PROBLEMS)}")


def _divided(
    names: tuple[str, ...],
    x: npt.NDArray[np.floating],
    y: Values,
    share: float,
    random: np.random.Generator,
    code: str,
) -> Problem:
    scale = "x.std(axis=0)"
    spread = x.std(axis=0)
    constant = np.ptp(x, axis=0) == 0
    if np.any(constant):
        scale = "np.where(np.ptp(x, axis=0) > 0, x.std(axis=0), 1)"
        spread = np.where(constant, 1, spread)
    x = ((x - x.mean(axis=0)) / spread).astype(np.float32)
    order = random.permutation(len(x))
    tested = max(1, round(share * len(x)))
    test, training = order[:tested], order[tested:]
    code += f"\nx = (x - x.mean(axis=0)) / {scale}"
    return Problem(names, x[training], y[training], x[test], y[test], share, code)


def _own(table: str, target: str, random: np.random.Generator) -> Problem:
    first = table.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    try:
        reader = csv.reader(io.StringIO(table, newline=None), delimiter=separator)
        lines = [line for line in reader if line]
    except csv.Error as error:
        raise InvalidArgumentError(f"this is no table: {error}") from error
    if len(lines) < 11:
        raise InvalidArgumentError(
            f"a table needs a line of column names and at least 10 rows; got {len(lines)} lines"
        )
    head, body = [name.strip() for name in lines[0]], lines[1 : _MOST_ROWS + 1]
    if len(set(head)) != len(head) or not 3 <= len(head) <= _MOST_COLUMNS:
        raise InvalidArgumentError(
            f"a table needs 3 to {_MOST_COLUMNS} columns of different names, the target among "
            f"them; got {describe(head)}"
        )
    if any(len(line) != len(head) for line in body):
        wrong = next(place for place, line in enumerate(body, 2) if len(line) != len(head))
        raise InvalidArgumentError(f"line {wrong} has another number of columns than the first")
    target = target or head[-1]
    if target not in head:
        raise InvalidArgumentError(f"there is no column {target!r}.{nearest(target, head)}")
    place = head.index(target)
    told = [line[place].strip() for line in body]
    classes = sorted(set(told))
    if len(classes) != 2:
        raise InvalidArgumentError(
            f"the column {target!r} must hold two classes; it holds {len(classes)}"
        )
    y = np.array([[text == classes[1]] for text in told], dtype=np.float32)
    columns = {}
    for index, name in enumerate(head):
        if index != place:
            columns[name] = _numbers([line[index] for line in body], name)
    x = np.stack(list(columns.values()), axis=1)
    code = (
        f'table = pandas.read_csv("table.csv", sep={separator!r}, dtype=str, '
        f"keep_default_na=False, nrows={_MOST_ROWS})\n"
        "table.columns = table.columns.str.strip()\n"
        f"y = (table.pop({target!r}).str.strip() == {classes[1]!r})"
        '.to_numpy("float32").reshape(-1, 1)\nx = table.astype("float64").to_numpy()'
    )
    return _divided(tuple(columns), x, y, 0.2, random, code)


def _numbers(texts: list[str], name: str) -> npt.NDArray[np.float64]:
    try:
        values = np.array(texts, dtype=np.float64)
    except ValueError:
        values = np.array([np.nan])
    if not np.all(np.abs(values) <= _LARGEST):
        raise InvalidArgumentError(
            f"the column {name!r} must hold numbers up to {_LARGEST:g}, one in each row; leave it "
            "out of the file"
        )
    return values
