"""tf.summary: what is written where, at which step, eagerly and in traced functions."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import ArgumentTypeError, InvalidArgumentError
from lamina.core.events import CURRENT


class Written:
    """Stands in for an event file: keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []

    def __getattr__(self, kind: str) -> Any:
        def write(tag: str, value: Any, step: int, *rest: Any) -> None:
            self.events.append((kind, tag, np.asarray(value).tolist(), step))

        return write

    def flush(self) -> None:
        self.events.append(("flush",))


@pytest.fixture
def writer() -> Iterator[Any]:
    events = Written()
    made = tf.summary.SummaryWriter(events)  # type: ignore[arg-type]
    made.events = events.events  # type: ignore[attr-defined]
    yield made
    assert CURRENT.writer is None and CURRENT.step is None and CURRENT.records is True


def test_summaries_go_to_the_writer_in_force(writer: Any) -> None:
    assert tf.summary.scalar("outside", 1.0, step=1) is False
    with writer.as_default(step=5):
        assert tf.summary.scalar("loss", 0.5) is True
        with tf.name_scope("part"):
            tf.summary.histogram("weights", [1, 2], step=7)
        tf.summary.text("note", "good", step=8)
        tf.summary.image("picture", np.zeros((1, 1, 1, 1)), step=9)
        assert tf.summary.experimental.get_step() == 5
    assert writer.events == [
        ("scalar", "loss", 0.5, 5),
        ("histogram", "part/weights", [1, 2], 7),
        ("text", "note", "good", 8),
        ("image", "picture", [[[[0.0]]]], 9),
        ("flush",),
    ]


def test_a_step_is_needed(writer: Any) -> None:
    with writer.as_default(), pytest.raises(InvalidArgumentError, match="needs a step"):
        tf.summary.scalar("loss", 0.5)
    with writer.as_default(), pytest.raises(ArgumentTypeError, match="expects texts; got int"):
        tf.summary.text("note", 3, step=1)


def test_a_traced_function_writes_in_each_run(writer: Any) -> None:
    step = tf.Variable(0, dtype=tf.int64)

    @tf.function
    def train(x: Any) -> Any:
        step.assign_add(1)
        tf.summary.scalar("double", 2 * x)
        with tf.summary.record_if(lambda: x > 1):
            tf.summary.scalar("large", x, step=step)
        return x

    with writer.as_default():
        tf.summary.experimental.set_step(step)
        for number in (1.0, 2.0):
            train(tf.constant(number))
    assert writer.events == [
        ("scalar", "double", 2.0, 1),
        ("scalar", "double", 4.0, 2),
        ("scalar", "large", 2.0, 2),
        ("flush",),
    ]


def test_what_is_not_wanted_is_not_written(writer: Any) -> None:
    assert not tf.summary.should_record_summaries()
    with writer.as_default(step=1), tf.summary.record_if(False):
        assert not tf.summary.should_record_summaries()
        tf.summary.scalar("loss", 0.5)
        with tf.summary.record_if(lambda: True):
            assert tf.summary.should_record_summaries()
            tf.summary.scalar("inner", 1.0)
        with tf.summary.create_noop_writer().as_default():
            tf.summary.scalar("nowhere", 1.0)
        with tf.summary.experimental.summary_scope("a") as (tag, scope):
            assert (tag, scope) == ("a", "a/")
        tf.summary.flush()
    assert writer.events == [("scalar", "inner", 1.0, 1), ("flush",), ("flush",)]
    tf.summary.flush(writer)
    assert writer.events[-1] == ("flush",)


def test_traces_are_refused() -> None:
    with pytest.raises(AttributeError, match="LAMINA_DEBUG"):
        tf.summary.trace_on()


def test_tensorboard_reads_the_file(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    written = tf.summary.create_file_writer(tmp_path, filename_suffix=".x", flush_millis=10)
    written.set_as_default()
    try:
        tf.summary.scalar("loss", 0.5, step=3)
    finally:
        CURRENT.writer = None
        written.close()
    found = EventAccumulator(str(tmp_path))
    found.Reload()
    assert [event.step for event in found.Tensors("loss")] == [3]
    assert next(iter(tmp_path.iterdir())).name.endswith(".x")


SEARCH = """
import sys
import numpy as np
import tensorflow as tf
from tensorboard.plugins.hparams import api as hp

UNITS = hp.HParam("units", hp.Discrete([4, 8]))
folder = sys.argv[1]
with tf.summary.create_file_writer(folder).as_default():
    hp.hparams_config(hparams=[UNITS], metrics=[hp.Metric("mse")])
chosen = {UNITS: 4}
model = tf.keras.Sequential([tf.keras.layers.Dense(chosen[UNITS]), tf.keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(
    np.ones((8, 3)), np.ones((8, 1)), verbose=0, callbacks=[hp.KerasCallback(folder, chosen)]
)
with tf.summary.create_file_writer(folder).as_default():
    tf.summary.scalar("mse", 0.5, step=1)
"""


def test_scripts_write_hyperparameters_with_the_plugin_of_tensorboard(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import metadata

    (tmp_path / "search.py").write_text(SEARCH)
    command = [sys.executable, "-m", "lamina", "run", "search.py", "logs"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=100)
    found = EventAccumulator(str(tmp_path / "logs"))
    found.Reload()
    parse = {
        "_hparams_/experiment": metadata.parse_experiment_plugin_data,
        "_hparams_/session_start_info": metadata.parse_session_start_info_plugin_data,
        "_hparams_/session_end_info": metadata.parse_session_end_info_plugin_data,
    }
    said = {t: p(found.SummaryMetadata(t).plugin_data.content) for t, p in parse.items()}
    experiment, start, end = said.values()
    assert [info.name for info in experiment.hparam_infos] == ["units"]
    assert start.hparams["units"].number_value == 4 and end.end_time_secs > start.start_time_secs


def test_a_tensor_for_a_plugin(tmp_path: Path) -> None:
    proto = pytest.importorskip("tensorboard.compat.proto.summary_pb2")
    from tests.unit.core.test_events import plugin, read, values

    data = proto.SummaryMetadata.PluginData(plugin_name="mine")
    with tf.summary.create_file_writer(tmp_path).as_default():
        assert tf.summary.write("t", [[1.0, 2.0]], step=4, metadata=proto.SummaryMetadata(
            plugin_data=data
        ))  # fmt: skip
        with pytest.raises(InvalidArgumentError, match="Summary in binary form"):
            tf.summary.experimental.write_raw_pb(b"\xff\xff", step=0)
    found = read(tmp_path)
    assert plugin(found, "t") == "mine" and values(found, "t")[4].tolist() == [[1.0, 2.0]]


def test_tensors_as_protocol_buffers() -> None:
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    for value in (1.5, [[1, 2]], np.arange(6, dtype=np.float64).reshape(2, 3), tf.constant([1.0])):
        there = tf.make_ndarray(tf.make_tensor_proto(value))
        assert there.dtype == tf.constant(value).numpy().dtype
        np.testing.assert_array_equal(there, np.asarray(value))
    assert tf.make_ndarray(tf.make_tensor_proto("ä")).item() == "ä".encode()
    assert tf.make_ndarray(tf.make_tensor_proto(7, shape=(2, 2))).tolist() == [[7, 7], [7, 7]]
    with pytest.raises(InvalidArgumentError, match=r"shape \(2, 2\) is asked for"):
        tf.make_tensor_proto([1, 2, 3], shape=(2, 2))
