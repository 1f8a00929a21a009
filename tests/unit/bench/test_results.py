"""Medians, the best settings and ratios, and what the page says of them."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from bench.__main__ import _names
from bench.cases import CASES
from bench.contestants import CONTESTANTS
from bench.jobs import Plan, environment, jobs
from bench.page import NOTES, page, write
from bench.picture import draw
from bench.results import Results, figure
from bench.tables import curve, tables
from bench.text import number, table

HEAD = {
    "date": "2026-01-31",
    "commit": "abc1234",
    "threads": [1, 2],
    "quick": False,
    "machine": {
        "processor": "Some processor",
        "family and model": "1 2",
        "vectors": "avx2",
        "cores": 2,
        "memory": "8 GiB",
        "system": "Linux 6.1",
        "python": "3.12.0",
    },
}


def record(section, contestant, threads=1, case="borrower", label="", **values):
    names = {"section": section, "case": case, "contestant": contestant, "threads": threads}
    return {**names, "label": label, "others": 0.25, **values}


def times(contestant, *rounds, threads=1, case="borrower", section="train", label=""):
    return [
        record(section, contestant, threads, case, label, microseconds=list(numbers), memory=100.0)
        for numbers in rounds
    ]


@pytest.fixture
def results():
    parts = {"import": 0.2, "build": 0.1, "first epoch": 0.1}
    bandwidth = [[2.0**18, 1e11], [2.0**28, 2e10]]
    return Results(
        dict(HEAD),
        [
            {"section": "peak", "threads": 1, "flops": 1e11, "bandwidth": bandwidth},
            {"section": "peak", "threads": 1, "flops": 7.32e10, "bandwidth": bandwidth},
            *times("lamina", [2.0, 2.2, 9.0], [1.5, 1.8, 2.0], [3.0, 3.0, 3.1]),
            *times("lamina", [5.0], [6.0], [7.0], threads=2),
            *times("JAX, epoch in a scan", [33.0], [22.0], [11.0]),
            *times("JAX, epoch in a scan", [44.0], threads=2),
            *times("PyTorch", [220.0]),
            record("train", "scikit-learn", error="no such thing"),
            *times("lamina", [10.0], section="growth", label="1000 rows"),
            *times("lamina", [10.0], section="growth", label="10000 rows"),
            *times("lamina", [7.0], section="growth", label="width 16"),
            record(
                "one",
                "lamina",
                microseconds={
                    "predict": {"median": 1.0, "least": 0.9},
                    "call": {"median": 2.0, "least": 1.9},
                },
            ),
            record("one", "ONNX Runtime", microseconds={"run": {"median": 14.0, "least": 13.0}}),
            record("many", "lamina", rows_per_second=8e7, way="predict"),
            record("many", "ONNX Runtime", rows_per_second=4e7, way="run"),
            record("start", "lamina", label="empty cache", seconds=0.4, parts=parts),
            record("start", "lamina", label="warm cache", seconds=0.3, parts=parts),
            record("import", "numpy", seconds=0.10, versions={"Python": "3.12", "lamina": "1.0"}),
            record("import", "lamina", seconds=0.13),
        ],
    )


def test_a_figure_is_the_median_of_the_medians():
    found = figure([[1.0, 2.0, 9.0], [4.0], [3.0, 5.0]], threads=2)
    assert found == (4.0, 1.0, 2, 3)


def test_the_best_setting_is_the_one_with_the_least_median(results):
    best = results.best("train", "microseconds", case="borrower", contestant="lamina")
    assert best == (2.2, 1.5, 1, 3)
    assert results.best("train", "microseconds", case="mnist") is None


def test_ratios_are_to_lamina_and_leave_out_what_failed(results):
    ratios = results.ratios("train", "microseconds", case="borrower")
    expected = {"lamina": 1.0, "JAX, epoch in a scan": 10.0, "PyTorch": 100.0}
    assert ratios == pytest.approx(expected)
    assert results.ratios("train", "microseconds", case="wide") == {}


def test_the_peak_is_the_best_of_all_rounds(results):
    assert results.peak(1).flops == 1e11
    assert results.peak(2) is None


def test_settings_that_are_far_behind_are_settled(results):
    def settled(contestant, threads):
        names = record("train", contestant, threads)
        names.pop("others")
        return results.settled(names)

    assert settled("lamina", 2)  # 5.0 at best, beside 1.5
    assert not settled("lamina", 1)
    assert settled("JAX, epoch in a scan", 2)
    assert settled("scikit-learn", 1)  # it failed
    assert not settled("Keras on JAX", 1)


def test_results_survive_a_file(results, tmp_path):
    path = tmp_path / "results.json"
    results.write(path)
    read = Results.read(path)
    assert (read.head, read.records) == (results.head, results.records)
    assert json.loads(path.read_text())["date"] == HEAD["date"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.json"]


def test_earlier_measurements_are_added(results):
    later = Results({**HEAD, "threads": [4]}, times("lamina", [1.0], threads=4))
    later.join(results)
    assert later.rounds() == (1, 3) and later.head["threads"] == [1, 2, 4]
    best = later.best("train", "microseconds", contestant="lamina", case="borrower")
    assert best == (1.0, 1.0, 4, 1)


def test_the_page_has_the_ratios_the_floor_and_the_goal(results):
    lines = tables(results).splitlines()
    (summary,) = [line for line in lines if line.startswith("| borrower")]
    cells = [cell.strip() for cell in summary.strip("|").split("|")]
    floor = 73.2e3 / 1e11 * 1e6
    assert cells[:6] == ["borrower", "2.2", "JAX, epoch in a scan", "22", "10 ×", "20 ×"]
    assert float(cells[6]) == pytest.approx(floor, rel=1e-2)
    assert float(cells[7].rstrip(" ×")) == pytest.approx(2.2 / floor, rel=1e-2)
    text = "\n".join(" ".join(line.split()) for line in lines)
    assert "| PyTorch | 220 | 220 | 100 × | 1 |" in text
    assert "| ONNX Runtime: `run` | 14 | 13 | 14 × | |" in text
    assert "| ONNX Runtime | 40 | 2.00 × | 1 | 1.2 × |" in text
    assert "| lamina | 0.40 | 0.20 + 0.10 + 0.10 | 0.30 | 0.20 + 0.10 + 0.10 |" in text
    assert "| `import lamina` | 130 | 130 | 1.30 × |" in text
    assert "scikit-learn" not in text


def test_tables_without_lamina_have_no_ratios(results):
    results.records = times("PyTorch", [220.0])
    text = " ".join(tables(results).split())
    assert "| PyTorch | 220 | 220 | – | 1 |" in text


def test_growth_is_time_per_epoch(results):
    assert curve(results, "lamina", "rows") == [(1000, 10 * 32 / 1000), (10000, 10 * 313 / 1000)]
    assert curve(results, "lamina", "width") == [(16, 7 * 16 / 1000)]


def test_notes_by_hand_stay(results, tmp_path):
    path = tmp_path / "page.md"
    write(results, path, "page.svg")
    assert "quick run" not in path.read_text()
    path.write_text(path.read_text() + "\n## Why\nBecause.\n")
    results.head["commit"] = "def5678"
    write(results, path, "page.svg")
    text = path.read_text()
    assert "def5678" in text and "abc1234" not in text
    assert text.count(NOTES) == 1 and text.endswith(f"{NOTES}\n## Why\nBecause.\n")
    assert "quick run" in page(Results({**HEAD, "quick": True}), "page.svg")


def test_the_picture_is_drawn(results, tmp_path):
    pytest.importorskip("matplotlib")
    draw(results, tmp_path / "page.svg")
    text = " ".join(ET.parse(tmp_path / "page.svg").getroot().itertext())
    assert "borrower" in text and "PyTorch" in text and "ms per epoch" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1234, "0.123"), (2.0, "2"), (99.96, "100"), (123.4, "123"), (50811.2, "50,800")],
)
def test_numbers_have_three_digits(value, text):
    assert number(value) == text


def test_tables_have_even_columns():
    assert table(("a", "b"), [("long", "1"), ("x",)]).splitlines() == [
        "| a    | b |",
        "|------|---|",
        "| long | 1 |",
        "| x    |   |",
    ]


def test_jobs_are_those_that_libraries_can_do():
    plan = Plan(sections=("train", "one"), threads=(1, 2))
    found = jobs(plan)
    trained = {(job.case.name, job.contestant.name) for job in found if job.section == "train"}
    assert ("mnist", "scikit-learn") in trained
    assert ("deep narrow", "scikit-learn") not in trained  # it has no dropout
    assert ("mnist", "ONNX Runtime") not in trained
    assert ("borrower", "ONNX Runtime") in {
        (job.case.name, job.contestant.name) for job in found if job.section == "one"
    }
    assert {job.threads for job in found if job.section == "train"} == {1, 2}
    few = jobs(Plan(sections=("train",), cases=("wide",), contestants=("lamina",)))
    assert [(job.case, job.threads) for job in few] == [(CASES["wide"], 1)]


def test_a_quick_plan_has_few_rows():
    for job in jobs(Plan(quick=True, sections=("train", "many", "growth"))):
        assert job.case.rows <= 100_000
        assert job.contestant.name in CONTESTANTS


def test_workers_get_their_threads_and_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    variables = environment(3, tmp_path)
    assert variables["LAMINA_THREADS"] == variables["OMP_NUM_THREADS"] == variables["NPROC"] == "3"
    assert variables["LAMINA_OBJECT_CACHE"].startswith(str(tmp_path))
    assert "OPENBLAS_CORETYPE" not in variables


def test_names_come_in_the_known_order():
    assert _names("c, a", ("a", "b", "c")) == ("a", "c")
    with pytest.raises(Exception, match="'d' is not one of a, b, c"):
        _names("a,d", ("a", "b", "c"))
