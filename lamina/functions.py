"""Functions of one or two variables with known minima, on which optimizers are tried.

Each is called with numbers, arrays, tensors or variables and computed in lamina's operations, so
it has gradients: `optimizer.minimize(lambda: functions.rosenbrock(x, y), [x, y])`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .core.errors import InvalidArgumentError
from .ops import elementwise as ops
from .ops.common import floats

__all__ = [
    "FUNCTIONS",
    "Objective",
    "ackley",
    "beale",
    "eggholder",
    "himmelblau",
    "rastrigin",
    "rosenbrock",
    "two_minima",
]

Point = tuple[float, ...]


@dataclass(frozen=True)
class Objective:
    """A function of one or two variables, where to look at it, and where it is lowest.

    `bounds` has a pair (low, high) for each variable. `minima` are the points within them at which
    it takes its least value, `minimum`; `start` is a point from which the way there is worth
    seeing.
    """

    name: str
    formula: str
    expression: Callable[..., Any]
    bounds: tuple[tuple[float, float], ...]
    minima: tuple[Point, ...]
    minimum: float
    start: Point
    source: str

    def __call__(self, *variables: Any) -> Any:
        """The values at `variables`, one argument each, all of one shape or broadcast."""
        if len(variables) != len(self.bounds):
            raise InvalidArgumentError(
                f"{self.name} is a function of {len(self.bounds)} variables, given one by one; "
                f"got {len(variables)} arguments"
            )
        return self.expression(*(floats(value) for value in variables))


def _eggholder(x: Any, y: Any) -> Any:
    hill = (y + 47.0) * ops.sin(ops.sqrt(ops.abs(x / 2.0 + (y + 47.0))))
    return -hill - x * ops.sin(ops.sqrt(ops.abs(x - (y + 47.0))))


def _rosenbrock(x: Any, y: Any) -> Any:
    return ops.square(1.0 - x) + 100.0 * ops.square(y - ops.square(x))


def _himmelblau(x: Any, y: Any) -> Any:
    return ops.square(ops.square(x) + y - 11.0) + ops.square(x + ops.square(y) - 7.0)


def _beale(x: Any, y: Any) -> Any:
    parts = ((1.5, y), (2.25, ops.square(y)), (2.625, y * ops.square(y)))
    first, second, third = (ops.square(number - x + x * power) for number, power in parts)
    return first + second + third


def _rastrigin(x: Any, y: Any) -> Any:
    waves = ops.cos(2.0 * math.pi * x) + ops.cos(2.0 * math.pi * y)
    return 20.0 + ops.square(x) + ops.square(y) - 10.0 * waves


def _ackley(x: Any, y: Any) -> Any:
    distance = ops.sqrt(0.5 * (ops.square(x) + ops.square(y)))
    waves = 0.5 * (ops.cos(2.0 * math.pi * x) + ops.cos(2.0 * math.pi * y))
    return -20.0 * ops.exp(-0.2 * distance) - ops.exp(waves) + math.e + 20.0


def _two_minima(x: Any) -> Any:
    return ops.square(ops.square(x)) - 4.0 * ops.square(x) + x + 6.0


eggholder = Objective(
    "eggholder",
    "-(y + 47) sin √|x/2 + y + 47| - x sin √|x - (y + 47)|",
    _eggholder,
    ((-512.0, 512.0), (-512.0, 512.0)),
    ((512.0, 404.2319),),
    -959.6407,
    (420.0, 400.0),
    "Whitley et al. 1996, Evaluating evolutionary algorithms",
)
rosenbrock = Objective(
    "rosenbrock",
    "(1 - x)² + 100 (y - x²)²",
    _rosenbrock,
    ((-2.0, 2.0), (-1.0, 3.0)),
    ((1.0, 1.0),),
    0.0,
    (-1.2, 1.0),
    "Rosenbrock 1960, An automatic method for finding the greatest or least value of a function",
)
himmelblau = Objective(
    "himmelblau",
    "(x² + y - 11)² + (x + y² - 7)²",
    _himmelblau,
    ((-5.0, 5.0), (-5.0, 5.0)),
    ((3.0, 2.0), (-2.805118, 3.131313), (-3.779310, -3.283186), (3.584428, -1.848127)),
    0.0,
    (-0.5, -1.0),
    "Himmelblau 1972, Applied nonlinear programming",
)
beale = Objective(
    "beale",
    "(1.5 - x + xy)² + (2.25 - x + xy²)² + (2.625 - x + xy³)²",
    _beale,
    ((-4.5, 4.5), (-4.5, 4.5)),
    ((3.0, 0.5),),
    0.0,
    (0.5, 2.5),
    "Beale 1958, On an iterative method for finding a local minimum",
)
rastrigin = Objective(
    "rastrigin",
    "20 + x² + y² - 10 (cos 2πx + cos 2πy)",
    _rastrigin,
    ((-5.12, 5.12), (-5.12, 5.12)),
    ((0.0, 0.0),),
    0.0,
    (2.3, -3.4),
    "Rastrigin 1974, Systems of extremal control",
)
ackley = Objective(
    "ackley",
    "-20 exp(-0.2 √((x² + y²)/2)) - exp((cos 2πx + cos 2πy)/2) + e + 20",
    _ackley,
    ((-5.0, 5.0), (-5.0, 5.0)),
    ((0.0, 0.0),),
    0.0,
    (2.6, -2.3),
    "Ackley 1987, A connectionist machine for genetic hillclimbing",
)
two_minima = Objective(
    "two_minima",
    "x⁴ - 4x² + x + 6",
    _two_minima,
    ((-2.3, 2.3),),
    ((-1.472998,),),
    0.555808,
    (2.1,),
    "a quartic whose second minimum, at x = 1.346997, lies higher",
)
FUNCTIONS = {
    function.name: function
    for function in (*(ackley, beale, eggholder, himmelblau, rastrigin, rosenbrock, two_minima),)
}
"""All of them, by name."""
