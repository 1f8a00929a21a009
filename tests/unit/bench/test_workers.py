"""A worker as it is run: in a process of its own, a line of JSON at the end. Here lamina's."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest

from bench.cases import CASES
from bench.contestants import CONTESTANTS
from bench.jobs import Failed, Job, Runner
from bench.machine import Meter, cores, facts
from bench.workers import common

SMALL = dataclasses.replace(CASES["borrower"], rows=200)


def test_training_in_a_process(tmp_path):
    job = Job("train", CONTESTANTS["lamina"], SMALL, threads=1, epochs=2)
    found = Runner(tmp_path).run(job)
    assert len(found["microseconds"]) == 2 and min(found["microseconds"]) > 0
    assert found["memory"] > 10 and 0 < found["loss"] < 2
    assert "lamina" in found["versions"]


def test_predicting_one_row_in_a_process(tmp_path):
    found = Runner(tmp_path).run(Job("one", CONTESTANTS["lamina"], SMALL, threads=1))
    assert {"predict", "call"} <= found["microseconds"].keys()
    assert all(0 < time["least"] <= time["median"] for time in found["microseconds"].values())


def test_the_parts_of_a_start(tmp_path):
    job = Job("start", CONTESTANTS["lamina"], SMALL, threads=1, label="empty cache")
    begin = time.perf_counter()
    found = Runner(tmp_path).run(job)
    assert 0 < found["seconds"] < time.perf_counter() - begin
    assert found["seconds"] == pytest.approx(sum(found["parts"].values()))


def test_a_worker_that_fails_says_why(tmp_path):
    broken = dataclasses.replace(SMALL, loss="no such loss")
    with pytest.raises(Failed, match="no such loss"):
        Runner(tmp_path).run(Job("train", CONTESTANTS["lamina"], broken, threads=1))


def test_the_machine_is_described_without_names():
    assert facts()["cores"] == cores() >= 1
    assert {"processor", "memory", "system", "python"} <= facts().keys()


def test_a_meter_leaves_out_its_own_work():
    meter = Meter()
    end = time.perf_counter() + 0.3
    while time.perf_counter() < end:
        pass
    busy = meter.others()
    assert busy is None or 0 <= busy <= cores() + 0.1


def test_a_slow_way_is_stopped_and_still_has_a_rate(monkeypatch):
    def call(rows):
        calls.append(len(rows))
        time.sleep(0.01)
        return rows

    calls: list[int] = []
    monkeypatch.setattr(common, "MANY_SECONDS", 0.03)
    rows = np.ones((1000, 1), "float32")
    rate = common._rate(call, rows, np.empty_like(rows), 8)
    assert len(calls) < 10
    assert 8 / 0.05 < rate < 8 / 0.01
