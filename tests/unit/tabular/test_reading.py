"""CSV files: what is read from them, and the line that every complaint names."""

from __future__ import annotations

import csv
import gzip
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.core.errors import DataLossError, InvalidArgumentError, NotFoundError
from lamina.tabular import reading
from lamina.tabular.reading import read_csv, sniff_delimiter


@pytest.fixture
def written(tmp_path):
    def write(content, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def cells(path):
    table = read_csv(path)
    return {name: column.values.tolist() for name, column in table.columns.items()}


EXPECTED = {"a": ["1", "2"], "b": ["x y", "z"]}


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,x y\n2,z\n",
        "a,b\r\n1,x y\r\n2,z",
        "a,b\r1,x y\r2,z\r",
        "\ufeffa,b\n1,x y\n2,z\n",
        "a;b\n1;x y\n2;z\n",
        "a\tb\n1\tx y\n2\tz\n",
        "a|b\n1|x y\n2|z\n",
        '"a","b"\n"1","x y"\n2,z\n',
        "\n a , b \n\n 1 , x y \n2,z\n\n",
        gzip.compress(b"a,b\n1,x y\n2,z\n", mtime=0),
    ],
)
def test_one_table_in_many_spellings(written, content):
    assert cells(written(content)) == EXPECTED


def test_quoted_fields_hold_delimiters_quotes_and_lines(written):
    path = written('a,b\n"1,5","say ""so"""\n"two\nlines",;\n')
    assert cells(path) == {"a": ["1,5", "two\nlines"], "b": ['say "so"', ";"]}


def test_lines_are_those_of_the_file(written):
    table = read_csv(written('a,b\n\n1,2\n"x\ny",3\n4,5\n'))
    assert [table.place(row) for row in range(table.rows)] == ["line 3", "line 4", "line 6"]
    assert table.take(np.array([2])).place(0) == "line 6"


def test_decimal_commas_beside_other_delimiters(written):
    assert cells(written("a;b;c\n1,5;2,5;1\n-2;x;2\n")) == {
        "a": ["1.5", "-2"],
        "b": ["2,5", "x"],
        "c": ["1", "2"],
    }


def test_an_unnamed_column_gets_a_name(written):
    assert list(cells(written(",b\n1,2\n"))) == ["column 1", "b"]


def test_many_rows_span_chunks(written):
    count = 40_000
    table = read_csv(written("a\n" + "\n".join(map(str, range(count)))))
    numbers, bad = table.column("a").numbers()
    assert bad is None
    np.testing.assert_array_equal(numbers, np.arange(count))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "data.csv is empty"),
        ("\n \n", "data.csv is empty"),
        ("a,b\n", r"a header \(2 columns\) but no rows"),
        ("a,b\n1,2\n3\n", "line 3: 1 field where the header has 2"),
        ("a,b\n1,2\n\n3,4,5\n", "line 4: 3 fields where the header has 2"),
        ("a,b,a\n1,2,3\n", r"two columns called 'a' \(columns 1 and 3\)"),
        ('a,b\n1,2\n"3,4\n5,6\n', "line 3: the quote that opens in it is never closed"),
        ('a,b\n"1"2,3\n', "line 2: text follows a closing quote"),
        ("1,2\n3,4\n", "the first line holds only numbers"),
        (b"a,b\n1,\xe9\n", "not UTF-8: byte 0xe9 in line 2"),
        (b"PK\x03\x04rest", "a zip archive or an Excel workbook"),
        ("a,b\n".encode("utf-16"), "UTF-16"),
        (b"a,b\n1,\x00\n", "not a text file"),
    ],
)
def test_bad_files_say_what_and_where(written, content, message):
    with pytest.raises(InvalidArgumentError, match=message):
        read_csv(written(content))


def test_a_damaged_gzip_file(written):
    with pytest.raises(DataLossError, match="damaged gzip"):
        read_csv(written(gzip.compress(b"a,b\n1,2\n" * 99)[:-20]))


def test_a_gzip_file_that_unpacks_to_much_more(written, monkeypatch):
    monkeypatch.setattr(reading, "LARGE", 1000)
    with pytest.raises(DataLossError, match=r"100 times its size.*unpack it first"):
        read_csv(written(gzip.compress(b"a,b\n" + b"1,2\n" * 99_999)))


def test_an_endless_quote_is_explained(written):
    with pytest.raises(InvalidArgumentError, match="line 2: its quote is probably never closed"):
        read_csv(written('a,b\n"' + "x" * 200_000))


def test_no_such_file_and_folders(tmp_path):
    (tmp_path / "clients.csv").write_text("a\n1\n")
    with pytest.raises(NotFoundError, match=r"Did you mean 'clients\.csv'\?"):
        read_csv(tmp_path / "client.csv")
    with pytest.raises(InvalidArgumentError, match="is a folder"):
        read_csv(tmp_path)


def test_german_numbers(tmp_path):
    path = tmp_path / "german.csv"
    path.write_text("a;b;c\n1.234,5;1.5;1.234\n-12,25;2,5;2.345\n3;1;1\n", encoding="utf-8")
    columns = read_csv(path).columns
    assert columns["a"].numbers()[0].tolist() == [1234.5, -12.25, 3]
    assert columns["b"].texts() == ["1.5", "2,5", "1"]  # neither here nor there
    assert columns["c"].numbers()[0].tolist() == [1.234, 2.345, 1]  # no comma says otherwise


def test_the_header_decides_where_lines_disagree():
    assert sniff_delimiter("a;b;c\n1;2\n1,5;2,5;3,5\n") == ";"
    assert sniff_delimiter("a\n1,2\n3,4\n") == ","
    assert sniff_delimiter('a;"x,y,z"\n1;2\n') == ";"


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=6)


@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(
            st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=5
        )
    ),
    st.sampled_from([",", ";", "\t"]),
)
def test_what_the_standard_library_writes_is_read_back(tmp_path_factory, rows, delimiter):
    names = [f"name {index}" for index in range(len(rows[0]))]
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([names, *rows])
    path = tmp_path_factory.mktemp("csv") / "data.csv"
    path.write_text(file.getvalue(), encoding="utf-8", newline="")
    kept = [row for row in rows if len(row) > 1 or row[0].strip()]
    if not kept:
        with pytest.raises(InvalidArgumentError, match="no rows"):
            read_csv(path, delimiter=delimiter)
        return
    table = read_csv(path, delimiter=delimiter)
    for index, name in enumerate(names):
        texts = [row[index].strip() for row in kept]
        assert table.column(name).values.tolist() == [
            text.replace(",", ".") if table.column(name).numbers()[1] is None else text
            for text in texts
        ]
