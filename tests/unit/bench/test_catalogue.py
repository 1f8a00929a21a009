"""The list of everything that trains, and its page."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench import catalogue
from bench.workers import with_catalogue
from lamina import keras

ITEMS = catalogue.items()


def test_every_layer_is_listed_or_left_out_for_a_reason():
    tables = (catalogue.LAYERS, catalogue.ON_MATRICES, catalogue.JOINING)
    listed = {
        name for table in (*tables, catalogue.WRAPPING, catalogue.ON_INDICES) for name in table
    }
    assert set(catalogue.names("keras.layers")) == listed | set(catalogue.ELSEWHERE)


@pytest.mark.parametrize("kind", list(dict.fromkeys(item.kind for item in ITEMS)))
def test_models_are_made_with_every_item(kind):
    for item in (item for item in ITEMS if item.kind == kind):
        model = with_catalogue.model_with(keras, item._asdict())
        x, y = with_catalogue.data(item.targets, 64, kind == "layer on indices")
        found = model.evaluate(x, y, verbose=0, return_dict=True)
        assert np.isfinite(found["loss"]), item


def test_a_time_is_measured():
    item = catalogue.Item("loss", "Huber")
    assert with_catalogue.microseconds(keras, item._asdict(), 64) > 0


def test_the_page_shows_medians_and_ratios():
    items = [catalogue.Item("loss", "Huber"), catalogue.Item("metric", "AUC")]

    def found(peer: str, *times: float) -> dict[str, Any]:
        return {"microseconds": {"loss Huber": times[0]}, "versions": {peer: "1.0"}}

    rounds = {
        "lamina": [found("lamina", time) for time in (1.0, 2.0, 4.0)],
        "keras-jax": [found("Keras", time) for time in (40.0, 50.0, 90.0)],
    }
    text = catalogue.page(items, rounds)
    assert "| `Huber` | 2          | 50               | 25 ×                |" in text
    assert "| `AUC`" in text and "–" in text
    assert "Over all 1, lamina is faster by 25.0 ×" in text
