"""Keras's global settings and what follows from them."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.keras import config, settings


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_SETTINGS", settings._Settings())


def small_model() -> Any:
    model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def test_values() -> None:
    assert (config.floatx(), config.epsilon(), config.backend()) == ("float32", 1e-7, "lamina")
    config.set_floatx("float64")
    assert tf.keras.layers.Dense(1).dtype == "float64"
    config.set_epsilon(1e-3)
    assert config.epsilon() == tf.keras.backend.epsilon() == 1e-3
    config.set_image_data_format("channels_first")
    assert tf.keras.backend.image_data_format() == "channels_first"
    config.set_backend("tensorflow")
    assert tf.keras.backend.backend() == "tensorflow"


@pytest.mark.parametrize(
    ("setter", "value", "message"),
    [
        ("set_floatx", "int32", "'float16', 'float32' or 'float64'; got 'int32'"),
        ("set_floatx", "bfloat16", "does not compute in bfloat16"),
        ("set_image_data_format", "NHWC", "channels_last"),
        ("set_backend", "jax", "lamina computes by itself"),
        ("set_max_epochs", 0, "positive integer or None; got 0"),
        ("set_max_steps_per_epoch", True, "positive integer or None; got True"),
    ],
)
def test_what_cannot_be_set(setter: str, value: Any, message: str) -> None:
    with pytest.raises((ValueError, NotImplementedError), match=message):
        getattr(config, setter)(value)


def test_epochs_are_limited() -> None:
    config.set_max_epochs(2)
    model = small_model()
    history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=5, verbose=0)
    assert len(history.history["loss"]) == 2


def test_limits_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_MAX_EPOCHS", "3")
    assert settings._Settings().max_epochs == 3
    monkeypatch.setenv("KERAS_MAX_EPOCHS", "many")
    with pytest.raises(ValueError, match="KERAS_MAX_EPOCHS is a number; got 'many'"):
        settings._Settings()


def test_without_interactive_logging_lines_go_to_the_log(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    config.disable_interactive_logging()
    with caplog.at_level(logging.INFO, "lamina"):
        small_model().fit(np.ones((4, 2)), np.ones((4, 1)), verbose=1)
    assert capsys.readouterr().out == ""
    assert any("loss" in record.getMessage() for record in caplog.records)


def test_traceback_filtering_is_remembered() -> None:
    config.disable_traceback_filtering()
    assert not config.is_traceback_filtering_enabled()


def test_what_is_not_there_says_why() -> None:
    with pytest.raises(AttributeError, match="attention is outside"):
        _ = config.enable_flash_attention
    with pytest.raises(AttributeError, match="Did you mean 'floatx'"):
        _ = config.float_x
