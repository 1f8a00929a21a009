"""Python's control flow on tensors inside tf.function."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import numpy as np
import pytest

import lamina as tf
from lamina.tensor.function import Eagerly
from tests.tools.control_flow import ROWS


@pytest.fixture(params=["llvm", "interp"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(tf.config, "backend", request.param)
    return str(request.param)


@pytest.fixture
def traced_only(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing may run eagerly."""
    with caplog.at_level(logging.WARNING, "lamina"):
        yield
    assert not [r for r in caplog.records if "eagerly" in r.getMessage()]


@pytest.mark.usefixtures("backend", "traced_only")
@pytest.mark.parametrize("name", ROWS)
def test_a_program_means_what_python_means(name: str) -> None:
    row = ROWS[name]
    traced = tf.function(row.function)
    for sample in row.samples:
        tensors = [tf.constant(value) for value in sample]
        with tf.GradientTape() as tape:
            tape.watch([x for x in tensors if x.dtype == tf.float32])
            expected = row.function(*tensors)
        with tf.GradientTape() as traced_tape:
            traced_tape.watch([x for x in tensors if x.dtype == tf.float32])
            found = traced(*tensors)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        if row.smooth:
            wanted = tape.gradient(expected, tensors[0], unconnected_gradients="zero")
            slope = traced_tape.gradient(found, tensors[0], unconnected_gradients="zero")
            np.testing.assert_allclose(slope, wanted, rtol=1e-5)
    assert traced.trace_count == 1
    assert not isinstance(next(iter(traced._traces.programs.values())), Eagerly)
