"""Datasets from text and CSV files."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lamina as tf

make_csv_dataset = tf.data.experimental.make_csv_dataset
TABLE = """age,sex,fare,survived,code
22.0,male,7.25,0,3000000000
38.5,"fe,male",,1,1
,male,8.05,1,2

35.0,female,53.1,1,3
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    file = tmp_path / "table.csv"
    file.write_text(TABLE)
    return str(file)


def columns(batch: Any) -> dict[str, list[Any]]:
    return {name: values.numpy().tolist() for name, values in batch.items()}


def test_types_are_found_out(path: str) -> None:
    dataset = make_csv_dataset(path, 4, label_name="survived", num_epochs=1, shuffle=False)
    features, labels = next(iter(dataset))
    assert columns(features) == {
        "age": [22.0, 38.5, 0.0, 35.0],
        "sex": [b"male", b"fe,male", b"male", b"female"],
        "fare": pytest.approx([7.25, 0.0, 8.05, 53.1]),
        "code": [3000000000, 1, 2, 3],
    }
    assert labels.numpy().tolist() == [0, 1, 1, 1] and labels.dtype == tf.int32
    spec = dataset.element_spec[0]
    assert [spec[name].dtype for name in spec] == [tf.float32, tf.string, tf.float32, tf.int64]
    assert spec["age"].shape.as_list() == [None]


def test_columns_are_chosen_and_defaults_given(path: str) -> None:
    options = {"num_epochs": 1, "shuffle": False, "batch_size": 2}
    some = make_csv_dataset(path, select_columns=["fare", "age"], **options)
    assert columns(next(iter(some))) == {"age": [22.0, 38.5], "fare": [7.25, 0.0]}
    filled = make_csv_dataset(
        path, select_columns=["fare"], column_defaults=[[-1.0]], na_value="7.25", **options
    )
    assert columns(next(iter(filled))) == {"fare": [-1.0, -1.0]}
    asked = make_csv_dataset(path, select_columns=[2], column_defaults=[tf.float32], **options)
    with pytest.raises(ValueError, match="row 2 has no value"):
        next(iter(asked))


def test_rows_are_shuffled_repeated_and_trained_on(path: str) -> None:
    endless = make_csv_dataset(path, 3, select_columns=["code"], shuffle_seed=1)
    assert int(endless.cardinality()) == tf.data.INFINITE_CARDINALITY
    seen = np.concatenate([batch["code"].numpy() for batch in endless.take(40)])
    assert len(seen) == 120 and set(np.unique(seen, return_counts=True)[1]) == {30}
    inputs = {name: tf.keras.Input((1,), name=name) for name in ("age", "fare")}
    hidden = tf.keras.layers.Dense(1)(inputs["age"]) + tf.keras.layers.Dense(1)(inputs["fare"])
    model = tf.keras.Model(inputs, hidden)
    model.compile("sgd", "mse")
    data = make_csv_dataset(
        path, 2, select_columns=["age", "fare", "survived"], label_name="survived", num_epochs=1
    )
    assert np.isfinite(model.fit(data, epochs=2, verbose=0).history["loss"]).all()


def test_several_packed_files_without_header(tmp_path: Path) -> None:
    for number in range(2):
        with gzip.open(tmp_path / f"part{number}.csv.gz", "wt") as file:
            file.write(f"{number};a\n{number + 10};b\n")
    dataset = make_csv_dataset(
        str(tmp_path / "part*.csv.gz"),
        4,
        column_names=["x", "t"],
        field_delim=";",
        header=False,
        compression_type="GZIP",
        num_epochs=1,
        shuffle=False,
    )
    assert columns(next(iter(dataset))) == {"x": [0, 10, 1, 11], "t": [b"a", b"b", b"a", b"b"]}


def test_the_mark_at_the_start_of_a_file_is_no_name(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n", encoding="utf-8-sig")
    dataset = make_csv_dataset(str(tmp_path / "rows.csv"), 1, label_name="a", num_epochs=1)
    assert columns(next(iter(dataset))[0]) == {"b": [2]}


def test_bad_rows_are_told_or_left_out(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("a,b\n1,2\n3\nx,4\n5,6\n")
    options = {"column_defaults": [tf.int32, tf.int32], "num_epochs": 1, "shuffle": False}
    with pytest.raises(ValueError, match="row 2 has 1 fields"):
        next(iter(make_csv_dataset(str(file), 4, **options)))
    good = make_csv_dataset(str(file), 4, ignore_errors=True, **options)
    assert columns(next(iter(good))) == {"a": [1, 5], "b": [2, 6]}
    file.write_text("a,b\n1,2\n3,4,5\n")
    with pytest.raises(ValueError, match="row 2 has 3 fields; 2 are expected"):
        next(iter(make_csv_dataset(str(file), 4, **options)))
    with pytest.raises(ValueError, match="row 3 has 3 fields; 2 are expected"):
        list(tf.data.experimental.CsvDataset(str(file), ["", ""]))
    file.write_text("")
    with pytest.raises(ValueError, match="is empty"):
        make_csv_dataset(str(file), 4)
    file.write_text("a,b\n1,2\nx,4\n")
    with pytest.raises(ValueError, match="row 2 holds 'x', which is no int32"):
        next(iter(make_csv_dataset(str(file), 4, **options)))


def test_records_and_lines(path: str) -> None:
    defaults = [[0.0], [""], tf.float32, tf.int32]
    records = tf.data.experimental.CsvDataset(
        path, [defaults[0], defaults[3]], header=True, select_cols=[0, 3]
    )
    assert [tuple(map(float, row)) for row in records] == [(22, 0), (38.5, 1), (0, 1), (35, 1)]
    rest = tf.data.experimental.CsvDataset(path, defaults[:2], header=True, exclude_cols=[2, 3, 4])
    assert rest.element_spec == (tf.TensorSpec((), tf.float32), tf.TensorSpec((), tf.string))
    lines = tf.data.TextLineDataset([path, path]).skip(1)
    assert next(lines.as_numpy_iterator()) == b"22.0,male,7.25,0,3000000000"
    assert len(list(lines)) == 11
    upper = lines.take(1).map(lambda line: tf.strings.upper(line))  # noqa: PLW0108
    assert next(iter(upper)).numpy() == b"22.0,MALE,7.25,0,3000000000"


def test_texts_go_through_caches_and_batches(path: str, tmp_path: Path) -> None:
    lines = tf.data.TextLineDataset(path).cache(str(tmp_path / "kept")).batch(2)
    first = [batch.numpy().tolist() for batch in lines]
    assert [batch.numpy().tolist() for batch in lines] == first and first[0][1].startswith(b"22")
    pairs = tf.data.Dataset.from_tensor_slices(["a", "bc"]).map(lambda v: tf.stack([v, v]))
    padded = pairs.padded_batch(2, 3)
    assert next(iter(padded)).numpy().tolist() == [[b"a", b"a", b""], [b"bc", b"bc", b""]]


def test_promises_of_lengths() -> None:
    dataset = tf.data.Dataset.range(4).filter(lambda v: v > 0)
    three = dataset.apply(tf.data.experimental.assert_cardinality(3))
    assert len(three) == 3 and len(list(three)) == 3
    for wrong in (2, 5):
        with pytest.raises(ValueError, match="promised"):
            list(dataset.apply(tf.data.experimental.assert_cardinality(wrong)))


def test_former_names() -> None:
    experimental = tf.data.experimental
    numbers = tf.data.Dataset.range(3)
    assert int(experimental.cardinality(numbers)) == 3
    assert [int(v) for v in experimental.Counter(2, 3).take(2)] == [2, 5]
    repeated = numbers.apply(experimental.shuffle_and_repeat(3, 2, seed=1))
    assert sorted(map(int, repeated)) == [0, 0, 1, 1, 2, 2]
    ragged = experimental.from_list([[1], [2, 3]])
    assert ragged.element_spec.shape.as_list() == [None]
    assert experimental.get_structure(ragged) == ragged.element_spec
    assert [v.numpy().tolist() for v in ragged] == [[1], [2, 3]]
    grouped = numbers.apply(
        experimental.group_by_window(lambda v: v % 2, lambda key, window: window.batch(5), 5)
    )
    assert [v.numpy().tolist() for v in grouped] == [[0, 2], [1]]
    mapped = numbers.apply(experimental.map_and_batch(lambda v: v + 1, 3))
    assert next(iter(mapped)).numpy().tolist() == [1, 2, 3]


BAD: dict[str, tuple[Callable[[str], Any], str]] = {
    "no_file": (lambda path: make_csv_dataset(path + "x", 2), "no file matches"),
    "label": (lambda path: make_csv_dataset(path, 2, label_name="fair"), "Did you mean 'fare'"),
    "column": (lambda path: make_csv_dataset(path, 2, select_columns=["agee"]), "'age'"),
    "number": (lambda path: make_csv_dataset(path, 2, select_columns=[9]), "no column 9"),
    "defaults": (lambda path: make_csv_dataset(path, 2, column_defaults=[0]), "1 column_defaults"),
    "compression": (lambda path: make_csv_dataset(path, 2, compression_type="ZIP"), "GZIP"),
    "line_file": (lambda path: list(tf.data.TextLineDataset(path + "x")), "no file"),
    "snapshot": (lambda path: tf.data.experimental.snapshot, "snapshot is not there: tf.data left"),
    "save": (lambda path: tf.data.Dataset.range(2).save(path), "left out"),
}


@pytest.mark.parametrize("name", BAD)
def test_mistakes_are_told(name: str, path: str) -> None:
    act, words = BAD[name]
    with pytest.raises((ValueError, KeyError, AttributeError), match=words):
        act(path)
