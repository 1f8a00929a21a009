"""Layers that draw random numbers in training: how much, for what, and how often anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lamina as tf

layers = tf.keras.layers
ONES = np.ones((400, 10, 25), np.float32)
NORMAL = np.random.default_rng(0).normal(size=(400, 10, 25)).astype(np.float32)
Maker = Callable[..., Any]
NOISY: list[Maker] = [
    lambda **k: layers.Dropout(0.3, **k),
    lambda **k: layers.SpatialDropout1D(0.3, **k),
    lambda **k: layers.AlphaDropout(0.3, **k),
    lambda **k: layers.GaussianDropout(0.3, **k),
    lambda **k: layers.GaussianNoise(0.3, **k),
]


def trained(layer: Any, x: Any = ONES) -> Any:
    return layer(x, training=True).numpy()


@pytest.mark.parametrize("make", NOISY)
def test_noise_comes_in_training_alone_and_a_seed_repeats_it(make: Maker) -> None:
    layer, same, other = make(seed=1), make(seed=1), make(seed=2)
    np.testing.assert_array_equal(layer(ONES), ONES)
    np.testing.assert_array_equal(layer(ONES, training=False), ONES)
    first = trained(layer)
    assert (first != ONES).any() and (trained(layer) != first).any()
    np.testing.assert_array_equal(trained(same), first)
    assert (trained(other) != first).any()
    assert [v.shape for v in layer.variables] == [(2,)] and layer.weights == []
    once = tf.function(lambda x: layer(x, training=True))
    assert (once(ONES).numpy() != once(ONES).numpy()).any()


def test_dropout_keeps_the_mean_of_what_it_thins() -> None:
    found = trained(layers.Dropout(0.3))
    assert set(np.unique(found)) == {np.float32(0), np.float32(1 / 0.7)}
    assert (found == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert not trained(layers.Dropout(1.0)).any()
    np.testing.assert_array_equal(trained(layers.Dropout(0)), ONES)


@pytest.mark.parametrize(
    ("layer", "axis"),
    [
        (layers.Dropout(0.5, noise_shape=(None, 1, None)), 1),
        (layers.Dropout(0.5, noise_shape=[400, 10, 1]), 2),
        (layers.Dropout(0.5, noise_shape=(1, None, None)), 0),
        (layers.SpatialDropout1D(0.5), 1),
        (layers.AlphaDropout(0.5, noise_shape=(None, None, 1)), 2),
    ],
)
def test_one_decision_holds_for_a_whole_axis(layer: Any, axis: int) -> None:
    found = trained(layer)
    assert (found == np.take(found, [0], axis)).all()
    assert np.unique(found).size == 2


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    found = trained(layers.AlphaDropout(0.2), NORMAL)
    assert found.mean() == pytest.approx(0, abs=0.02) and found.std() == pytest.approx(1, abs=0.02)
    bound = 1.7580993408473766  # α λ of SELU: what it gives to very negative numbers is -α λ
    dropped = -bound * 0.8 * (0.8 * (1 + 0.2 * bound**2)) ** -0.5
    assert np.isclose(found, dropped, rtol=1e-5).mean() == pytest.approx(0.2, abs=0.01)


def test_gaussian_noise_has_the_deviation_asked_for() -> None:
    times, plus = trained(layers.GaussianDropout(0.2)), trained(layers.GaussianNoise(0.5))
    assert times.mean() == pytest.approx(1, abs=0.01) and times.std() == pytest.approx(
        0.5, abs=0.01
    )
    assert plus.mean() == pytest.approx(1, abs=0.01) and plus.std() == pytest.approx(0.5, abs=0.01)
    for layer in (layers.GaussianDropout(0), layers.GaussianNoise(0.0), layers.AlphaDropout(0)):
        np.testing.assert_array_equal(trained(layer), ONES)
    with pytest.raises(ValueError, match="infinite variance"):
        trained(layers.GaussianDropout(1.0))


def test_activities_are_penalized_by_the_row() -> None:
    layer = layers.ActivityRegularization(l1=0.1, l2=0.2)
    np.testing.assert_array_equal(layer(NORMAL), NORMAL)
    wanted = (0.1 * np.abs(NORMAL).sum() + 0.2 * (NORMAL**2).sum()) / 400
    assert float(layer.losses[0]) == pytest.approx(wanted, rel=1e-5)
