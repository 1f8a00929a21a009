"""Small files that are meant to keep a reader busy: each is described in little time, and told."""

from __future__ import annotations

import io
import json
import struct
import time
import zlib

import h5py
import numpy as np
import pytest

from lamina.inspection import inspect
from tests.unit.inspection import files

MANY = 12_000


def _layers(describe):
    """A configuration of many layers, each as `describe(number)` has it."""
    layers = [describe(number) for number in range(MANY)]
    return json.dumps({"class_name": "Sequential", "config": {"layers": layers}}).encode()


def _configured(describe):
    return lambda path: files.write(path / "m.keras", config=_layers(describe))


def _pickle(folder):
    path = folder / "m.pkl"
    path.write_bytes(b"".join(b"cos\nn%d\n0" % number for number in range(MANY)) + b".")
    return path


def _one_member_many_times(name, content, times):
    """An archive whose list names one packed member again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(content) + packer.flush()
    sizes = (zlib.crc32(content), len(packed), len(content), len(name))
    archive = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 0, *sizes, 0) + name + packed
    start = len(archive)
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 8, 0, 0, *sizes, *[0] * 6) + name
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, times, times, len(entry) * times, start, 0)
    return archive + entry * times + end


def _pickles(folder):
    path = folder / "m.zip"
    path.write_bytes(_one_member_many_times(b"a.pkl", b"N0" * 60_000 + b"N.", 500))
    return path


def _arrays(folder):
    content = io.BytesIO()
    np.save(content, np.zeros(2**23, np.float32))
    path = folder / "m.npz"
    path.write_bytes(_one_member_many_times(b"a.npy", content.getvalue(), 500))
    return path


def _tensors(folder):
    """Many arrays that are all of the file."""
    count = 2**20
    entry = {"dtype": "F32", "shape": [count], "data_offsets": [0, 4 * count]}
    header = json.dumps(dict.fromkeys(map(str, range(5000)), entry)).encode()
    path = folder / "m.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4 * count))
    return path


def _deep(folder):
    path = folder / "m.weights.h5"
    with h5py.File(path, "w") as h5:
        group = h5
        for _ in range(300):
            group = group.create_group("layers")
        group.create_dataset("0", data=[1.0])
    return path


def _axes(folder):
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (" + b"1, " * 3000 + b")}\n"
    path = folder / "m.npy"
    path.write_bytes(b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + bytes(4))
    return path


def _behind_a_number(folder):
    """Code in a file, behind a number that has no float."""
    layers = [
        {"class_name": "Dense", "config": {"units": int("9" * 4000)}},
        {"class_name": "__lambda__", "config": {"code": files.CODE}},
    ]
    config = {"class_name": "Sequential", "config": {"layers": layers}}
    return files.write(folder / "m.keras", config=json.dumps(config).encode())


ENDLESS = {
    "names of modules": (
        _configured(lambda n: {"class_name": "A", "module": f"os{n}", "config": {}}),
        "more of that",
    ),
    "unknown classes": (
        _configured(lambda n: {"class_name": f"A{n}", "config": {}}),
        "more of that",
    ),
    "names of files": (
        _configured(lambda n: {"class_name": "Dense", "config": {"path": f"/etc/{n}"}}),
        "more of that",
    ),
    "imports of a pickle": (_pickle, "more of that"),
    "pickles in one another": (_pickles, "10 are looked into"),
    "arrays in one another": (_arrays, "members named 'a.npy'"),
    "tensors in one another": (_tensors, "an array over another"),
    "groups in one another": (_deep, "too deep"),
    "axes": (_axes, "its shape is"),
    "code behind a number": (_behind_a_number, "Python code in the file"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_files_without_end_are_described_in_time(name, tmp_path):
    make, told = ENDLESS[name]
    path = make(tmp_path)
    began = time.process_time()
    found = inspect(path, statistics=True)
    assert time.process_time() - began < 5
    assert found.suspicious
    assert told in json.dumps(found.to_json())
    assert len(found.findings) <= 3 * 201
