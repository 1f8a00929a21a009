"""The encoding inside a `.keras` file: there and back, and strangers' files."""

from __future__ import annotations

import copy
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.core.errors import DataLossError, InvalidArgumentError, NotFoundError
from lamina.tabular.archive import MEMBER, encoder_bytes, from_json, read_encoder, to_json
from lamina.tabular.encoding import Encoder, Feature
from lamina.tabular.target import Target

ENCODER = Encoder(
    (
        Feature("size", "number", median=1.5, missing=True),
        Feature('naïve; "quoted"', "boolean", median=1.0),
        Feature("colour", "category", categories=("", "red"), other=True),
    ),
    Target("y", "multiclass", ("a", "b", "c")),
    (("id", "it counts the rows"),),
)


@pytest.fixture
def archive(tmp_path):
    def write(text):
        path = tmp_path / "model.keras"
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("config.json", "{}")
            if text is not None:
                file.writestr(MEMBER, text)
        return path

    return write


def test_there_and_back(archive):
    assert read_encoder(archive(encoder_bytes(ENCODER))) == ENCODER


def test_a_model_of_something_else(archive):
    with pytest.raises(DataLossError, match="does not say how to encode a table"):
        read_encoder(archive(None))


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "null", "1e999", "[" * 100_000, '{"format": "\\ud800"}']
)
def test_a_member_that_is_no_encoding(archive, text):
    with pytest.raises(DataLossError, match="is damaged"):
        read_encoder(archive(text))


def test_files_that_are_no_archives(tmp_path, archive):
    with pytest.raises(NotFoundError, match="no model"):
        read_encoder(tmp_path / "nothing.keras")
    with pytest.raises(InvalidArgumentError, match="is a folder"):
        read_encoder(tmp_path)
    path = archive(json.dumps(to_json(ENCODER)))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataLossError, match=r"not a \.keras file"):
        read_encoder(path)


def test_a_newer_format(archive):
    value = to_json(ENCODER) | {"version": 2}
    with pytest.raises(DataLossError, match="version 2"):
        read_encoder(archive(json.dumps(value)))


def paths(value, prefix=()):
    """The path of every value inside nested JSON."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield (*prefix, key)
        if isinstance(item, (dict, list)):
            yield from paths(item, (*prefix, key))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.sampled_from(list(paths(to_json(ENCODER)))), JSON)
def test_any_changed_value_is_an_encoder_or_an_error(path, value):
    changed = copy.deepcopy(to_json(ENCODER))
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    try:
        encoder = from_json(changed)
    except (ValueError, OverflowError):
        return
    assert from_json(json.loads(json.dumps(to_json(encoder)))) == encoder


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("features", 0, "kind"), "code", r"features\[0\]\.kind is none of number"),
        (("features", 0, "median"), float("nan"), "not finite"),
        (("features", 0, "median"), True, "wrong type"),
        (("features", 0, "missing"), 1, "wrong type"),
        (("features", 1, "name"), "size", "each name once"),
        (("features", 2, "categories"), ["a", "a"], "different texts"),
        (("features", 2, "categories"), [], "is empty"),
        (("features",), [], "features must be there"),
        (("features",), [3], "must be an object"),
        (("target", "threshold"), 1.5, "threshold is not between 0 and 1"),
        (("target", "threshold"), None, "wrong type"),
        (("target", "task"), "binary", "3 labels, which is no binary task"),
        (("target", "classes"), ["a"], "1 labels, which is no multiclass task"),
        (("format",), "other", "its format is not"),
    ],
)
def test_what_is_wrong_is_said(path, value, message):
    changed = to_json(ENCODER)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(ValueError, match=message):
        from_json(changed)
