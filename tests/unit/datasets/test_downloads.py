"""Downloads: once, whole, verified, and with a way out where there is no network."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lamina.core import downloads as cache
from lamina.core.config import config
from lamina.core.errors import DataLossError, NotFoundError
from lamina.datasets import credit, credit_card
from tests.tools.server import Server, serving

CONTENT = b"verified content"
LIMIT = 1000


def parse(content: bytes, origin: str) -> tuple[bytes, str]:
    if content != CONTENT:
        raise DataLossError(f"{origin} is damaged")
    return content, origin


@pytest.fixture
def server() -> Iterator[Server]:
    with serving({"data.csv": CONTENT}) as running:
        yield running


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(config, "cache", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_file_is_downloaded_once_and_kept(server, folder):
    assert cache.cached(server.url("data.csv"), "kept.csv", LIMIT, parse) == (
        CONTENT,
        server.url("data.csv"),
    )
    kept = folder / "kept.csv"
    assert cache.cached(server.url("data.csv"), "kept.csv", LIMIT, parse) == (CONTENT, str(kept))
    assert server.asked == 1
    assert os.listdir(folder) == ["kept.csv"]


def test_a_damaged_copy_is_downloaded_anew(server, folder):
    folder.mkdir()
    (folder / "kept.csv").write_bytes(CONTENT[:-1])
    assert cache.cached(server.url("data.csv"), "kept.csv", LIMIT, parse)[0] == CONTENT
    assert (folder / "kept.csv").read_bytes() == CONTENT


def test_a_download_that_is_not_what_it_should_be_is_not_kept(server, folder):
    server.files["data.csv"] = b"<html>moved</html>"
    with pytest.raises(DataLossError, match="is damaged"):
        cache.cached(server.url("data.csv"), "kept.csv", LIMIT, parse)
    assert not folder.exists()


def test_a_download_stops_at_its_limit(server):
    server.files["data.csv"] = bytes(LIMIT + 1)
    with pytest.raises(DataLossError, match="larger than the 1000 bytes"):
        cache.download(server.url("data.csv"), LIMIT)
    server.files["data.csv"] = bytes(LIMIT)
    assert len(cache.download(server.url("data.csv"), LIMIT)) == LIMIT


def test_an_address_that_answers_no_is_named(server):
    with pytest.raises(NotFoundError, match=r"could not download .*/absent: .*404"):
        cache.download(server.url("absent"), LIMIT)


def test_a_folder_that_cannot_be_written_costs_the_copy_and_not_the_data(server, folder):
    folder.write_text("a file where the folder should be")
    with pytest.warns(UserWarning, match="could not be kept .*LAMINA_CACHE"):
        assert cache.cached(server.url("data.csv"), "kept.csv", LIMIT, parse)[0] == CONTENT


def test_the_full_set_is_downloaded_checked_and_kept(server, folder, monkeypatch):
    rows = np.arange(2 * len(credit_card.FULL.columns)).reshape(2, -1)
    digest = hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest()
    monkeypatch.setattr(credit_card, "FULL", credit_card.FULL._replace(rows=2, checksum=digest))
    monkeypatch.setattr(credit_card, "URL", server.url("data.csv"))
    lines = [",".join(map(str, row)) for row in (credit_card.FULL.columns, *rows.tolist())]
    server.files["data.csv"] = "\n".join(lines).encode()
    for _ in range(2):
        examples = credit(full=True)
        assert np.array_equal(examples.features, rows[:, 1:-1])
        assert np.array_equal(examples.target, rows[:, -1])
    assert server.asked == 1
    assert (folder / "credit_default.csv").read_bytes() == server.files["data.csv"]


def test_without_network_the_error_says_what_to_do_by_hand(folder, monkeypatch):
    address = "http://127.0.0.1:9/data.csv"  # nobody listens on the discard port
    monkeypatch.setattr(credit_card, "URL", address)
    with pytest.raises(NotFoundError) as caught:
        credit(full=True)
    message = str(caught.value)
    assert f"could not download {address}" in message
    assert f"save {address} as {folder / 'credit_default.csv'}" in message
    assert "credit(path)" in message


def test_an_archive_that_serves_something_else_is_reported_with_the_way_out(server, monkeypatch):
    server.files["data.csv"] = b"<html>moved</html>"
    monkeypatch.setattr(credit_card, "URL", server.url("data.csv"))
    with pytest.raises(DataLossError, match=r"lacks 25 of 25 columns.*By hand: save http"):
        credit(full=True)
