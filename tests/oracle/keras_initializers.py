"""For each initializer: arguments, a shape, and the moments and bounds of what it draws."""

from __future__ import annotations

from math import sqrt
from typing import Any, NamedTuple

SHAPE = (120, 80)  # 9,600 numbers; inputs 120, outputs 80
CUT = 0.87962566103423978  # the deviation of a standard normal distribution cut at ±2


class Drawn(NamedTuple):
    """What the numbers are like: mean, standard deviation, the largest distance from the mean."""

    arguments: dict[str, Any]
    mean: float
    deviation: float
    bound: float = float("inf")


def cut(deviation: float) -> tuple[float, float]:
    """Deviation and bound of a normal distribution cut at ±2 that has this deviation after it."""
    return deviation, 2 * deviation / CUT


def even(limit: float) -> tuple[float, float]:
    """Deviation and bound of an even distribution over ±limit."""
    return limit / sqrt(3), limit


EXACT: dict[str, list[dict[str, Any]]] = {
    "Zeros": [{}],
    "Ones": [{}],
    "Constant": [{}, {"value": 2.5}],
    "Identity": [{}, {"gain": 3.0}],
}

RANDOM: dict[str, list[Drawn]] = {
    "RandomNormal": [Drawn({}, 0, 0.05), Drawn({"mean": 2.0, "stddev": 3.0}, 2, 3)],
    "RandomUniform": [
        Drawn({}, 0, *even(0.05)),
        Drawn({"minval": -1.0, "maxval": 3.0}, 1, *even(2.0)),
    ],
    "TruncatedNormal": [
        Drawn({}, 0, 0.05 * CUT, 0.1),
        Drawn({"mean": 1.0, "stddev": 0.5}, 1, 0.5 * CUT, 1.0),
    ],
    "VarianceScaling": [
        Drawn({}, 0, *cut(sqrt(1 / 120))),
        Drawn({"scale": 3.0, "mode": "fan_out"}, 0, *cut(sqrt(3 / 80))),
        Drawn({"mode": "fan_avg", "distribution": "uniform"}, 0, *even(sqrt(3 / 100))),
        Drawn({"distribution": "untruncated_normal"}, 0, sqrt(1 / 120)),
        Drawn({"distribution": "normal", "input_axes": [1], "output_axes": [0]}, 0,
              *cut(sqrt(1 / 80))),
    ],
    "GlorotUniform": [Drawn({}, 0, *even(sqrt(6 / 200)))],
    "GlorotNormal": [Drawn({}, 0, *cut(sqrt(2 / 200)))],
    "HeUniform": [Drawn({}, 0, *even(sqrt(6 / 120)))],
    "HeNormal": [Drawn({}, 0, *cut(sqrt(2 / 120)))],
    "LecunUniform": [Drawn({}, 0, *even(sqrt(3 / 120)))],
    "LecunNormal": [Drawn({}, 0, *cut(sqrt(1 / 120)))],
    "Orthogonal": [Drawn({}, 0, sqrt(1 / 120)), Drawn({"gain": 2.0}, 0, 2 * sqrt(1 / 120))],
}  # fmt: skip
