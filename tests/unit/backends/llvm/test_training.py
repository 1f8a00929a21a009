"""Whole trainings in native code: the same bits on every machine, and what may interrupt them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina import keras
from lamina.backends.llvm import engine

pytestmark = pytest.mark.usefixtures("native")


def data(rows: int = 300, columns: int = 23) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(rows, columns)).astype("float32")
    return x, (x.sum(1, keepdims=True) > 0).astype("float32")


def network(width: int = 16, **compiled: Any) -> Any:
    keras.utils.set_random_seed(1)
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Dense(width, activation="relu", kernel_regularizer="l2"),
            layers.Dropout(0.2),
            layers.Dense(8, activation="tanh"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(**{"optimizer": "adam", "loss": "binary_crossentropy", **compiled})
    return model


def trained(width: int = 16, epochs: int = 2, **compiled: Any) -> tuple[Any, Any, bytes]:
    model = network(width, **compiled)
    x, y = data()
    history = model.fit(x, y, batch_size=32, epochs=epochs, validation_split=0.1, verbose=0)
    weights = b"".join(np.asarray(w).tobytes() for w in model.weights)
    return model, history.history, weights


def test_lanes_and_threads_change_no_bit() -> None:
    results = []
    for lanes, threads in ((4, 1), (8, 1), (16, 1), (16, 2), (8, 3)):
        tf.config.lanes, tf.config.threads = lanes, threads
        model, history, weights = trained(300, metrics=["accuracy", "auc"])
        x = data()[0]
        together = model.predict(x, verbose=0)
        for rows in (1, 2, 3, 5, 8):
            some = [model.predict(x[at : at + rows], verbose=0) for at in range(0, 40, rows)]
            np.testing.assert_array_equal(np.concatenate(some)[:40], together[:40])
        results.append((history, weights, together.tobytes()))
    assert all(result == results[0] for result in results[1:])


@pytest.mark.parametrize("width", [16, 300])
def test_native_and_interpreted_trainings_agree(width: int) -> None:
    tf.config.threads = 2
    _, native, ours = trained(width, metrics=["accuracy"])
    tf.config.backend = "interp"
    _, interpreted, theirs = trained(width, metrics=["accuracy"])
    assert native.keys() == interpreted.keys()
    for name, values in native.items():
        np.testing.assert_allclose(values, interpreted[name], rtol=2e-5, err_msg=name)
    ours, theirs = (np.frombuffer(weights, np.float32) for weights in (ours, theirs))
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_a_structure_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config, "object_cache", "off")
    compiled = []
    compile_text = engine._compile
    monkeypatch.setattr(engine, "_compile", lambda make: compiled.append(1) or compile_text(make))
    model = network(17)
    x, y = data()
    model.fit(x, y, batch_size=32, epochs=2, verbose=0)
    model.fit(x[:77], y[:77], batch_size=50, verbose=0)  # other sizes, a short last batch
    train = len(compiled)
    assert train <= 2  # the step, the order of rows
    for rows in (1, 5, 32, 300):
        model.evaluate(x[:rows], y[:rows], verbose=0)
    assert len(compiled) == train + 1
    for rows in (1, 5, 300):
        model.predict(x[:rows], verbose=0)
        model(x[:rows])
    assert len(compiled) <= train + 3  # predict, call
    before = len(compiled)
    again = network(17)  # the same structure
    again.fit(x, y, batch_size=32, verbose=0)
    assert len(compiled) == before


def test_python_threads_train_and_predict_at_once() -> None:
    tf.config.threads = 2
    x, y = data()
    models = [network(300) for _ in range(5)]  # each with its seeds of dropout
    for model in models:
        model.build((None, 23))
        model.set_weights(models[0].get_weights())
    outputs: list[Any] = [None] * len(models)

    def work(number: int) -> None:
        model = models[number]
        model.fit(x, y, batch_size=32, epochs=2, shuffle=False, verbose=0)
        outputs[number] = [model.predict(x, verbose=0) for _ in range(20)][-1].tobytes()

    work(0)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, len(models))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(output == outputs[0] for output in outputs)


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
        check=False,
    )


PRELUDE = """
import numpy as np, lamina as tf
from lamina import keras
keras.utils.set_random_seed(1)
x = np.random.default_rng(0).normal(size=(4000, 200)).astype("float32")
y = (x.sum(1) > 0).astype("float32")
model = keras.Sequential([
    keras.layers.Dense(256, activation="relu"), keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", "binary_crossentropy")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_trains_and_predicts() -> None:
    done = run(
        PRELUDE
        + """
import os
model.fit(x, y, batch_size=256, verbose=0)
expected = model.predict(x, verbose=0)
child = os.fork()
if child == 0:
    same = np.array_equal(model.predict(x, verbose=0), expected)
    model.fit(x, y, batch_size=256, verbose=0)
    os._exit(0 if same else 1)
assert os.waitpid(child, 0)[1] == 0
assert np.array_equal(model.predict(x, verbose=0), expected)
model.fit(x, y, batch_size=256, verbose=0)
""",
        LAMINA_THREADS="2",
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_stops_training_soon_and_between_steps() -> None:
    code = textwrap.dedent(
        PRELUDE
        + """
import time
model.build((None, 200))
start = model.get_weights()
print("ready", flush=True)
try:
    model.fit(x, y, batch_size=64, epochs=100000, shuffle=False, verbose=0)
except KeyboardInterrupt:
    when = time.time()
steps = int(model.optimizer.iterations.numpy())
again = keras.models.clone_model(model)
again.compile("adam", "binary_crossentropy")
again.set_weights(start)
epochs, rest = divmod(steps, 63)  # batches in an epoch
again.fit(x, y, batch_size=64, epochs=epochs, shuffle=False, verbose=0)
if rest:
    again.fit(x[:64 * rest], y[:64 * rest], batch_size=64, shuffle=False, verbose=0)
pairs = zip(model.get_weights(), again.get_weights())
print("stopped", when, steps, all(np.array_equal(a, b) for a, b in pairs), flush=True)
"""
    )
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline().strip() == "ready"
    time.sleep(3)
    sent = time.time()
    child.send_signal(signal.SIGINT)
    word, when, steps, same = child.communicate(timeout=60)[0].split()
    assert word == "stopped"
    assert same == "True"  # the weights are those of the last whole step
    assert int(steps) > 0
    assert float(when) - sent < 0.5


def test_memory_does_not_grow_with_predictions() -> None:
    statistics = Path("/proc/self/statm")
    if not statistics.exists():
        pytest.skip("the system does not show the memory of a process there")
    model, _, _ = trained()
    one = data(1)[0]
    predict = model.predictor()

    def many(count: int) -> int:
        for _ in range(count):
            predict(one)
            model.predict(one, verbose=0)
            model(one)
        return int(statistics.read_text().split()[1])

    before = many(20_000)
    assert many(400_000) - before < 400  # pages: 1.6 MB, 4 bytes a round


def test_a_predictor_keeps_its_weights_and_takes_anything() -> None:
    model, _, _ = trained()
    x, y = data(40)
    predict = model.predictor()
    expected = model.predict(x, verbose=0)
    np.testing.assert_array_equal(predict(x), expected)
    np.testing.assert_array_equal(predict(x.astype("float64")), expected)
    np.testing.assert_array_equal(predict(x[::2]), expected[::2])
    np.testing.assert_array_equal(predict(np.asfortranarray(x)), expected)
    np.testing.assert_array_equal(predict(x.tolist()), expected)
    big = np.concatenate([x] * 50)
    np.testing.assert_array_equal(predict(big), model.predict(big, verbose=0))
    model.fit(x, y, verbose=0)
    np.testing.assert_array_equal(predict(x), expected)
    assert not np.array_equal(model.predict(x, verbose=0), expected)
    for wrong in (x[:, :3], x[0], None, "text"):
        with pytest.raises((tf.errors.OpError, TypeError)):
            predict(wrong)
    with pytest.raises(TypeError):
        predict()
    with pytest.raises(TypeError):
        predict(x, x)


def test_predictions_follow_the_weights() -> None:
    model, _, _ = trained()
    one = data(1)[0]
    before = [model.predict(one, verbose=0) for _ in range(3)][-1]
    calls = [model(one) for _ in range(3)]
    np.testing.assert_array_equal(calls[0], calls[2])
    for weight in model.trainable_weights:
        weight.assign(weight * 0.5)
    after, called = model.predict(one, verbose=0), model(one)
    np.testing.assert_allclose(after, called, rtol=1e-6)
    assert not np.array_equal(before, after)
    model.add(keras.layers.Activation("exponential"))
    np.testing.assert_allclose(model.predict(one, verbose=0), np.exp(after), rtol=1e-6)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(one))
    assert all(g is not None for g in tape.gradient(loss, model.trainable_weights))
