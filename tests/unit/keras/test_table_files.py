"""fit, evaluate and predict on tables in files, read whole or piece by piece."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

import lamina as tf
from lamina import keras
from lamina.core.errors import (
    InvalidArgumentError,
)
from lamina.data import tables
from lamina.keras.training.feed import Feed
from lamina.keras.training.table_feed import TableFeed
from lamina.keras.training.tables import FIT, take
from lamina.tabular import as_table
from tests.unit.keras.stored_tables import (
    FRAME,
    GROUP,
    RANDOM,
    ROWS,
    SOURCES,
    TABLE,
    new_model,
    table_memory,
)


@pytest.mark.parametrize("name", SOURCES)
def test_files_train_as_frames_do(name: str, folder: Path) -> None:
    file, source = SOURCES[name]
    found, expected = new_model(), new_model()
    for model, data in ((found, source(folder / file)), (expected, FRAME)):
        keras.utils.set_random_seed(0)
        model.fit(data, y="default", sample_weight="w", validation_split=0.2, verbose=0)
    assert found.input_columns == ("a", "b", "t", "number")
    for mine, wanted in zip(found.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.usefixtures("little_memory")
def test_pieces_of_files_train_as_frames_do(name: str, folder: Path) -> None:
    file, source = SOURCES[name]
    data = source(folder / file)
    found, expected = new_model(), new_model()
    options: dict[str, Any] = {"shuffle": False, "epochs": 2, "verbose": 0, "batch_size": 48}
    options |= {"sample_weight": "w", "y": "default", "validation_split": 0.2}
    keras.utils.set_random_seed(0)
    history = found.fit(data, **options)
    keras.utils.set_random_seed(0)
    wanted = expected.fit(FRAME, **options)
    for key, values in wanted.history.items():
        np.testing.assert_allclose(history.history[key], values, rtol=1e-5, err_msg=key)
    assert isinstance(
        take(found, data, purpose="predict").x.__lamina_feed__(32, False, None, None), Feed
    )
    expected.set_weights(found.get_weights())
    assert np.array_equal(found.predict(data, verbose=0), expected.predict(FRAME, verbose=0))
    measured, wanted = found.evaluate(data, verbose=0), expected.evaluate(FRAME, verbose=0)
    np.testing.assert_allclose(measured, wanted, rtol=1e-5)


def _feed(data: Any, **options: Any) -> TableFeed:
    stream = take(new_model(), data, y="default", purpose=FIT).x
    arguments = {"batch_size": 32, "shuffle": True, "class_weight": None, "steps": None}
    found = stream.__lamina_feed__(*(arguments | options).values())
    assert isinstance(found, TableFeed)
    return found


def _numbers(feed: Feed) -> list[Any]:
    """The rows of an epoch by the number that stands in each, in the order of training."""
    found: list[Any] = []
    for piece in feed.epoch():
        for x, _ in piece.in_order():
            found += x[:, 3].astype(int).tolist()
    return found


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv", "parts"])
@pytest.mark.usefixtures("little_memory")
def test_each_row_comes_once_in_an_order_of_the_seed(name: str, folder: Path) -> None:
    path = str(folder / name)
    feed, again = _feed(path), _feed(path)
    keras.utils.set_random_seed(5)
    first, second = _numbers(feed), _numbers(feed)
    assert sorted(first) == sorted(second) == list(range(ROWS))
    assert first != second
    keras.utils.set_random_seed(5)
    assert [_numbers(again), _numbers(again)] == [first, second]


@pytest.mark.usefixtures("little_memory")
def test_a_piece_mixes_row_groups(folder: Path) -> None:
    keras.utils.set_random_seed(0)
    piece = next(_feed(str(folder / "rows.parquet")).epoch())
    rows = piece.batches.x[:, 3]
    assert len(rows) < ROWS / 4
    assert len(np.unique(rows // GROUP)) == 4


@pytest.mark.usefixtures("little_memory")
def test_the_number_of_steps_is_known_from_the_file(folder: Path) -> None:
    assert _feed(str(folder / "rows.parquet")).steps == -(-ROWS // 32)
    feed = _feed(str(folder / "rows.csv"))
    assert feed.steps is None
    list(feed.epoch())
    assert feed.steps == -(-ROWS // 32)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.usefixtures("little_memory")
def test_steps_per_epoch_go_on_where_the_last_epoch_ended(shuffle: bool, folder: Path) -> None:
    feed = _feed(str(folder / "rows.parquet"), shuffle=shuffle, steps=50)
    rows = [number for _ in range(3) for number in _numbers(feed)]
    assert len(rows) == len(set(rows)) == 3 * 50 * 32
    assert shuffle or rows == list(range(len(rows)))
    with pytest.warns(UserWarning, match="ran out of data"):
        last = _numbers(feed)
    assert sorted(rows + last) == list(range(ROWS))


@pytest.mark.usefixtures("little_memory")
def test_a_large_file_is_no_batch(folder: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="is more than a batch"):
        new_model().train_on_batch(str(folder / "rows.parquet"), y="default")


@pytest.mark.usefixtures("little_memory")
def test_shuffling_within_batches_keeps_the_batches(folder: Path) -> None:
    rows = np.array(_numbers(_feed(str(folder / "rows.parquet"), shuffle="batch")))
    assert np.array_equal(rows // 32, np.arange(ROWS) // 32)
    assert not np.array_equal(rows, np.arange(ROWS))


@pytest.mark.usefixtures("little_memory")
def test_classes_are_weighed_in_pieces_too(folder: Path) -> None:
    feed = _feed(str(folder / "rows.parquet"), class_weight={1: 3.0})
    for piece in feed.epoch():
        y, weight = piece.batches.y, piece.batches.sample_weight
        assert np.array_equal(weight, np.where(y == 1, 3.0, 1.0))


@pytest.mark.parametrize("memory", [50_000, 1 << 28])
def test_only_the_columns_that_a_model_takes_are_read(memory: int, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    options: Any = {"compression": "none", "use_dictionary": False}
    parquet.write_table(TABLE.select(["a", "number", "b"]), path, **options)
    model = new_model()
    model.fit(FRAME[["a", "b", "default"]], y="default", verbose=0)
    expected = model.predict(FRAME, verbose=0)
    column = parquet.ParquetFile(path).metadata.row_group(0).column(1)
    content = bytearray(path.read_bytes())
    start = column.data_page_offset
    content[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(content)
    with pytest.raises(OSError, match="deserialize"):  # the column in between cannot be read
        parquet.read_table(path)
    with table_memory(memory):
        assert np.array_equal(model.predict(path, verbose=0), expected)


@pytest.mark.parametrize("kind", ["rows.parquet", "parts", "frame", "lazy", "pandas"])
def test_columns_of_a_table_are_chosen_by_name(kind: str, folder: Path) -> None:
    others = {"frame": TABLE, "lazy": pl.from_arrow(TABLE).lazy(), "pandas": FRAME}  # type: ignore[union-attr]
    data = tf.data.table(others.get(kind, folder / kind), ["b", "a", "default"])
    model = new_model()
    model.fit(data, y="default", verbose=0)
    assert model.input_columns == ("b", "a")
    expected = model.predict(FRAME[["b", "a"]].to_numpy(), verbose=0)
    for _ in range(3):
        assert np.array_equal(model.predict(data, verbose=0), expected)
    with pytest.raises(InvalidArgumentError, match=r"no column 'defalt'. Did you mean 'default'"):
        tf.data.table(others.get(kind, folder / kind), ["a", "defalt"])


def _with(name: str, values: Callable[[Any], Any]) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.set_column(table.column_names.index(name), name, values(table[name]))


OTHER_TYPES: dict[str, Callable[[pa.Table], pa.Table]] = {
    "truth values and integers": _with("t", lambda values: values.cast(pa.int8())),
    "decimals and floats": _with("number", lambda values: values.cast(pa.decimal128(12, 2))),
    "unsigned and signed": _with("b", lambda values: values.cast(pa.uint64())),
    "categories and numbers": _with("b", lambda values: values.dictionary_encode()),
    "nulls in no rows": lambda table: _with("a", lambda _: pa.nulls(0))(table.slice(0, 0)),
}


@pytest.mark.parametrize("memory", [120_000, 1 << 28])
@pytest.mark.parametrize("name", OTHER_TYPES)
def test_files_of_other_types_are_one_table(name: str, memory: int, tmp_path: Path) -> None:
    first = OTHER_TYPES[name](TABLE.slice(0, 2000))
    parquet.write_table(first, tmp_path / "1.parquet")
    parquet.write_table(TABLE.slice(len(first)).select([5, 4, 3, 2, 1, 0]), tmp_path / "2.parquet")
    model = new_model()
    model.fit(FRAME, y="default", verbose=0)
    expected = model.predict(FRAME, verbose=0)
    with table_memory(memory):
        np.testing.assert_allclose(model.predict(tmp_path, verbose=0), expected, rtol=1e-6)
        model.fit(tmp_path, y="default", verbose=0)


def test_fields_may_hold_lines_and_rows_may_be_long(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    rows = {"text": ['one "line"\n' * 50] * 4000, "x": [1.0] * 4000}
    pl.DataFrame(rows).write_csv(path)
    frame = tables.read(tables.table_of(str(path)), ("x",))
    assert frame.column("x").values.tolist() == [1.0] * 4000
    names = [f"x{place}" for place in range(60_000)]
    path.write_text(f"{','.join(names)}\n{','.join(['0.12345678901234567'] * 60_000)}\n")
    assert len(tables.read(tables.table_of(str(path)), tuple(names[:2]))) == 1


def test_decimal_commas_are_read_where_they_part_no_fields(folder: Path, tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "rows.csv", index=False, sep=";", decimal=",")
    found, wanted = (
        tables.read(tables.table_of(str(path / "rows.csv")), None) for path in (tmp_path, folder)
    )
    for place in range(len(FRAME.columns)):
        assert np.array_equal(found.column(place).values, wanted.column(place).values)


def test_the_header_of_a_file_tells_how_fields_are_parted(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text('\n"a,1,2,3,4";"c"\n1;2\n3;4\n')
    assert tables.read(tables.table_of(str(tmp_path / "rows.csv")), None).names == (
        "a,1,2,3,4",
        "c",
    )


def test_an_index_that_was_written_and_hidden_files_are_no_data(tmp_path: Path) -> None:
    rows = FRAME[["a", "b", "default"]].sample(frac=0.5, random_state=0)
    rows.to_parquet(tmp_path / "rows.parquet")
    assert "__index_level_0__" in parquet.read_schema(tmp_path / "rows.parquet").names
    for hidden in (".ipynb_checkpoints", "_log"):
        (tmp_path / hidden).mkdir()
        rows.to_parquet(tmp_path / hidden / "rows.parquet")
    model = new_model()
    rows.to_csv(tmp_path / "_rows.csv")
    sources = tmp_path, pl.read_parquet(tmp_path / "rows.parquet"), tmp_path / "_rows.csv"
    for source in sources:
        model.fit(source, y="default", verbose=0)
        assert model.input_columns == ("a", "b")
    assert len(model.predict(tmp_path, verbose=0)) == len(rows)
    assert as_table(tmp_path).names == ("a", "b", "default")


class Interrupt(keras.callbacks.Callback):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch == 3:
            raise KeyboardInterrupt


@pytest.mark.usefixtures("little_memory")
def test_no_thread_outlives_a_training(folder: Path) -> None:
    before = set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt):
        new_model().fit(str(folder / "rows.parquet"), "default", verbose=0, callbacks=[Interrupt()])
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
        assert not thread.is_alive(), thread


@pytest.mark.usefixtures("little_memory")
def test_targets_of_a_large_file_stand_in_it(folder: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="y is the name of one of its columns"):
        new_model().fit(str(folder / "rows.parquet"), y=FRAME["default"], verbose=0)


MEASURE = """
import json, resource, sys
import lamina
from lamina import keras
lamina.config.table_memory = 4 << 20
model = keras.Sequential([keras.layers.Dense(1)])
model.compile("sgd", "mse")
peaks = []
for path in sys.argv[1:]:
    model.fit(path, y="x0", batch_size=1024, verbose=0)
    unit = 1 if sys.platform == "darwin" else 1024
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)
print(json.dumps(peaks))
"""


def test_memory_does_not_grow_with_the_file(tmp_path: Path, checkout: Path) -> None:
    pytest.importorskip("resource")
    names = [f"x{place}" for place in range(20)]
    block = RANDOM.standard_normal((20, 40_000), np.float32)
    table = pa.table(dict(zip(names, block, strict=True)))
    for name, groups in (("small", 2), ("large", 22)):
        with parquet.ParquetWriter(
            tmp_path / f"{name}.parquet", table.schema, compression="none", use_dictionary=False
        ) as file:
            for _ in range(groups):
                file.write_table(table)
    paths = [str(tmp_path / f"{name}.parquet") for name in ("small", "large")]
    size = (tmp_path / "large.parquet").stat().st_size
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *paths],
        check=True,
        capture_output=True,
        text=True,
        cwd=checkout,
    )
    small, large = json.loads(done.stdout)
    assert size > 70e6
    assert large - small < size / 2, f"{(large - small) / 1e6:.0f} MB more for {size / 1e6:.0f} MB"


def test_a_packed_file_counts_as_what_it_unpacks_to(tmp_path: Path) -> None:
    text = b"x,y\n" + b"1,2\n" * 99_999
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text))
    stored = tables.table_of(tmp_path / "a.csv.gz")
    assert isinstance(stored, tables.Stored)
    assert stored.size(("x", "y")) == len(text)
