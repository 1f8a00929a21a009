"""The least time of a step, by counting."""

from __future__ import annotations

import dataclasses

import pytest

from bench.cases import CASES, Case, Layer
from bench.floor import Peak, bytes_moved, floor, flops, working_set

SMALL = Case("small", 100, 3, (Layer(5, "relu"), Layer(2, "linear")), 4, "mean_squared_error")
PEAK = Peak(1e9, [(1e6, 4e9), (1e3, 1e9), (1e9, 2e9)])


def test_flops_count_the_products():
    forward = 2 * 4 * (3 * 5 + 5 * 2)
    gradients_of_weights = forward
    gradient_of_inputs = 2 * 4 * 5 * 2
    assert flops(SMALL) == forward + gradients_of_weights + gradient_of_inputs


@pytest.mark.parametrize(
    ("name", "expected"), [("borrower", 73.2e3), ("mnist", 26.2e6), ("wide", 8.62e9)]
)
def test_flops_of_the_cases(name, expected):
    assert flops(CASES[name]) == pytest.approx(expected, rel=2e-3)


def test_bytes_count_what_is_read_and_written():
    parameters, second = 4 * 5 + 6 * 2, 6 * 2
    adam, forward, backward = 24 * parameters, 4 * parameters, 4 * second
    assert bytes_moved(SMALL) == adam + forward + backward + 4 * 4 * 3 + 8 * 4 * (5 + 2)
    assert working_set(SMALL) == 12 * parameters + 8 * 4 * (5 + 2)


@pytest.mark.parametrize(("size", "rate"), [(500, 1e9), (1001, 4e9), (2e6, 2e9), (1e12, 2e9)])
def test_bandwidth_is_that_of_the_memory_that_holds_it(size, rate):
    assert PEAK.bytes_per_second(size) == rate


def test_the_floor_is_the_larger_part():
    found = floor(SMALL, PEAK)
    assert found.arithmetic == pytest.approx(flops(SMALL) / 1e3)
    assert found.memory == pytest.approx(bytes_moved(SMALL) / 1e3)
    assert found.microseconds == max(found)
    large = dataclasses.replace(SMALL, batch=4000)
    assert floor(large, PEAK).microseconds == floor(large, PEAK).arithmetic
