"""Changes to files that keep them readable: JSON stays JSON, archives stay archives, HDF5 HDF5."""

from __future__ import annotations

import io
import json
import random
import warnings
import zipfile
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np

from lamina.keras.saving.checked_hdf5 import checked_hdf5

Mutate = Callable[[bytes, random.Random], bytes]

_NUMBERS = (0, 1, -1, 2, 7, 2**31, 2**62, 10**400, -(2**63), 0.5, -0.0, 1e308, float("nan"))
_TEXTS = ("", "a", "../../x", "/etc/passwd", "relu", "Dense", "os.system", "\x1b[31m", "(a+)+$")
_FUNCTION = {"module": "os", "class_name": "function", "config": "system"}
_CODE = {"class_name": "__lambda__", "config": {"value": ["4wEAAAA=", None, None]}}
_ARRAY = {"class_name": "__numpy__", "config": {"value": [[1, 2]], "dtype": "float32"}}
_VALUES = (None, True, False, [], {}, [[]], *_NUMBERS, *_TEXTS, _FUNCTION, _CODE, _ARRAY)

names: list[str] = []
"""Names that configurations may have; the targets fill it with what is registered."""


# Bytes --------------------------------------------------------------------------------------------


def mutate_bytes(data: bytes, rng: random.Random) -> bytes:
    """A few bytes changed, taken out, put in or repeated."""
    content = bytearray(data or b"\0")
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        place = rng.randrange(len(content) or 1)
        kind = rng.randrange(5)
        if kind == 0 and content:
            content[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            content[place : place + 1] = bytes([rng.choice((0, 1, 127, 128, 255))])
        elif kind == 2:
            size = rng.choice((2, 4, 8))
            number = rng.choice((0, 1, 2**15, 2**31 - 1, 2**31, 2**63 - 1, 2**64 - 1, 255))
            content[place : place + size] = (number % 256**size).to_bytes(size, "little")
        elif kind == 3:
            del content[place : place + rng.choice((1, 4, 64, len(content)))]
        else:
            piece = content[place : place + rng.choice((1, 8, 64))]
            other = rng.randrange(len(content) or 1)
            content[other : other + len(piece) * rng.randrange(2)] = piece
    return bytes(content)


# JSON ---------------------------------------------------------------------------------------------


def mutate_json(data: bytes, rng: random.Random) -> bytes:
    """One or a few values of a JSON text changed, moved, doubled, removed or wrapped."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return mutate_bytes(data, rng)
    try:
        for _ in range(rng.choice((1, 1, 1, 2, 5))):
            value = _changed(value, rng)
        return json.dumps(value).encode()
    except (ValueError, RecursionError):  # deeper than `json` writes
        return data


def places_of(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a JSON value."""
    found, waiting = [], [value]
    while waiting and len(found) < 20_000:
        item = waiting.pop()
        keys = item if isinstance(item, dict) else range(len(item))
        for key in list(keys):
            found.append((item, key))
            if isinstance(item[key], (dict, list)):
                waiting.append(item[key])
    return found


def _changed(value: Any, rng: random.Random) -> Any:
    places = places_of(value) if isinstance(value, (dict, list)) else []
    if not places:
        return rng.choice(_VALUES)
    container, key = rng.choice(places)
    kind = rng.randrange(9)
    if kind < 3:
        container[key] = json.loads(json.dumps(rng.choice(_VALUES)))
    elif kind == 3:
        other, place = rng.choice(places)
        container[key] = json.loads(json.dumps(other[place]))
    elif kind == 4:
        del container[key]
    elif kind == 5 and isinstance(container, list):
        container.insert(rng.randrange(len(container) + 1), json.loads(json.dumps(container[key])))
    elif kind == 6 and isinstance(container, dict):
        container[rng.choice(names or _TEXTS)] = container.pop(key)
    elif kind == 7:
        for _ in range(rng.choice((1, 3, 300))):
            container[key] = [container[key]] if rng.randrange(2) else {"config": container[key]}
    else:
        container[key] = rng.choice(names or _TEXTS)
    return value


# Archives -----------------------------------------------------------------------------------------


def mutate_archive(inside: dict[str, Mutate]) -> Mutate:
    """A change of one member, by the ending of its name, or of how the archive lists them."""

    def mutate(data: bytes, rng: random.Random) -> bytes:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                infos = archive.infolist()
                if any(info.file_size > 2**22 for info in infos) or len(infos) > 200:
                    return mutate_bytes(data, rng)
                members = [(info.filename, archive.read(info)) for info in infos]
        except Exception:  # not an archive any more: whatever its reader raises
            return mutate_bytes(data, rng)
        if not members or not rng.randrange(6):
            return mutate_bytes(data, rng)
        place = rng.randrange(len(members))
        name, content = members[place]
        kind = rng.randrange(12)
        if kind == 0:
            members.append((name, content))
        elif kind == 1:
            members.pop(place)
        elif kind == 2:
            members[place] = (rng.choice((*_TEXTS, f"assets/{name}", name + "/")), content)
        else:
            change = next((inside[e] for e in inside if name.endswith(e)), mutate_bytes)
            members[place] = (name, change(content, rng))
        return packed(members, rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))

    return mutate


def packed(members: list[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A zip archive of members, which may have the same name."""
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(content, "w", compression) as archive:
            for name, text in members:
                archive.writestr(zipfile.ZipInfo(name or "x"), text, compression)
    return content.getvalue()


# HDF5 ---------------------------------------------------------------------------------------------


def mutate_hdf5(data: bytes, rng: random.Random) -> bytes:
    """Half of the time bytes, for these keep HDF5's headers; else what a dataset or group is."""
    if rng.randrange(2):
        return mutate_bytes(data, rng)
    content = io.BytesIO(data)
    try:
        with checked_hdf5(io.BytesIO(data), "the input"):
            pass  # libhdf5 itself may break on what an earlier change has damaged
        with h5py.File(content, "r+") as file:
            paths: list[str] = []
            file.visit(paths.append)
            if not paths:
                return mutate_bytes(data, rng)
            _change_item(file, rng.choice(paths), rng)
    except Exception:  # whatever is raised of what is damaged
        return mutate_bytes(data, rng)
    return content.getvalue()


def _change_item(file: Any, path: str, rng: random.Random) -> None:
    kind = rng.randrange(8)
    item = file[path]
    if kind == 0:
        del file[path]
    elif kind == 1:
        other = rng.choice(list(file))
        del file[path]
        file[path] = rng.choice((h5py.SoftLink("/" + other), h5py.ExternalLink("x.h5", "/")))
    elif kind == 2:
        file[f"{path}_more"] = item  # the same thing a second time
    elif kind == 3:
        for name in list(item.attrs)[:1] or ["name"]:
            item.attrs[name] = rng.choice((b"", b"{}", [b"a", b"b"], 2**40, np.ones((3, 3))))
    elif kind == 4 and item.attrs:
        name = rng.choice(list(item.attrs))
        if isinstance(text := item.attrs[name], (str, bytes)):
            encoded = text.encode() if isinstance(text, str) else text
            item.attrs[name] = mutate_json(encoded, rng)
    else:
        _replace(file, path, rng)


def _replace(file: Any, path: str, rng: random.Random) -> None:
    item = file[path]
    shape = getattr(item, "shape", ()) or (1,)
    del file[path]
    dtype = rng.choice(["f4", "f8", "i1", "u8", "S4", "c8", "b1", h5py.string_dtype()])
    shape = rng.choice([shape, shape[:-1], (*shape, 2), (2**20, 2**30), (0,)])
    chunks = rng.choice([None, None, tuple(min(max(size, 1), 64) for size in shape)])
    file.create_dataset(path, shape, dtype, chunks=chunks if shape else None)
