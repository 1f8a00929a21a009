"""Credit-card clients: the sample that ships, the full set from a file, and what is refused."""

from __future__ import annotations

import collections
import gzip
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from lamina.core.errors import DataLossError, NotFoundError
from lamina.datasets import credit, credit_card

DATA = Path(credit_card.__file__).parent / "data"
FEATURES = 23


@pytest.fixture(scope="module")
def full_text(full_credit: Path) -> str:
    return gzip.decompress(full_credit.read_bytes()).decode()


def test_the_sample_has_the_documented_shape_types_and_default_rate():
    table = credit()
    assert table.features.shape == (6000, 4)
    assert table.features.dtype == np.float32
    assert table.target.shape == (6000,)
    assert table.target.dtype == np.int32
    assert table.feature_names == ("EDUCATION", "MARRIAGE", "LIMIT_BAL", "BILL_AMT1")
    assert table.target.sum() == 1345
    assert table.features[0].tolist() == [1, 2, 400_000, 201_800]
    assert "CC BY 4.0" in table.description


def test_examples_unpack_into_features_and_target():
    features, default = table = credit()
    assert features is table.features
    assert default is table.target
    assert repr(table) == "<Examples: 6000 rows, 4 features, target 'default'>"


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_columns_make_a_data_frame(frame):
    table = credit()
    made = frame(table.columns())
    assert list(made.columns) == [*table.feature_names, "default"]
    assert np.array_equal(made.to_numpy()[:, :-1], table.features)
    assert np.array_equal(made["default"].to_numpy(), table.target)


def test_every_call_gives_arrays_of_its_own():
    changed = credit()
    changed.features[:] = -1
    assert credit().features.max() > 0


def test_the_shipped_file_has_no_time_stamp_and_its_license_lies_beside_it():
    assert (DATA / "credit_sample.csv.gz").read_bytes()[4:8] == bytes(4)
    assert "Attribution 4.0 International" in (DATA / "LICENSE").read_text("utf-8")
    assert "10.24432/C55S3H" in (DATA / "README.md").read_text("utf-8")


def test_the_full_set_reads_from_a_gzip_file(full_credit):
    table = credit(full_credit)
    assert table.features.shape == (30_000, FEATURES)
    assert table.target.sum() == 6636
    assert table.feature_names[5:8] == ("PAY_0", "PAY_2", "PAY_3")
    assert table.features[0, :5].tolist() == [20_000, 2, 2, 1, 24]
    assert table.features.astype(np.int64).astype(np.float32).tobytes() == table.features.tobytes()


def test_the_sample_is_part_of_the_full_set(full_credit):
    full, sample = credit(full_credit).columns(), credit().columns()
    rows = [
        collections.Counter(zip(*(column[name].tolist() for name in sample)))
        for column in (sample, full)
    ]
    assert rows[0] <= rows[1]


def _archive_form(text: str) -> str:
    """The UCI archive's CSV: X1 … X23, Y, lines that end as on Windows."""
    header = ",".join(["ID", *(f"X{number}" for number in range(1, FEATURES + 1)), "Y"])
    return "\r\n".join([header, *text.splitlines()[1:]]) + "\r\n"


def _sheet_form(text: str) -> str:
    """A sheet exported as CSV: two header lines, a byte order mark."""
    codes = ",".join(["", *(f"X{number}" for number in range(1, FEATURES + 1)), "Y"])
    return "\ufeff" + "\n".join(
        [codes, text.replace("default.payment.next.month", "default payment next month")]
    )


def _quoted_decimal_form(text: str) -> str:
    header, *rows = text.splitlines()
    rows = [",".join(f'"{cell}.0"' for cell in row.split(",")) for row in rows]
    return "\n".join([",".join(f'"{name}"' for name in header.split(",")), *rows])


def _reordered_form(text: str) -> str:
    """Columns in another order, and one more in front."""
    rows = (",".join(reversed(line.split(","))) for line in text.splitlines())
    return "\n".join(f"{number},{row}" for number, row in enumerate(rows))


@pytest.mark.parametrize(
    "form", [str, _archive_form, _sheet_form, _quoted_decimal_form, _reordered_form]
)
def test_every_form_of_the_full_file_gives_the_same_numbers(full_credit, full_text, tmp_path, form):
    file = tmp_path / "clients.csv"
    file.write_bytes(form(full_text).encode())
    expected, table = credit(full_credit), credit(str(file))
    assert np.array_equal(table.features, expected.features)
    assert np.array_equal(table.target, expected.target)


def test_the_archive_form_is_the_file_that_the_uci_archive_serves(full_text):
    # the SHA-256 that people report who downloaded archive.ics.uci.edu/static/public/350/data.csv
    expected = "45bcf4df62ff2e237a74eb155cabfb4bbbc171219a0637daef44fdad07503dd0"
    assert hashlib.sha256(_archive_form(full_text).encode()).hexdigest() == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace(",20000,", ",20001,", 1), "not the published ones"),
        (lambda text: text.replace(",20000,", ",20000.5,", 1), "not the published ones"),
        (lambda text: text.replace(",20000,", ",nan,", 1), "not the published ones"),
        (lambda text: text.replace(",20000,", ",inf,", 1), "not the published ones"),
        (lambda text: text.replace(",20000,", ",many,", 1), "no table of numbers"),
        (lambda text: text.replace(",20000,", ",,", 1), "no table of numbers"),
        (lambda text: text.rpartition("\n")[0], "has 29999 rows; expected 30000"),
        (lambda text: text.partition("\n")[0], "has 0 rows; expected 30000"),
        (lambda text: text.partition("\n")[2], "lacks 25 of 25 columns: ID, LIMIT_BAL"),
        (lambda text: text.replace(",AGE,", ",AEG,", 1), "lacks 1 of 25 columns: AGE"),
        (lambda text: text.replace(",", ";"), "with commas between"),
        (lambda text: "", "lacks 25 of 25 columns"),
    ],
)
def test_a_changed_full_file_is_refused(full_text, tmp_path, change, message):
    file = tmp_path / "clients.csv"
    file.write_text(change(full_text), "utf-8")
    with pytest.raises(DataLossError, match=message):
        credit(file)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04 and more", "is a zip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an Excel workbook"),
        (gzip.compress(b"ID,LIMIT_BAL\n", mtime=0)[:-6], "damaged gzip"),
        (b"\x1f\x8b\x08\x00 not gzip at all", "damaged gzip"),
        (b"\xff\xfe\x00\x01", "is no text"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path, content, message):
    file = tmp_path / "clients.csv"
    file.write_bytes(content)
    with pytest.raises(DataLossError, match=message) as caught:
        credit(file)
    assert str(file) in str(caught.value)


def test_a_file_that_is_not_there_says_where_to_find_it(tmp_path):
    with pytest.raises(NotFoundError, match=r"cannot read .*absent\.csv.*archive\.ics\.uci\.edu"):
        credit(tmp_path / "absent.csv")
    with pytest.raises(NotFoundError, match="cannot read"):
        credit(tmp_path)  # a folder
