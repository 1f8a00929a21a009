"""What it means that a model goes on in another library as if nothing had happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lamina.core import nest

TOLERANCE = 1e-6  # of the largest number


def train(model: Any, x: Any, y: Any, steps: int = 2, **options: Any) -> None:
    """A few steps on one batch."""
    for _ in range(steps):
        model.train_on_batch(x, y, **options)


def travelled(model: Any, reader: Any, path: Path, **options: Any) -> Any:
    """The model, saved by its library and loaded by `reader`."""
    model.save(path)
    return reader.models.load_model(path, **options)


def assert_goes_on(model: Any, again: Any, x: Any, y: Any, **options: Any) -> None:
    """Both have the same state, predict the same, and do so after the same next step."""
    assert_alike(model, again, x)
    for each in (model, again):
        each.reset_metrics()
    found = [each.train_on_batch(x, y, return_dict=True, **options) for each in (model, again)]
    assert sorted(found[0]) == sorted(found[1])
    for name, value in found[0].items():
        assert_close(found[1][name], value, name)
    assert_alike(model, again, x)


def assert_alike(model: Any, again: Any, x: Any) -> None:
    """Weights, the optimizer's state and predictions agree."""
    for first, second in zip(model.weights, again.weights, strict=True):
        assert_close(second, first, first.path)
    states = [[] if each.optimizer is None else each.optimizer.variables for each in (model, again)]
    for first, second in zip(*states, strict=True):
        assert_close(second, first, first.path)
    predictions = [nest.flatten(each.predict_on_batch(x)) for each in (model, again)]
    for first, second in zip(*predictions, strict=True):
        assert_close(second, first, "predictions")


def assert_close(found: Any, wanted: Any, what: str) -> None:
    """Equal to rounding; what is no number of floats, exactly."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.shape == wanted.shape, what
    if wanted.dtype.kind != "f":
        np.testing.assert_array_equal(found, wanted, err_msg=what)
        return
    scale = max(1.0, float(np.abs(wanted).max(initial=0.0)))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=TOLERANCE * scale, err_msg=what)
