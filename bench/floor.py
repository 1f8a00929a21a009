"""The least time that a training step can take: its arithmetic and its memory against the machine.

A step of a batch of B rows, through layers from K inputs to N units:

    flops = sum of 2 B K N for the forward product, for the weights' gradient, and, except in the
            first layer, for the inputs' gradient
    bytes = 24 P (Adam reads and writes a parameter and two moments) + 4 P (forward) + 4 P without
            the first layer (backward) + 4 B K of the rows + 8 B N of each layer's outputs

with P parameters. The floor is the larger of flops / peak and bytes / bandwidth, as if the two
overlapped without loss; activations, losses and the shuffle are taken to cost nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bench.cases import Case

FLOAT = 4  # bytes


class Peak(NamedTuple):
    """What a number of threads reach at once.

    `flops`: a second, by fused multiply-adds. `bandwidth`: pairs of the size of what is read and
    written over and over, in bytes, and how many bytes a second go both ways.
    """

    flops: float
    bandwidth: Sequence[tuple[float, float]]

    def bytes_per_second(self, size: float) -> float:
        """The bandwidth of the smallest measured size that holds `size`, or of the largest."""
        ordered = sorted(self.bandwidth)
        return next((rate for limit, rate in ordered if limit >= size), ordered[-1][1])


class Floor(NamedTuple):
    """Microseconds per step."""

    arithmetic: float
    memory: float

    @property
    def microseconds(self) -> float:
        """What a step takes at least."""
        return max(self.arithmetic, self.memory)


def flops(case: Case) -> int:
    """Multiplications and additions in the products of one full step."""
    products = [2 * case.batch * inputs * units for inputs, units in case.sizes]
    return 3 * sum(products) - products[0]


def bytes_moved(case: Case) -> int:
    """Bytes that one full step reads and writes, wherever they lie."""
    first = (case.sizes[0][0] + 1) * case.sizes[0][1]
    update = 6 * case.parameters
    weights = 2 * case.parameters - first
    rows = case.batch * case.features
    return FLOAT * (update + weights + rows + 2 * _outputs(case))


def working_set(case: Case) -> int:
    """Bytes that every step comes back to: parameters, moments, outputs of the layers."""
    return FLOAT * (3 * case.parameters + 2 * _outputs(case))


def floor(case: Case, peak: Peak) -> Floor:
    """The least time of a step of `case` on the machine of `peak`."""
    return Floor(
        arithmetic=1e6 * flops(case) / peak.flops,
        memory=1e6 * bytes_moved(case) / peak.bytes_per_second(working_set(case)),
    )


def _outputs(case: Case) -> int:
    return case.batch * sum(layer.units for layer in case.layers)
