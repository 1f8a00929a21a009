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


def test_the_uci_archive_serves_this_table(full_credit):
    header = ",".join(["ID", *(f"X{number}" for number in range(1, FEATURES + 1)), "Y"])
    rows = gzip.decompress(full_credit.read_bytes()).decode().splitlines()[1:]
    served = ("\r\n".join([header, *rows]) + "\r\n").encode()
    # the SHA-256 that people report who downloaded archive.ics.uci.edu/static/public/350/data.csv
    expected = "45bcf4df62ff2e237a74eb155cabfb4bbbc171219a0637daef44fdad07503dd0"
    assert hashlib.sha256(served).hexdigest() == expected


def test_a_changed_file_is_refused_by_name(tmp_path):
    file = tmp_path / "clients.csv"
    file.write_text("ID,LIMIT_BAL\n1,20000\n")
    with pytest.raises(DataLossError, match="lacks 23 of 25 columns") as caught:
        credit(str(file))
    assert str(file) in str(caught.value)


def test_a_file_that_is_not_there_says_where_to_find_it(tmp_path):
    with pytest.raises(NotFoundError, match=r"cannot read .*absent\.csv.*archive\.ics\.uci\.edu"):
        credit(tmp_path / "absent.csv")
    with pytest.raises(NotFoundError, match="cannot read"):
        credit(tmp_path)  # a folder
