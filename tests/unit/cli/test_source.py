"""What to train on: embedded data by name, files by path."""

from __future__ import annotations

import pytest

from lamina.cli.source import find_source
from lamina.core.errors import InvalidArgumentError, NotFoundError


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("a.csv", "a"),
        ("a.csv.gz", "a"),
        ("a.b.tsv", "a.b"),
        ("plain", "plain"),
        ("a.data", "a.data"),
    ],
)
def test_results_are_named_after_the_file(tmp_path, file, name):
    (tmp_path / file).write_text("x,y\n1,2\n")
    source = find_source(str(tmp_path / file), "y", full=False)
    assert source.name == name
    assert source.table.source == file
    assert (source.target, source.activation) == ("y", "relu")


def test_credit():
    source = find_source("credit", None, full=False)
    assert (source.name, source.target, source.table.rows) == ("credit", "default", 6000)
    assert source.activation == "relu,sigmoid"
    assert "Yeh" in source.attribution
    assert find_source("credit", "MARRIAGE", full=False).target == "MARRIAGE"


def test_what_there_is_not(tmp_path):
    with pytest.raises(NotFoundError, match="Embedded is: credit"):
        find_source("house", None, full=False)
    with pytest.raises(InvalidArgumentError, match="--full goes with embedded data"):
        find_source(str(tmp_path), "y", full=True)
