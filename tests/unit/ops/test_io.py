"""tf.io: files, texts as bytes, lines of CSV, as TensorFlow has them."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import AlreadyExistsError, InvalidArgumentError, NotFoundError

LINES = ["1,a,2.5", "3,,", '5,"x,y",1']
DEFAULTS: list[Any] = [[0], ["d"], [0.5]]


def columns(found: list[Any]) -> list[Any]:
    return [column.numpy().tolist() for column in found]


def test_columns_of_csv() -> None:
    found = tf.io.decode_csv(LINES, DEFAULTS)
    assert columns(found) == [[1, 3, 5], [b"a", b"d", b"x,y"], [2.5, 0.5, 1.0]]
    assert [column.dtype for column in found] == [tf.int32, tf.string, tf.float32]
    plain = tf.io.decode_csv(LINES, [0, "", 0.0])
    assert columns(plain) == [[1, 3, 5], [b"a", b"", b"x,y"], [2.5, 0.0, 1.0]]
    one = tf.io.decode_csv("1;NA", [[0.0], [7.0]], field_delim=";", na_value="NA")
    assert [float(column) for column in one] == [1.0, 7.0] and one[0].shape == ()
    some = tf.io.decode_csv(LINES, [["d"], [0]], select_cols=[1, 0])
    assert columns(some) == [[b"a", b"d", b"x,y"], [1, 3, 5]]
    loose = tf.io.decode_csv(['"a'], [[""]], use_quote_delim=False)
    assert columns(loose) == [[b'"a']]
    wide = tf.io.decode_csv(["1"], [tf.constant([], tf.int64)])
    assert wide[0].dtype == tf.int64


def test_csv_in_a_dataset() -> None:
    lines = tf.data.Dataset.from_tensor_slices(LINES)
    rows = list(lines.map(lambda line: tuple(tf.io.decode_csv(line, DEFAULTS))).as_numpy_iterator())
    assert [row[0] for row in rows] == [1, 3, 5] and rows[1][1] == b"d"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["1,2"], [[0]]), "expected 1 fields; got 2"),
        ((["x"], [[0]]), "field 0 is no int32: 'x'"),
        (([""], [tf.constant([], tf.int32)]), "expected 1 fields; got 0"),
        (([","], [tf.constant([], tf.int32), [0]]), "field 0 is required"),
        ((['"a'], [[""]]), "no line of CSV"),
        ((["1"], [np.array([1], np.int8)]), "got int8"),
        ((["1"], [[0]], ",", True, "", [3]), "expected field 3"),
        ((["1"], [[0]], ",", True, "", [0, 1]), "2 columns are selected"),
    ],
)
def test_what_is_no_csv_is_named(arguments: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        tf.io.decode_csv(*arguments)


def test_files_are_written_read_and_found(tmp_path: Path) -> None:
    path = str(tmp_path / "deep" / "a.txt")
    tf.io.write_file(path, "héllo")
    assert tf.io.read_file(path).numpy() == "héllo".encode()
    tf.io.write_file(tf.constant(str(tmp_path / "deep" / "b.txt")), tf.constant("b"))
    found = tf.io.matching_files(str(tmp_path / "deep" / "*.txt")).numpy().tolist()
    assert [Path(item.decode()).name for item in found] == ["a.txt", "b.txt"]
    assert tf.io.read_file(found).numpy()[1] == b"b"
    assert tf.io.matching_files(str(tmp_path / "none*")).shape == (0,)
    with pytest.raises(NotFoundError, match="cannot read"):
        tf.io.read_file(str(tmp_path / "absent"))


def test_base64() -> None:
    texts = tf.constant(["", "a", "ab", "abc?>"])
    packed = tf.io.encode_base64(texts)
    assert packed.numpy().tolist() == [b"", b"YQ", b"YWI", b"YWJjPz4"]
    assert tf.io.encode_base64("a", pad=True).numpy() == b"YQ=="
    assert tf.io.decode_base64(packed).numpy().tolist() == texts.numpy().tolist()
    with pytest.raises(InvalidArgumentError, match="is not base64"):
        tf.io.decode_base64("a!b?")


def test_packed_strings() -> None:
    assert tf.io.decode_compressed("x").numpy() == b"x"
    for kind, pack in (("GZIP", gzip.compress), ("ZLIB", zlib.compress)):
        content = tf.constant(pack(b"text" * 9))
        assert tf.io.decode_compressed(content, kind).numpy() == b"text" * 9
    with pytest.raises(InvalidArgumentError, match="not GZIP data"):
        tf.io.decode_compressed("x", "GZIP")
    with pytest.raises(InvalidArgumentError, match="got 'LZ'"):
        tf.io.decode_compressed("x", "LZ")


def test_raw_numbers() -> None:
    found = tf.io.decode_raw([b"\1\0\2\0", b"\3\0\4\0"], tf.int16)
    assert found.numpy().tolist() == [[1, 2], [3, 4]] and found.dtype == tf.int16
    assert tf.io.decode_raw(b"\1\0", tf.int16, little_endian=False).numpy().tolist() == [256]
    cut = tf.io.decode_raw([b"\1", b"\1\2\3"], tf.uint8, fixed_length=2)
    assert cut.numpy().tolist() == [[1, 0], [1, 2]]
    with pytest.raises(InvalidArgumentError, match="strings of one length"):
        tf.io.decode_raw([b"\1", b"\1\2"], tf.uint8)


def test_the_files_of_gfile(tmp_path: Path) -> None:
    gfile = tf.io.gfile
    folder = gfile.join(str(tmp_path), "x", "y")
    gfile.makedirs(folder)
    gfile.makedirs(folder)
    path = gfile.join(folder, "a.txt")
    with gfile.GFile(path, "w") as file:
        file.write("one\ntwo\n")
    with gfile.GFile(path) as file:
        assert file.readline() == "one\n" and list(file) == ["two\n"]
        assert file.size() == 8 and file.name == path
    gfile.copy(path, path + "2")
    with pytest.raises(AlreadyExistsError, match="overwrite=True"):
        gfile.copy(path, path + "2")
    gfile.rename(path + "2", path, overwrite=True)
    assert gfile.listdir(folder) == ["a.txt"] and gfile.glob(folder + "/*.txt") == [path]
    assert gfile.isdir(folder) and gfile.exists(path) and gfile.stat(path).st_size == 8
    assert next(iter(gfile.walk(folder))) == (folder, [], ["a.txt"])
    gfile.remove(path)
    gfile.mkdir(gfile.join(folder, "z"))
    gfile.rmtree(str(tmp_path / "x"))
    assert not gfile.exists(folder)
    for call in (gfile.listdir, gfile.remove, gfile.GFile):
        with pytest.raises(NotFoundError, match="absent"):
            call(str(tmp_path / "absent"))
    for move in (gfile.copy, gfile.rename):
        with pytest.raises(NotFoundError, match="absent"):
            move(str(tmp_path / "absent"), str(tmp_path / "other"))
