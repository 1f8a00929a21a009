"""A small table in a folder of its own, and the program run in this process."""

from __future__ import annotations

import csv
from typing import NamedTuple

import numpy as np
import pytest

from lamina.cli.main import main

ROWS = 200


class Ran(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str


@pytest.fixture
def run(capsys):
    def run_command(*words):
        capsys.readouterr()
        status = main([str(word) for word in words])
        return Ran(status, *capsys.readouterr())

    return run_command


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The working folder, with clients.csv in it."""
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(0)
    debt = generator.normal(size=ROWS)
    paid = np.where(debt + 0.3 * generator.normal(size=ROWS) > 0, "no", "yes")
    grade = np.array([f"g{place}" for place in np.argsort(np.argsort(debt)) * 10 // ROWS])
    with open("clients.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "debt", "town", "paid", "grade"])
        for row in range(ROWS):
            town = "north" if row % 3 else "south"
            writer.writerow([row, f"{debt[row]:.4f}", town, paid[row], grade[row]])
    return tmp_path
