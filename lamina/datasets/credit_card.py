"""Credit-card clients of a bank in Taiwan, 2005: who could not pay next month.

Yeh and Lien, Expert Systems with Applications 36(2), 2009; UCI Machine Learning Repository,
doi:10.24432/C55S3H, CC BY 4.0.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..core.downloads import cached
from ..core.errors import DataLossError, NotFoundError
from ..core.files import cache_folder
from .examples import Examples
from .published import Published

URL = "https://archive.ics.uci.edu/static/public/350/data.csv"
_CACHED_NAME = "credit_default.csv"
_LIMIT = 16 * 2**20  # bytes; the file has 2.9 million

_TARGET = "default"
_MONTHS = (1, 2, 3, 4, 5, 6)  # 1 is September 2005, 6 is April
_FEATURES = (
    *("LIMIT_BAL", "SEX", "EDUCATION", "MARRIAGE", "AGE", "PAY_0"),
    *(f"PAY_{month}" for month in _MONTHS[1:]),
    *(f"BILL_AMT{month}" for month in _MONTHS),
    *(f"PAY_AMT{month}" for month in _MONTHS),
)

SAMPLE = Published(
    columns=("EDUCATION", "MARRIAGE", "LIMIT_BAL", "BILL_AMT1", _TARGET),
    rows=6_000,
    checksum="13199662eddd420389c98cdd7970dd722c2b3a83214ee1d3799efce46a90f976",
    aliases={},
)
FULL = Published(
    columns=("ID", *_FEATURES, _TARGET),
    rows=30_000,
    checksum="7d0c12ad5a87c1ba4b09d18a85664be31614e173fe5fb6feca9bfb568e3f6749",
    aliases={
        **{f"x{number}": name for number, name in enumerate(_FEATURES, 1)},
        **dict.fromkeys(("y", "default payment next month", "default.payment.next.month"), _TARGET),
    },
)

_DESCRIPTION = """\
Default of Credit Card Clients: {rows:,} clients of a bank in Taiwan, April to September 2005.
Target: default is 1 where the client did not pay in October 2005, else 0.
LIMIT_BAL: credit limit. BILL_AMT1 … 6: bill of September … April. PAY_AMT1 … 6: payment in those
months. All amounts in New Taiwan dollars. PAY_0, PAY_2 … 6: months in arrears in September … April,
-1 where all was paid (0 and -2 are not documented). SEX: 1 male, 2 female. AGE in years.
EDUCATION: 1 graduate school, 2 university, 3 high school, 4 others (0, 5, 6 are not documented).
MARRIAGE: 1 married, 2 single, 3 others (0 is not documented).
Source: I-Cheng Yeh, UCI Machine Learning Repository, 2009, doi:10.24432/C55S3H. License: CC BY 4.0.
"""


def credit(path: str | os.PathLike[str] | None = None, *, full: bool = False) -> Examples:
    """Credit-card clients, and who of them defaulted (1) the month after.

    - `credit()`: 6,000 clients × 4 features (education, marriage, credit limit, last bill), which
      ship with lamina.
    - `credit(full=True)`: all 30,000 × 23, downloaded from the UCI archive once (2.9 MB) and kept
      in the cache folder (LAMINA_CACHE).
    - `credit(path)`: all 30,000 × 23 from a CSV file that you have, gzip or not.

    Features are float32 of shape (rows, columns), in the units of the source; the target is int32
    of shape (rows,). The numbers are always checked against the published ones: NotFoundError
    where they cannot be had, DataLossError where they differ.

        features, default = tf.datasets.credit()
    """
    if path is not None:
        return _examples(FULL, FULL.parse(_read(Path(path)), str(path)))
    if full:
        return _examples(FULL, _downloaded())
    sample = Path(__file__).parent / "data" / "credit_sample.csv.gz"
    return _examples(SAMPLE, SAMPLE.parse(sample.read_bytes(), str(sample)))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotFoundError(
            f"cannot read {path}: {error.strerror or error}. Expected the CSV file of {URL}"
        ) from None


def _downloaded() -> np.ndarray:
    try:
        return cached(URL, _CACHED_NAME, _LIMIT, FULL.parse)
    except (NotFoundError, DataLossError) as error:
        raise type(error)(
            f"{error}. By hand: save {URL} as {cache_folder() / _CACHED_NAME}, "
            "or anywhere and call credit(path). credit() needs no download."
        ) from error


def _examples(published: Published, numbers: np.ndarray) -> Examples:
    names = published.columns[:-1]
    first = 1 if names[0] == "ID" else 0
    return Examples(
        features=numbers[:, first:-1].astype(np.float32),
        target=numbers[:, -1].astype(np.int32),
        feature_names=names[first:],
        target_name=published.columns[-1],
        description=_DESCRIPTION.format(rows=published.rows),
    )
