"""HDF5 files that point elsewhere, claim more than they have, or unpack to too much."""

from __future__ import annotations

import functools
import io
import json
import re
import struct
import zlib
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np

from lamina.core.errors import OpError
from tests.fuzz.targets import TARGETS

from .attack import Attack

KERNEL, BIAS = "layers/dense/vars/0", "layers/dense/vars/1"
_READ, _BOMB = "CVE-2026-1669", "CVE-2026-0897"  # files of the host read; memory


def weights(change: Callable[[Any], Any], kind: str = "weights") -> bytes:
    """A file of weights, or of a model (Keras 2), in which something was changed."""
    content = io.BytesIO(TARGETS[kind].seeds()[0])
    with h5py.File(content, "r+") as file:
        change(file)
    return content.getvalue()


def _instead(path: str, make: Callable[[Any], Any], kind: str = "weights") -> bytes:
    def change(file: Any) -> None:
        del file[path]
        made = make(file)
        if made is not None:
            file[path] = made

    return weights(change, kind)


def external_link() -> bytes:
    return _instead(KERNEL, lambda file: h5py.ExternalLink("/etc/passwd", "/"))


def external_link_of_a_group() -> bytes:
    return _instead("layers", lambda file: h5py.ExternalLink("other.weights.h5", "/layers"))


def external_link_of_an_old_layer() -> bytes:
    link = h5py.ExternalLink("other.h5", "/model_weights")
    return _instead("model_weights", lambda file: link, "hdf5")


def soft_link() -> bytes:
    return _instead("layers/dense", lambda file: h5py.SoftLink("/layers"))


def soft_link_to_itself() -> bytes:
    return _instead("layers/dense/vars", lambda file: h5py.SoftLink("/layers/dense/vars"))


def group_in_itself() -> bytes:
    return _instead("layers/dense/vars", lambda file: file["layers"])


def _dataset(**arguments: Any) -> bytes:
    def make(file: Any) -> None:
        file.create_dataset(KERNEL, **arguments)

    return _instead(KERNEL, make)


def numbers_in_another_file() -> bytes:
    return _dataset(shape=(4, 3), dtype="f4", external=[("/etc/passwd", 0, 48)])


def virtual_dataset() -> bytes:
    layout = h5py.VirtualLayout((4, 3), np.float32)
    layout[:] = h5py.VirtualSource("/etc/passwd", "data", (4, 3))
    return _instead(KERNEL, lambda file: file.create_virtual_dataset(KERNEL, layout) and None)


def numbers_that_are_nowhere() -> bytes:
    return _dataset(shape=(4, 3), dtype="f4", fillvalue=7)


def terabyte_of_fill_values() -> bytes:
    return _dataset(shape=(2**20, 2**20), dtype="f4", fillvalue=7, chunks=(512, 512))


def absurd_shape() -> bytes:
    return _dataset(shape=(2**30, 2**30), dtype="f4")


def many_claims_below_a_limit() -> bytes:
    def change(file: Any) -> None:
        for number in range(10):
            file.create_dataset(f"more/{number}", (2**21,), "f8", chunks=(2**17,))

    return weights(change)


def blocks_larger_than_the_whole() -> bytes:
    return _dataset(
        shape=(4, 3), dtype="f4", maxshape=(None, None), chunks=(4096, 1024), compression="gzip"
    )


def _stored_block(content: bytes) -> bytes:
    def make(file: Any) -> None:
        made = file.create_dataset(KERNEL, (4, 3), "f4", chunks=(4, 3), compression="gzip")
        made.id.write_direct_chunk((0, 0), content)

    return _instead(KERNEL, make)


def block_that_is_a_bomb() -> bytes:
    return _stored_block(zlib.compress(bytes(2**26), 9))


def block_that_is_damaged() -> bytes:
    return _stored_block(b"no deflated data at all")


def block_that_is_too_short() -> bytes:
    return _stored_block(zlib.compress(bytes(12)))


def filter_in_a_plug_in() -> bytes:
    def make(file: Any) -> None:
        settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        settings.set_chunk((4, 3))
        settings.set_filter(h5py.h5z.FILTER_LZF, h5py.h5z.FLAG_OPTIONAL, (4, 0, 48))
        space = h5py.h5s.create_simple((4, 3))
        kind = h5py.h5t.IEEE_F32LE
        made = h5py.h5d.create(file.id, KERNEL.encode(), kind, space, settings)
        made.write_direct_chunk((0, 0), bytes(48))

    data = _instead(KERNEL, make)
    place = data.rfind((32000).to_bytes(2, "little"), 0, data.index(b"lzf"))
    return data[:place] + (32021).to_bytes(2, "little") + data[place + 2 :]


def deflated_twice() -> bytes:
    def make(file: Any) -> None:
        settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        settings.set_chunk((4, 3))
        for _ in range(2):
            settings.set_deflate(9)
        space = h5py.h5s.create_simple((4, 3))
        made = h5py.h5d.create(file.id, KERNEL.encode(), h5py.h5t.IEEE_F32LE, space, settings)
        made.write_direct_chunk((0, 0), zlib.compress(zlib.compress(bytes(48))))

    return _instead(KERNEL, make)


def texts_of_any_length() -> bytes:
    return _dataset(shape=(4, 3), dtype=h5py.string_dtype())


def references() -> bytes:
    return _dataset(shape=(4, 3), dtype=h5py.ref_dtype)


def records() -> bytes:
    return _dataset(data=np.zeros((4, 3), [("a", "f4"), ("b", "f4", (2**10,))]))


def values_of_a_megabyte() -> bytes:
    return _dataset(shape=(4, 3), dtype="S1048576")


def named_type() -> bytes:
    return weights(lambda file: file.__setitem__("layers/type", np.dtype("f4")))


def deep_groups() -> bytes:
    return weights(lambda file: file.create_group("/".join("a" * 150)))


def attribute_that_repeats_a_text() -> bytes:
    def change(file: Any) -> None:
        kind = h5py.string_dtype()
        file.attrs.create("layer_names", ["x"] * 4000, dtype=kind)
        for number in range(40):
            file.attrs.create(f"more{number}", ["y" * 4000] * 5, dtype=kind)

    return weights(change)


def attributes_that_share_a_text() -> bytes:
    """Each claims little, but all have the text of a megabyte that the first one has."""

    def change(file: Any) -> None:
        kind = h5py.string_dtype()
        file.attrs.create("long", "x" * 1_000_001, dtype=kind)
        for number in range(20):
            file.attrs.create(f"layer_names{number}", ["y" * 1007] * 10, dtype=kind)

    def places(length: int) -> bytes:  # which a text's length begins, then heap and index
        return re.escape(struct.pack("<I", length)) + rb"(?!\0{4}).{4}\0{4}..\0\0"

    content = weights(change)
    long = re.findall(places(1_000_001), content, re.DOTALL)[0]
    return re.sub(places(1007), lambda _: long, content, flags=re.DOTALL)


def attribute_of_references() -> bytes:
    return weights(lambda file: file.attrs.__setitem__("layer_names", file["layers"].ref))


@functools.cache
def _good() -> bytes:
    return TARGETS["weights"].seeds()[0]


def begins_with_something_else() -> bytes:
    return bytes(512) + _good()


def ends_early() -> bytes:
    return _good()[:-600]


def heap_that_never_ends() -> bytes:
    """A heap of texts whose free space is 0 bytes long; found by the fuzzer."""
    content = bytearray(TARGETS["hdf5"].seeds()[0])
    heap = content.index(b"GCOL")
    place = heap + 16
    while content[place : place + 2] != b"\0\0":
        size = int.from_bytes(content[place + 8 : place + 16], "little")
        place += 16 + -(-size // 8) * 8
    content[place + 8 : place + 16] = bytes(8)
    return bytes(content)


def superblock_of_the_future() -> bytes:
    return _good()[:8] + b"\x63" + _good()[9:]


def _listed(*files: Any) -> bytes:
    places = {f"/layers/dense{number or ''}": name for number, name in enumerate(files)}
    return json.dumps({"metadata": {"total_size": 1}, "weight_map": places}).encode()


def shard_of_another_folder() -> bytes:
    return _listed("../secret.weights.h5")


def shard_of_the_host() -> bytes:
    return _listed("/etc/secret.weights.h5")


def shard_on_another_drive() -> bytes:
    return _listed("C:secret.weights.h5")


def shard_of_half_a_letter() -> bytes:
    return _listed("\ud800.weights.h5")


def shard_with_an_end_in_its_name() -> bytes:
    return _listed("a\0.weights.h5")


def shard_that_is_no_name() -> bytes:
    return _listed([{"a": 1}])


def shards_without_end() -> bytes:
    return _listed([f"{number}.weights.h5" for number in range(1001)])


_LINK, _ELSEWHERE = "is a link to another place or file", "has its numbers in another file"
_ABSENT, _TYPE = "its numbers are not in the file", "holds neither numbers nor text"
_W = "weights"
ATTACKS = [
    Attack("GHSA-27f4-p4xq-cxg8", _W, external_link, _LINK),
    Attack("GHSA-27f4-p4xq-cxg8", _W, external_link_of_a_group, _LINK),
    Attack("GHSA-27f4-p4xq-cxg8", "hdf5", external_link_of_an_old_layer, _LINK),
    Attack(_READ, _W, numbers_in_another_file, _ELSEWHERE),
    Attack(_READ, _W, virtual_dataset, _ELSEWHERE),
    Attack("CWE-59", _W, soft_link, _LINK),
    Attack("CWE-835", _W, soft_link_to_itself, _LINK),
    Attack("CWE-835", _W, group_in_itself, "is a group inside of itself"),
    Attack(_BOMB, _W, numbers_that_are_nowhere, _ABSENT),
    Attack(_BOMB, _W, terabyte_of_fill_values, r"claims 4,398,046,511,104 bytes"),
    Attack(_BOMB, _W, absurd_shape, r"claims 4,611,686,018,427,387,904 bytes"),
    Attack(_BOMB, _W, many_claims_below_a_limit, _ABSENT),
    Attack(_BOMB, _W, blocks_larger_than_the_whole, "in blocks larger than itself"),
    Attack("CWE-409", _W, block_that_is_a_bomb, "a block of another size than it claims"),
    Attack("CWE-409", _W, block_that_is_damaged, "has a damaged block"),
    Attack("CWE-409", _W, block_that_is_too_short, "a block of another size than it claims"),
    Attack("CWE-409", _W, deflated_twice, r"packed by the filters \[1, 1\]"),
    Attack("CWE-426", _W, filter_in_a_plug_in, r"packed by the filters \[32021\]; only deflate"),
    Attack("CWE-843", _W, texts_of_any_length, _TYPE),
    Attack("CWE-843", _W, references, _TYPE),
    Attack("CWE-843", _W, records, _TYPE),
    Attack("CWE-789", _W, values_of_a_megabyte, "holds values of 1,048,576 bytes"),
    Attack("CWE-843", _W, named_type, "is neither a group nor numbers"),
    Attack("CWE-674", _W, deep_groups, "more than 100 groups deep"),
    Attack("CWE-789", _W, attribute_that_repeats_a_text, r"claims 4,000 values"),
    Attack("CWE-409", _W, attributes_that_share_a_text, "have texts of [0-9,]+ bytes"),
    Attack("CWE-843", _W, attribute_of_references, _TYPE),
    Attack("CWE-436", _W, begins_with_something_else, "does not begin as one"),
    Attack("truncated", _W, ends_early, "is damaged: "),
    Attack("CWE-22", "shards", shard_of_another_folder, "in the folder of the list", OpError),
    Attack("CWE-22", "shards", shard_of_the_host, "in the folder of the list", OpError),
    Attack("CWE-22", "shards", shard_on_another_drive, "in the folder of the list"),
    Attack("CWE-20", "shards", shard_of_half_a_letter, "in the folder of the list"),
    Attack("CWE-158", "shards", shard_with_an_end_in_its_name, "in the folder of the list"),
    Attack("CWE-20", "shards", shard_that_is_no_name, "is no list of weights in several files"),
    Attack("CWE-400", "shards", shards_without_end, "at most 1,000 are read"),
    Attack("CWE-835", "hdf5", heap_that_never_ends, "texts at byte [0-9,]+ can't be walked"),
    Attack("damaged", _W, superblock_of_the_future, "is damaged: "),
]
