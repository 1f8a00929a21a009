"""Whatever is registered travels in files: saved here it goes on in Keras, and the other way."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

import lamina
from tests.contract.test_layers import CASES, _constructed
from tests.oracle.keras_files import assert_alike, assert_goes_on, train, travelled
from tests.oracle.keras_layers import WITHOUT_A_NEXT_STEP, Row, inputs

ours = lamina.keras
WAYS = [pytest.param(ours, keras, id="there"), pytest.param(keras, ours, id="back")]
OUTPUT = np.random.default_rng(5).normal(size=(90, 2)).astype(np.float32)


def _around(k: Any, name: str, row: Row) -> Any:
    """A compiled model of one layer and a Dense layer behind it."""
    arrays = inputs(row)
    several = isinstance(arrays, list)
    tensors = [
        k.Input(array.shape[1:], dtype="int32" if row.classes else "float32", name=f"x{number}")
        for number, array in enumerate(arrays if several else [arrays])
    ]
    layer = _constructed(k, name, row)
    if row.adapts and hasattr(layer, "update_state"):
        layer.update_state(arrays)
        layer.finalize_state()
    elif row.adapts:
        layer.adapt(arrays)
    y = layer(tensors if several else tensors[0])
    if str(y.dtype) != "float32":
        y = k.ops.cast(y, "float32")
    if len(y.shape) == 1:
        y = k.layers.Reshape((1,))(y)
    y = k.layers.Dense(2)(y)
    if len(y.shape) > 2:
        y = k.ops.mean(y, axis=list(range(1, len(y.shape) - 1)))
    model = k.Model(tensors if several else tensors[0], y)
    model.compile(k.optimizers.SGD(0.001, momentum=0.9), "mse", metrics=["mae"], run_eagerly=True)
    return model


@pytest.mark.parametrize(("writer", "reader"), WAYS)
@pytest.mark.parametrize(("name", "row"), CASES)
@pytest.mark.filterwarnings("ignore:the loss does not depend on reverse_embeddings")
def test_layers(name: str, row: Row, writer: Any, reader: Any, tmp_path: Any) -> None:
    model = _around(writer, name, row)
    x = inputs(row)
    y = OUTPUT[: len(x[0] if isinstance(x, list) else x)]
    train(model, x, y)
    again = travelled(model, reader, tmp_path / "model.keras")
    if name in WITHOUT_A_NEXT_STEP:
        assert_alike(model, again, x)
    else:
        assert_goes_on(model, again, x, y)
