"""Trainings that are killed at random moments end as those that are not."""

from __future__ import annotations

import subprocess
import sys

import pytest

KILLS = 20 if sys.platform == "win32" else 200  # a process is slow to start there


@pytest.mark.timeout(300)
def test_killed_trainings_end_with_the_same_bits() -> None:
    command = [sys.executable, "-W", "error", "-m", "tests.tools.killing", "--kills", str(KILLS)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert f"after {KILLS} kills ended with the same bits" in found.stdout
