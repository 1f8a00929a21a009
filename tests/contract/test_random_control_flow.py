"""Random functions give in tf.function what they give as Python, with gradients, natively too."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest

import lamina as tf
from tests.tools.random_control_flow import random_function, samples

SEEDS = range(30)


def run(function: Any, arguments: tuple[Any, ...]) -> tuple[Any, list[Any]]:
    """The result and the gradients by the two floats."""
    with tf.GradientTape() as tape:
        tape.watch(list(arguments[:2]))
        y = function(*arguments)
    return y, tape.gradient(y, list(arguments[:2]), unconnected_gradients="zero")


@pytest.mark.parametrize("seed", SEEDS)
def test_functions_mean_the_same(
    seed: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    function, text = random_function(seed)
    expected = [run(function, arguments) for arguments in samples(seed)]
    backends = ("interp", "llvm") if seed < 12 else ("interp",)
    for backend in backends:
        monkeypatch.setattr(tf.config, "backend", backend)
        traced = tf.function(function)
        with caplog.at_level(logging.WARNING, "lamina"):
            found = [run(traced, arguments) for arguments in samples(seed)]
        eagerly = [r.getMessage() for r in caplog.records if "eagerly" in r.getMessage()]
        assert not eagerly, f"{eagerly}\n{text}"
        for (y, slopes), (z, wanted) in zip(found, expected, strict=True):
            np.testing.assert_allclose(y, z, rtol=1e-4, atol=1e-5, err_msg=text)
            np.testing.assert_allclose(slopes, wanted, rtol=1e-3, atol=1e-4, err_msg=text)
