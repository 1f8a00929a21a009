"""Event files, read with TensorBoard's own reader."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lamina.core.errors import FailedPreconditionError, InvalidArgumentError, MissingPackageError
from lamina.core.events import CURRENT, EventWriter

pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")


def read(folder: Path) -> Any:
    """What TensorBoard finds in a folder."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    found.Reload()
    return found


def values(found: Any, tag: str) -> dict[int, Any]:
    """The tensors of a tag by step."""
    from tensorboard.util.tensor_util import make_ndarray

    return {event.step: make_ndarray(event.tensor_proto) for event in found.Tensors(tag)}


def plugin(found: Any, tag: str) -> str:
    name: str = found.SummaryMetadata(tag).plugin_data.plugin_name
    return name


def test_scalars_histograms_and_texts(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path / "run")
    for step, value in enumerate((0.5, 0.25)):
        writer.scalar("loss", np.float64(value), step)
    numbers = np.r_[np.arange(60.0), np.nan, np.inf]  # what is no number is left out
    writer.histogram("weights", numbers, 3, buckets=6)
    writer.text("note", "**good**", 1)
    writer.close()
    found = read(tmp_path / "run")
    assert plugin(found, "loss") == "scalars"
    assert {step: float(value) for step, value in values(found, "loss").items()} == {
        0: 0.5,
        1: 0.25,
    }
    assert plugin(found, "weights") == "histograms"
    np.testing.assert_array_equal(values(found, "weights")[3][:, 2], [10] * 6)
    assert values(found, "note")[1].item() == b"**good**"


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_images_are_png_files(tmp_path: Path, channels: int) -> None:
    from io import BytesIO

    from matplotlib.image import imread

    pixels = np.random.default_rng(0).random((1, 5, 7, channels), np.float32)
    writer = EventWriter(tmp_path)
    writer.image("kernel", pixels, 0)
    writer.close()
    width, height, data = values(read(tmp_path), "kernel")[0]
    assert (width, height) == (b"7", b"5")
    shown = imread(BytesIO(data)).reshape(5, 7, channels)
    np.testing.assert_allclose(shown, pixels[0], atol=1 / 255)


def test_records_are_on_disk_after_flush_and_after_a_number_of_them(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path, filename_suffix=".train", max_queue=3)
    assert writer.path.endswith(".train")
    writer.scalar("a", 1, 0)
    assert "a" not in read(tmp_path).Tags()["tensors"]
    writer.flush()
    assert len(read(tmp_path).Tensors("a")) == 1
    for step in range(1, 4):
        writer.scalar("a", 1, step)
    assert len(read(tmp_path).Tensors("a")) == 4
    writer.close()
    with pytest.raises(FailedPreconditionError, match="closed"):
        writer.scalar("a", 1, 5)


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path)
    with pytest.raises(InvalidArgumentError, match="one number"):
        writer.scalar("a", [1, 2], 0)
    with pytest.raises(InvalidArgumentError, match="of numbers"):
        writer.histogram("a", ["x"], 0)
    with pytest.raises(InvalidArgumentError, match="channels"):
        writer.image("a", np.zeros((2, 2)), 0)
    writer.close()


def test_the_current_writer_may_be_told_not_to_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not CURRENT.is_recording()
    writer = EventWriter(tmp_path)
    monkeypatch.setattr(CURRENT, "writer", writer)
    assert CURRENT.is_recording()
    monkeypatch.setattr(CURRENT, "records", lambda: False)
    assert not CURRENT.is_recording()
    writer.close()


def test_the_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.record_writer", None)
    with pytest.raises(MissingPackageError, match=r"lamina\[tensorboard\]"):
        EventWriter(tmp_path)
