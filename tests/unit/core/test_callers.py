"""Warnings stand at the line of whoever called lamina, however deep in it they come up."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from lamina import keras


def _dense(units: int, optimizer: str = "sgd") -> keras.Sequential:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units)])
    model.compile(optimizer, "mse")
    model.optimizer.build(model.trainable_weights)
    return model


def _other_units(folder: Path) -> None:
    _dense(2).save_weights(folder / "a.weights.h5")
    _dense(5).load_weights(folder / "a.weights.h5", skip_mismatch=True)


def _other_optimizer(folder: Path) -> None:
    _dense(2, "adam").save_weights(folder / "a.weights.h5")
    _dense(2, "adagrad").load_weights(folder / "a.weights.h5")


def _other_names(folder: Path) -> None:
    _dense(2).save_weights(folder / "a.h5")
    _dense(2).load_weights(folder / "a.h5", by_name=True)


def _not_built(folder: Path) -> None:
    keras.Sequential([keras.layers.Dense(1)]).save(folder / "a.keras")


def _frozen(folder: Path) -> None:
    model = _dense(2)
    model.trainable = False
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)


def _retired(folder: Path) -> None:
    keras.layers.Embedding(3, 2, input_length=4)


@pytest.mark.parametrize(
    "call", [_other_units, _other_optimizer, _other_names, _not_built, _frozen, _retired]
)
def test_warnings_name_the_line_that_called(call, tmp_path):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        call(tmp_path)
    assert found
    assert {warning.filename for warning in found} == {__file__}


def test_messages_name_lines_outside_of_functions_too(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("from lamina.core.callers import user_line\nprint(user_line())\n")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert done.stdout == f"{script}:2\n"
