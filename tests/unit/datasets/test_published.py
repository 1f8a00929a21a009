"""Every form in which a published table comes is read alike, and nothing else is taken for it."""

from __future__ import annotations

import gzip
import hashlib

import numpy as np
import pytest

from lamina.core.errors import DataLossError
from lamina.datasets.credit_card import FULL

ROWS = np.arange(3 * len(FULL.columns)).reshape(3, -1) - 40
PUBLISHED = FULL._replace(
    rows=len(ROWS), checksum=hashlib.sha256(ROWS.astype("<i8").tobytes()).hexdigest()
)
CODES = [f"X{number}" for number in range(1, 24)]
NAMES = [*FULL.columns[:-1], "default payment next month"]
LINES = [",".join(map(str, row)) for row in ROWS.tolist()]
PLAIN = "\n".join([",".join(NAMES), *LINES])


def reversed_columns(text: str) -> str:
    return "\n".join(
        f"{n}," + ",".join(line.split(",")[::-1]) for n, line in enumerate(text.splitlines())
    )


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(PLAIN.encode(), id="plain"),
        pytest.param(gzip.compress(PLAIN.replace(" ", ".").encode(), mtime=0), id="gzip"),
        pytest.param(
            ("\r\n".join([",".join(["ID", *CODES, "Y"]), *LINES]) + "\r\n").encode(), id="archive"
        ),
        pytest.param(
            ("\ufeff" + ",".join(["", *CODES, "Y"]) + "\n" + PLAIN).encode(),
            id="exported sheet with two header lines and a byte order mark",
        ),
        pytest.param(
            "\n".join(
                ",".join(f'"{cell}"' for cell in line.split(","))
                for line in [",".join(NAMES), *(line.replace(",", ".0,") + ".0" for line in LINES)]
            ).encode(),
            id="quoted, with decimals",
        ),
        pytest.param(reversed_columns(PLAIN).encode(), id="other order, one more column"),
        pytest.param(PLAIN.replace("\n", "\n\n").encode() + b"\n\n", id="blank lines"),
    ],
)
def test_every_form_gives_the_same_numbers(content):
    table = PUBLISHED.parse(content, "the file")
    assert table.dtype == np.int64
    assert np.array_equal(table, ROWS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (PLAIN.replace("-40", "-41"), "numbers in the file are not the published ones"),
        (PLAIN.replace("-40", "-40.5"), "not the published ones"),
        (PLAIN.replace("-40", "nan"), "not the published ones"),
        (PLAIN.replace("-40", "-inf"), "not the published ones"),
        (PLAIN.replace("-40", "1e300"), "not the published ones"),
        ("\n".join([PLAIN.split("\n")[0], *LINES[::-1]]), "not the published ones"),
        (PLAIN.replace("-40", "many"), "the file is no table of numbers"),
        (PLAIN.replace("-40", ""), "no table of numbers"),
        (PLAIN.replace("-40,", ""), "no table of numbers"),
        (PLAIN.rpartition("\n")[0], "has 2 rows; expected 3"),
        (PLAIN.partition("\n")[0], "has 0 rows; expected 3"),
        (PLAIN.partition("\n")[2], "lacks 25 of 25 columns: ID, LIMIT_BAL, .*, …"),
        (PLAIN.replace(",AGE,", ",AEG,"), "lacks 1 of 25 columns: AGE.*Did you mean 'AEG'"),
        (PLAIN.replace(",", ";"), "with commas between"),
        ("", "lacks 25 of 25 columns"),
    ],
)
def test_anything_else_is_refused(text, message):
    with pytest.raises(DataLossError, match=message):
        PUBLISHED.parse(text.encode(), "the file")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04 and more", "the file is a zip archive; expected its table as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "the file is an Excel workbook"),
        (gzip.compress(PLAIN.encode(), mtime=0)[:-6], "damaged gzip"),
        (b"\x1f\x8b\x08\x00 not gzip at all", "damaged gzip"),
        (b"\xff\xfe\x00\x01", "the file is no text"),
    ],
    ids=["zip", "workbook", "cut short", "no gzip", "bytes"],
)
def test_a_file_of_another_kind_is_named(content, message):
    with pytest.raises(DataLossError, match=message):
        PUBLISHED.parse(content, "the file")
