"""What tests of Keras's side share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamina.keras.callbacks import backup


@pytest.fixture
def files_after_each_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `BackupAndRestore` write after each epoch, however short it is."""
    monkeypatch.setattr(backup, "SHARE", 1.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one table in all kinds of files."""
    from .stored_tables import write_all  # which needs pandas and PyArrow

    return write_all(tmp_path_factory.mktemp("tables"))


@pytest.fixture
def little_memory() -> Iterator[None]:
    """Tables are read piece by piece, a few hundred rows each."""
    from .stored_tables import table_memory

    with table_memory(120_000):
        yield
