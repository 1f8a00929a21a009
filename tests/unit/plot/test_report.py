"""The report: one file that holds everything, in which nothing from data becomes markup."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest

from lamina.core.errors import InvalidArgumentError, MissingPackageError, NotFoundError
from lamina.plot import Report, page, write_report
from lamina.plot.report import render
from lamina.tabular.evaluation import auc

HOSTILE = "<script>alert('x')</script>\"' onload=x $_{ \\frac$ \x00\x1b"
VOID = {"meta", "path", "use", "br"}


class Page(HTMLParser):
    """What a browser sees: elements with their attributes, texts by element, unclosed elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and data.strip():
            self.texts.append((self.open[-1], data.strip()))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self, tag: str) -> list[str]:
        return [text for name, text in self.texts if name == tag]


@pytest.fixture
def report(binary: tuple[np.ndarray, np.ndarray], model: Any) -> dict[str, Any]:
    true, values = binary
    return {
        "title": "Clients",
        "task": "binary",
        "y_true": true,
        "predictions": values[:, None],
        "history": SimpleNamespace(
            history={"loss": [3, 2], "val_loss": [2, 3], "lr": [1, 1], "auc": [0.5, 0.6]}
        ),
        "model": model,
        "feature_names": ["age", "limit", "bill", "paid"],
        "class_names": ["pays", "defaults"],
        "summary": "A summary.",
        "headline": [("loss", 0.43)],
        "facts": [("rows", 30000), ("base rate", np.float32(0.25)), ("sex", None)],
        "settings": [("seed", 12345), ("command", "lamina train credit")],
        "columns": [("EDUCATION", "standardized; 12 missing filled with median")],
        "attribution": "Yeh & Lien 2009",
    }


@pytest.fixture
def multiclass(several: tuple[np.ndarray, np.ndarray]) -> dict[str, Any]:
    true, values = several
    return {"title": "Three", "task": "multiclass", "y_true": true, "predictions": values}


def _regression() -> dict[str, Any]:
    true = np.arange(20.0)
    return {"title": "R", "task": "regression", "y_true": true, "predictions": true + 1}


def test_the_figures_are_those_of_the_rows(report: dict[str, Any]) -> None:
    shown = Page(render(Report(**report)))
    true, values = report["y_true"], report["predictions"][:, 0]
    assert shown.text("dt")[:3] == ["loss", "accuracy", "AUC"]
    assert shown.text("dt").count("loss") == 1
    figures = shown.text("dd")
    assert figures[0] == "0.4300"
    assert figures[1] == f"{np.mean(true == (values >= 0.5)):.4f}"
    assert figures[2] == f"{1 - np.mean(true):.4f} by always saying the commonest class"
    assert figures[3] == f"{auc(true, values):.4f}"
    cells = shown.text("td")
    counts = [
        f"{np.sum((true == t) & ((values >= 0.5) == p)):,}" for t in (0, 1) for p in (False, True)
    ]
    row = cells.index(counts[0])
    assert cells[row : row + 2] == counts[:2]
    assert cells[row + 3 : row + 5] == counts[2:]
    assert cells[row + 2] == f"{np.sum(true == 0)}"
    shares = [int(count) / np.sum(true == t) for count, t in zip(counts, (0, 0, 1, 1), strict=True)]
    assert shown.text("small") == [f"{share:.1%}" for share in shares]
    assert {"30,000", "0.2500", "–", "12345", "lamina train credit"} <= set(cells)
    assert {"EDUCATION", "truth: pays", "predicted: defaults"} <= set(shown.text("th"))
    assert "Yeh & Lien 2009" in shown.text("p")
    assert shown.text("h2") == [
        "The data",
        "On rows it has not seen",
        "Training",
        "The network",
        "Columns",
        "To get this again",
    ]


def test_a_threshold_moves_the_confusion_matrix(report: dict[str, Any]) -> None:
    rows = {"y_true": [0, 1, 1], "predictions": [0.3, 0.3, 0.2], "threshold": 0.3}
    shown = Page(render(Report(**report | rows)))
    assert shown.text("small") == ["0.0%", "100.0%", "50.0%", "50.0%"]


def test_pictures_have_text_alternatives(report: dict[str, Any]) -> None:
    shown = Page(render(Report(**report)))
    titles = [text for text in shown.text("title") if text != "Clients"]
    starts = ("ROC curve, AUC", "Calibration", "Average precision", "Best validation loss")
    assert [t for t in titles if t.startswith(starts)] == titles[:4]
    assert titles[4:] == ["Best training AUC: 0.6, epoch 2", "Network 4–3–1: 15 weights"]
    assert len(shown.text("desc")) == len(shown.text("figcaption")) == len(shown.all("svg")) == 6
    for svg in shown.all("svg"):
        assert svg["role"] == "img"
        assert len(svg["aria-labelledby"].split()) == 2


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_page_is_whole_and_needs_nothing_from_elsewhere(
    task: str, report: dict[str, Any], multiclass: dict[str, Any]
) -> None:
    values = {"binary": report, "multiclass": multiclass, "regression": _regression()}[task]
    text = render(Report(**values))
    shown = Page(text)
    assert not shown.open
    ids = Counter(attributes["id"] for _, attributes in shown.elements if "id" in attributes)
    assert ids.most_common(1)[0][1] == 1
    pointed = {
        name
        for _, attributes in shown.elements
        for key, value in attributes.items()
        for name in (
            value.split()
            if key == "aria-labelledby"
            else re.findall(r"^(?:url\()?#([\w-]+)", value or "")
        )
        if key != "style"
    }
    assert pointed
    assert pointed <= ids.keys()
    tags = {tag for tag, _ in shown.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "image", "a", "base", "form"}
    assert "//" not in re.sub(r"<(p|td|th)\b[^>]*>[^<]*", "", text)
    assert "default-src 'none'" in shown.all("meta")[1]["content"]
    assert all(th["scope"] in ("row", "col") for th in shown.all("th"))
    assert len(shown.all("h1")) == 1
    assert shown.all("html")[0]["lang"] == "en"


def test_pictures_follow_the_look_of_the_page(report: dict[str, Any]) -> None:
    text = render(Report(**report))
    pictures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    for picture in pictures:
        ET.fromstring(picture)  # well-formed
        assert not re.search(r"#[0-9a-f]{6}\b", picture)
    used = set(re.findall(r"var\((--[\w-]+)\)", text))
    light, dark = re.findall(r":root\{([^}]*)\}", text)
    for defined in (light, dark):
        assert used - {"--width", "--share"} <= set(re.findall(r"(--[\w-]+):", defined))
    assert "@media screen and (prefers-color-scheme:dark)" in text


def test_nothing_from_data_becomes_markup(multiclass: dict[str, Any]) -> None:
    pairs = [(HOSTILE, HOSTILE)]
    text = render(
        Report(
            **multiclass
            | {
                "title": HOSTILE,
                "history": {"loss": [1.0], HOSTILE: [1.0]},
                "model": [np.ones((2, 3))],
                "feature_names": [HOSTILE, "収入"],
                "class_names": [HOSTILE, "b", "c"],
                "summary": HOSTILE,
                "headline": pairs,
                "facts": pairs,
                "settings": pairs,
                "columns": pairs,
                "attribution": HOSTILE,
            }
        )
    )
    shown = Page(text)
    assert "script" not in {tag for tag, _ in shown.elements}
    assert not any(key.startswith("on") for _, attrs in shown.elements for key in attrs)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text)
    said = Counter(text.count("alert('x')") and tag for tag, text in shown.texts)
    assert {"h1", "title", "p", "dt", "dd", "th", "td", "figcaption"} <= said.keys()
    assert "収入" in shown.text("text")
    for picture in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ET.fromstring(picture)


def test_the_same_report_is_the_same_bytes_in_every_process(
    report: dict[str, Any], tmp_path: Path
) -> None:
    code = (
        "import sys, numpy as np; from lamina.plot import Report, write_report\n"
        "write_report(sys.argv[1], Report(title='t', task='binary', y_true=[0, 1, 1], "
        "predictions=[0.1, 0.6, 0.4], history={'loss': [2, 1]}, model=[np.ones((2, 1))]))"
    )
    written = []
    for seed in ("1", "2"):
        path = tmp_path / f"{seed}.html"
        environment = os.environ | {"PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", code, path], check=True, env=environment)
        written.append(path.read_bytes())
    assert written[0] == written[1]
    assert render(Report(**report)) == render(Report(**report))


def test_the_users_matplotlib_settings_do_not_show(report: dict[str, Any]) -> None:
    plain = render(Report(**report))
    settings = {"axes.titlesize": 30, "lines.linewidth": 9, "svg.fonttype": "path"}
    with mpl.rc_context(settings):
        assert render(Report(**report)) == plain
        assert mpl.rcParams["svg.fonttype"] == "path"


def test_multiclass_has_a_row_for_each_class(multiclass: dict[str, Any]) -> None:
    shown = Page(render(Report(**multiclass)))
    heads = shown.text("th")
    assert {"truth: 2", "predicted: 0", "precision", "recall", "F1"} <= set(heads)
    assert "AUC, mean of classes" in shown.text("dt")


def test_of_many_classes_the_commonest_errors_are_listed() -> None:
    true = np.array([0, 0, 0, *range(25)])
    predicted = np.array([3, 3, 7, *range(25)])
    values = np.eye(25)[predicted]
    report = Report(title="t", task="multiclass", y_true=true, predictions=values)
    shown = Page(render(report))
    assert shown.text("caption")[0].startswith("The commonest errors among 25 classes")
    errors = [head for head in shown.text("th") if "predicted" in head]
    assert errors == ["0, predicted: 3", "0, predicted: 7"]


def test_regression_shows_residuals() -> None:
    shown = Page(render(Report(**_regression())))
    assert shown.text("dt") == ["RMSE", "MAE", "R²"]
    assert shown.text("desc")[0].startswith("Truth minus prediction")


def test_a_picture_that_cannot_be_drawn_says_why(report: dict[str, Any]) -> None:
    broken = {"model": [np.full((4, 1), np.nan)], "history": {"loss": ["?"]}}
    shown = Page(render(Report(**report | broken)))
    reasons = [text for text in shown.text("p") if text.startswith("Not drawn: ")]
    assert len(reasons) == 2
    assert "diverged" in reasons[1]
    assert len(shown.all("svg")) == 3


def test_what_is_not_given_is_not_mentioned() -> None:
    shown = Page(render(Report(**_regression())))
    assert shown.text("h2") == ["On rows it has not seen"]
    assert not shown.all("footer")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": "ranking"}, "'regression'"),
        ({"y_true": [0, 1]}, "2 rows but probabilities has 400"),
        ({"class_names": ["a"]}, "class_names needs 2 names"),
        ({"predictions": np.full(400, 7.0)}, "between 0 and 1"),
    ],
)
def test_bad_rows_write_nothing(
    report: dict[str, Any], tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        write_report(tmp_path / "report.html", Report(**report | change))
    assert not list(tmp_path.iterdir())


def test_without_matplotlib_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingPackageError, match="lamina"):
        write_report(tmp_path / "report.html", Report(**_regression()))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_an_earlier_report_stays_when_writing_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, failing: str
) -> None:
    def fail(*arguments: Any) -> None:
        raise OSError("the disk is full")

    path = tmp_path / "report.html"
    path.write_text("earlier")
    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(OSError, match="disk is full"):
        write_report(path, Report(**_regression()))
    assert [item.name for item in tmp_path.iterdir()] == ["report.html"]
    assert path.read_text() == "earlier"


def test_the_report_replaces_an_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("earlier")
    assert write_report(str(path), Report(**_regression())) == path
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [item.name for item in tmp_path.iterdir()] == ["report.html"]
    other = tmp_path / "other"
    other.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(other.stat().st_mode)


def test_a_place_that_cannot_hold_a_report_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="is a folder"):
        write_report(tmp_path, Report(**_regression()))
    with pytest.raises(NotFoundError, match="no folder"):
        write_report(tmp_path / "none" / "report.html", Report(**_regression()))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (30000, "30,000"),
        (np.int64(1234), "1,234"),
        (0.77312, "0.7731"),
        (12345.678, "12,345.7"),
        (0.0, "0.0000"),
        (1.234567e-5, "1.235e-05"),
        (2.5e12, "2.5e+12"),
        (float("nan"), "undefined"),
        (float("-inf"), "-inf"),
        (None, "–"),
        (True, "yes"),
        (np.False_, "no"),
        ("70 %", "70 %"),
    ],
)
def test_numbers_read_well(value: Any, shown: str) -> None:
    assert page.number(value) == shown
