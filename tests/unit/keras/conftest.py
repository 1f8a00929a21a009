"""What tests of Keras's side share."""

from __future__ import annotations

import pytest

from lamina.keras.callbacks import backup


@pytest.fixture
def files_after_each_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `BackupAndRestore` write after each epoch, however short it is."""
    monkeypatch.setattr(backup, "SHARE", 1.0)
