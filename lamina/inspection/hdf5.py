"""HDF5 files: every array with its shape, and links or storage that lead elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from ..core import json_text
from ..core.errors import DataLossError
from ..keras.saving.checked_hdf5 import checked_hdf5, numbers_of
from ..keras.saving.heaps import check_heaps
from . import architecture
from .report import REFUSED, Inspection, Statistics, Weight

_DAMAGE = (
    *(OSError, LookupError, RuntimeError, TypeError, ValueError, AttributeError, OverflowError),
    *(SystemError, DataLossError),
)
_MOST = 100_000  # groups and arrays
_DEEPEST = 100  # groups in one another
_BLOCK = 2**20  # numbers that are read at once


def kind_of(path: str) -> str:
    """Which kind of HDF5 file is at `path`, by what Keras writes into it."""
    import h5py

    try:
        with h5py.File(path, "r") as h5:
            if "model_config" in h5.attrs:
                return "h5"
            if "layer_names" in h5.attrs:
                return "h5 weights"
            return "weights" if {"vars", "layers", "optimizer"} & set(h5) else "hdf5"
    except _DAMAGE:
        return "hdf5"


def read(file: IO[bytes], report: Inspection, where: str, statistics: bool) -> None:
    """Add the weights, and in a whole model of Keras 2 its configuration."""
    import h5py

    try:
        with checked_hdf5(file, where):
            sound = True
    except DataLossError as error:
        sound = False
        report.add("danger", REFUSED, where, str(error).removeprefix(f"{where}: "))
    try:
        with h5py.File(file, "r") as h5:
            _walk(h5, report, where, statistics and sound)
            if sound or _has_sound_heaps(file):
                _describe(h5, report, where)
            else:
                report.stop(where, "its texts can't be read, and the configuration is one")
    except _DAMAGE as error:
        report.stop(where, error)


def _has_sound_heaps(file: IO[bytes]) -> bool:
    """Whether libhdf5 comes to an end when it reads a text of the file."""
    try:
        check_heaps(file)
    except _DAMAGE:
        return False
    return True


def _walk(h5: Any, report: Inspection, where: str, statistics: bool) -> None:
    import h5py

    seen = {_address(h5)}
    waiting = [("", h5)]
    while waiting:
        path, group = waiting.pop()
        for name in _in_order(_names_in(group, report, f"{where}: /{path}")):
            inner = f"{path}/{name}" if path else name
            try:
                item = _followed(group, name, report, f"{where}: /{inner}")
                if item is None:
                    continue
                if (address := _address(item)) in seen:  # one object under two names
                    continue
                seen.add(address)
                if len(seen) > _MOST:
                    report.stop(where, f"more than {_MOST:,} objects; the rest is not read")
                    return
                if inner.count("/") >= _DEEPEST:
                    report.stop(f"{where}: /{inner}", "it lies too deep to be looked at")
                elif isinstance(item, h5py.Dataset):
                    report.weights.append(_weight(item, inner, report, where, statistics))
                elif isinstance(item, h5py.Group):
                    waiting.append((inner, item))
            except _DAMAGE as error:
                report.stop(f"{where}: /{inner}", error)
    report.weights.sort(key=lambda weight: _natural(weight.name))


def _names_in(group: Any, report: Inspection, where: str) -> Iterator[str]:
    try:
        yield from group
    except _DAMAGE as error:
        report.stop(where, error)


def _in_order(names: Iterator[str]) -> list[str]:
    return sorted(names, key=_natural)


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Numbers by their value: vars/2 before vars/10."""
    return [
        (0, int(p), "") if p.isascii() and p.isdigit() and len(p) < 10 else (1, 0, p)
        for p in name.split("/")
    ]


def _address(item: Any) -> Any:
    import h5py

    return h5py.h5o.get_info(item.id).addr


def _followed(group: Any, name: str, report: Inspection, where: str) -> Any:
    """What a name leads to inside of the file; None for links elsewhere, which are taken down."""
    import h5py

    link = group.get(name, getlink=True)
    if isinstance(link, h5py.ExternalLink):
        why = "a reader that follows it opens another file of this computer"
        report.add("danger", f"a link to the file {link.filename!r}", where, why)
        return None
    if isinstance(link, h5py.SoftLink):
        why = "Keras writes no such links; they can be made to lead round in a circle"
        report.add("warning", f"a link to {link.path!r}", where, why)
        return None
    return group[name]


def _weight(item: Any, name: str, report: Inspection, where: str, statistics: bool) -> Weight:
    """One array; `statistics` is false where the checks before loading fail."""
    shape = tuple(int(size) for size in item.shape or ())
    weight = Weight(name, shape, str(item.dtype), math.prod(shape) * item.dtype.itemsize)
    if statistics and item.dtype.kind in "fiub":
        weight.statistics = summarized(_blocks(item, name))
        _note_not_finite(weight, report, f"{where}: /{name}")
    return weight


def _blocks(item: Any, name: str) -> Iterator[np.ndarray[Any, Any]]:
    """The numbers of a dataset of a checked file; those that lie plain, a part at a time."""
    if item.ndim == 0 or item.chunks:
        yield numbers_of(item, name).ravel()
        return
    rows = max(1, _BLOCK // max(1, math.prod(item.shape[1:])))
    for start in range(0, item.shape[0], rows):
        yield np.asarray(item[start : start + rows])


def summarized(blocks: Iterator[np.ndarray[Any, Any]]) -> Statistics:
    """Least, greatest, mean of finite numbers, and how many are not finite; in float64."""
    least, greatest, total, count, bad = math.inf, -math.inf, 0.0, 0, 0
    for block in blocks:
        numbers = block.astype(np.float64).ravel()
        finite = numbers[np.isfinite(numbers)]
        bad += numbers.size - finite.size
        count += finite.size
        if finite.size:
            least, greatest = min(least, float(finite.min())), max(greatest, float(finite.max()))
            total += float(finite.sum())
    if not count:
        return Statistics(None, None, None, bad)
    return Statistics(least, greatest, total / count, bad)


def _note_not_finite(weight: Weight, report: Inspection, where: str) -> None:
    if weight.statistics is not None and weight.statistics.not_finite:
        number = weight.statistics.not_finite
        why = f"{number:,} of its numbers are; the model can predict nothing of use"
        report.add("warning", "NaN or infinite weights", where, why)


def note_not_finite(report: Inspection, where: str) -> None:
    """Take down which weights are not finite, where statistics were taken."""
    for weight in report.weights:
        _note_not_finite(weight, report, f"{where}: {weight.name}")


# Whole models, and which layer owns what ----------------------------------------------------------


def _describe(h5: Any, report: Inspection, where: str) -> None:
    weights = _followed(h5, _OLD, report, f"{where}: /{_OLD}") if _OLD in h5 else h5
    if weights is None:  # the link is taken down
        return
    for place in (h5, weights):
        for key in ("keras_version", "backend"):
            if key in place.attrs:
                report.about[key] = architecture.text_of(_text(place.attrs[key]))
    config = _json(h5, "model_config", report, where)
    if config is not None:
        architecture.read(config, report, "model_config")
    training = _json(h5, "training_config", report, where)
    if isinstance(training, dict):
        architecture.read_training(training, report)
    architecture.count_weights(report, *_grouped(report, "layer_names" in weights.attrs))


def _grouped(report: Inspection, by_name: bool) -> tuple[dict[str, list[Weight]], bool]:
    """Weights by their layer: its name in files of Keras 2, its place in those of Keras 3."""
    grouped: dict[str, list[Weight]] = {}
    for weight in report.weights:
        owner, _, _ = weight.name.rpartition("/vars/")
        if by_name:
            owner = weight.name.removeprefix(f"{_OLD}/").partition("/")[0]
        if owner.partition("/")[0] not in ("optimizer", "optimizer_weights", _TOP):
            grouped.setdefault(owner, []).append(weight)
    if by_name:
        for weights in grouped.values():  # by name: bias before kernel
            weights.sort(key=lambda weight: -len(weight.shape))
    return grouped, by_name


_OLD, _TOP = "model_weights", "top_level_model_weights"


def _json(h5: Any, name: str, report: Inspection, where: str) -> Any:
    text = h5.attrs.get(name)
    if text is None:
        return None
    return parsed(text, report, f"{where}: {name}")


def parsed(text: str | bytes, report: Inspection, where: str) -> Any:
    """JSON as plain values; None where it is damaged or huge, which is taken down."""
    try:
        return json_text.parsed(text, where)
    except DataLossError as error:
        report.stop(str(error), "")
        return None


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
