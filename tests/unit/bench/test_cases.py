"""The networks and data that all libraries are measured on."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bench.cases import BLOCK, CASES, Case, with_rows, with_width
from bench.jobs import write_mapped


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_case_survives_json(case):
    assert Case.from_json(case.to_json()) == case


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_data_suit_the_case(case):
    features, targets = dataclasses.replace(case, rows=500).data()
    assert features.shape == (500, case.features) and features.dtype == np.float32
    if case.loss == "sparse_categorical_crossentropy":
        assert set(targets.tolist()) == set(range(case.layers[-1].units))
    else:
        assert targets.shape == (500, 1) and targets.dtype == np.float32


def test_more_rows_begin_with_the_same_rows():
    few, many = with_rows(BLOCK // 2), with_rows(BLOCK + 7)
    for some, all_of_them in zip(few.data(), many.data()):
        np.testing.assert_array_equal(some, all_of_them[: len(some)])
        assert len(all_of_them) == BLOCK + 7


def test_rows_differ_from_block_to_block():
    features, _ = with_rows(2 * BLOCK).data()
    assert not np.array_equal(features[:BLOCK], features[BLOCK:])


def test_mapped_rows_are_the_rows(tmp_path):
    case = with_rows(BLOCK + 7)
    write_mapped(case, tmp_path)
    for name, values in zip(("features", "targets"), case.data()):
        np.testing.assert_array_equal(np.load(tmp_path / f"{name}.npy", mmap_mode="r"), values)


def test_steps_and_parameters():
    borrower = CASES["borrower"]
    assert borrower.steps == 938  # the last has 16 rows
    assert borrower.parameters == 24 * 16 + 17 * 8 + 9
    assert with_width(32).steps == 16
    assert [values.shape for values in borrower.weights()[:3]] == [(23, 16), (16,), (16, 8)]
