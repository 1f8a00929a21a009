"""A report on a trained network: one file that holds everything, to read, print or pass on."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from ..core.errors import InvalidArgumentError, describe
from ..core.files import check_file, write_bytes
from ..tabular import evaluation
from . import page
from .classification import calibration, precision_recall, roc
from .diagram import network
from .regression import residuals
from .svg import page_style, to_svg
from .training import best_epoch, history, read_history, readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Pairs = Sequence[tuple[str, Any]]
_MOST_CLASSES = 20  # a larger confusion matrix is listed by its commonest errors
_LABELS = {
    "log_loss": "loss",
    "accuracy": "accuracy",
    "auc": "AUC",
    "balanced_accuracy": "balanced accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "macro_auc": "AUC, mean of classes",
    "macro_precision": "precision, mean",
    "macro_recall": "recall, mean",
    "macro_f1": "F1, mean",
    "brier": "Brier score",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """What a report tells. Text is given raw (the report escapes it); values are text or numbers.

    task: "binary", "multiclass" or "regression".
    y_true, predictions: held-out rows. Binary: 0/1 and the probability of 1, shape (n,) or (n, 1);
        multiclass: 0 to k - 1 and probabilities (n, k); regression: numbers, (n,) or (n, 1).
    history: what `fit` returned, or a dict of one list per metric.
    model: what `network` draws: a Keras-like model or a list of weight matrices.
    feature_names: one per input of the network. class_names: k names, two for binary.
    history_note: what to know about its numbers, such as their unit.
    headline: (label, value) shown before the figures that the report computes.
    facts: (label, value) about the data: rows, columns, split, base rate.
    settings: (label, value) that reproduce the run: command, seed, layers, versions.
    columns: (column, treatment), as in ("AGE", "standardized; 12 missing filled with median").
    threshold: the probability from which class 1 is predicted (binary), and why from this one.
    """

    title: str
    task: str
    y_true: npt.ArrayLike
    predictions: npt.ArrayLike
    history: Any = None
    history_note: str = ""
    model: Any = None
    feature_names: Sequence[Any] | None = None
    class_names: Sequence[Any] | None = None
    summary: str = ""
    headline: Pairs = ()
    facts: Pairs = ()
    settings: Pairs = ()
    columns: Pairs = ()
    attribution: str = ""
    threshold: float = 0.5
    threshold_reason: str = ""


def write_report(path: str | os.PathLike[str], report: Report) -> Path:
    """Write `report` as one HTML file that works offline, in both looks, and return its path.

    The same report gives the same bytes. The file appears whole or not at all: an earlier one stays
    until the new one is complete. Raises InvalidArgumentError when the rows make no sense, and
    MissingPackageError without matplotlib; nothing is written then.
    """
    check_file(path)  # before the pictures are drawn
    write_bytes(path, render(report).encode("utf-8"))
    return Path(path)


def render(report: Report) -> str:
    """The report as HTML text."""
    scores = evaluation.evaluate(report.task, report.y_true, report.predictions, report.threshold)
    names = _class_names(report)
    with page_style():
        parts = [
            page.paragraph(report.summary),
            page.figures(_headline(report, scores)),
            page.section("The data", page.facts("What was learned from", report.facts)),
            page.section("On rows it has not seen", *_results(report, scores, names)),
            page.section("Training", *_training(report)),
            page.section("The network", _network(report)),
            page.section("Columns", page.facts("How each column was treated", report.columns)),
            page.section(
                "To get this again", page.facts("Settings of this run", report.settings, exact=True)
            ),
        ]
    return page.document(report.title, parts, report.attribution)


def _headline(report: Report, scores: Mapping[str, float]) -> list[tuple[str, Any, str]]:
    notes = {
        "auc": "0.5 is chance, 1 perfect",
        "balanced_accuracy": "0.5 is chance, 1 perfect",
        "brier": "0 is perfect",
        "r2": "0 is the mean, 1 perfect",
    }
    answers = {
        "accuracy": "the commonest class",
        "log_loss": "the class shares",
        "rmse": "the mean",
    }
    for name, value in evaluation.baseline(report.task, report.y_true).items():
        notes[name] = f"{page.number(value)} by always saying {answers[name]}"
    given = [(label, value, "") for label, value in report.headline]
    labels = {label for label, _ in report.headline}
    return given + [
        (label, scores[name], notes.get(name, ""))
        for name, label in _LABELS.items()
        if name in scores and label not in labels
    ]


def _class_names(report: Report) -> list[str]:
    if report.task == "regression":
        return []
    count = 2 if report.task == "binary" else np.asarray(report.predictions).shape[1]
    if report.class_names is None:
        return [str(place) for place in range(count)]
    if len(report.class_names) != count:
        raise InvalidArgumentError(
            f"class_names needs {count} names, one per class; got {describe(report.class_names)}."
        )
    return [str(name) for name in report.class_names]


def _results(report: Report, scores: Mapping[str, float], names: Sequence[str]) -> list[str]:
    true, values = np.asarray(report.y_true), np.asarray(report.predictions)
    rows = f"{int(scores['rows']):,} rows"
    if report.task == "regression":
        text = f"Truth minus prediction over the prediction, {rows}; RMSE {scores['rmse']:.4g}."
        return [page.pictures(_picture("residuals", text, lambda: residuals(true, values)))]
    if report.task == "multiclass":
        counts = evaluation.confusion_matrix(true, values.argmax(axis=1), range(len(names)))
        text = f"ROC curves of each class against the rest, {rows}."
        drawn = _picture("roc", text, lambda: roc(true, values, class_names=names))
        return [_confusion(counts, names, rows), _per_class(counts, names), page.pictures(drawn)]
    values = values.reshape(-1)
    counts = evaluation.confusion_matrix(true, values >= report.threshold, [0, 1])
    note = f"{rows}; {names[1]!r} is predicted from a probability of {report.threshold:.4g} on"
    note += f": {report.threshold_reason}" if report.threshold_reason else ""
    return [
        _confusion(counts, names, note),
        page.pictures(
            _picture(
                "roc",
                f"ROC curve, {rows}: area {page.number(scores['auc'])}. How many of {names[1]!r} "
                "are found, over how many of the others are wrongly named, at every threshold.",
                lambda: roc(true, values),
            ),
            _picture(
                "calibration",
                f"Calibration, {rows}: how often {names[1]!r} happens, over how often it is "
                "predicted to, in tenths of the scale, and how many rows are in each.",
                lambda: calibration(true, values),
            ),
            _picture(
                "precision-recall",
                f"Precision over recall, {rows}; average precision "
                f"{page.number(scores['average_precision'])}.",
                lambda: precision_recall(true, values),
            ),
        ),
    ]


def _confusion(counts: npt.NDArray[np.int64], names: Sequence[str], note: str) -> str:
    if len(names) > _MOST_CLASSES:
        return _commonest_errors(counts, names, note)
    totals = counts.sum(axis=1)
    shares = np.where(totals[:, None] > 0, counts / np.maximum(totals, 1)[:, None], np.nan)
    rows = [
        (
            f"truth: {name}",
            [page.cell(int(n), float(s)) for n, s in zip(row, row_shares, strict=True)]
            + [page.cell(int(total))],
        )
        for name, row, row_shares, total in zip(names, counts, shares, totals, strict=True)
    ]
    head = ["", *(f"predicted: {name}" for name in names), "all"]
    return page.table(f"Confusion matrix, with shares of each row ({note})", head, rows)


def _commonest_errors(counts: npt.NDArray[np.int64], names: Sequence[str], note: str) -> str:
    errors = counts.copy()
    np.fill_diagonal(errors, 0)
    order = np.argsort(-errors, axis=None, kind="stable")[:_MOST_CLASSES]
    pairs = [divmod(int(place), len(names)) for place in order if errors.flat[place] > 0]
    rows = [
        (f"{names[row]}, predicted: {names[column]}", [page.cell(int(errors[row, column]))])
        for row, column in pairs
    ]
    return page.table(
        f"The commonest errors among {len(names)} classes ({note})", ["", "rows"], rows
    )


def _per_class(counts: npt.NDArray[np.int64], names: Sequence[str]) -> str:
    found = evaluation.class_scores(counts)
    cells = zip(found.precision, found.recall, found.f1, found.support, strict=True)
    rows = [
        (name, [page.cell(value) for value in values])
        for name, values in zip(names, cells, strict=True)
    ]
    return page.table("Each class", ["", "precision", "recall", "F1", "rows"], rows)


def _training(report: Report) -> list[str]:
    record = getattr(report.history, "history", report.history)
    if not record:
        return []
    chosen = [name for name in ("loss", _second_metric(record)) if name in record]
    return [
        page.paragraph(report.history_note),
        page.pictures(*(_curve(report.history, name) for name in chosen)),
    ]


def _second_metric(record: Mapping[str, Any]) -> str:
    names = [name for name in record if not name.startswith("val_")]
    names = [name for name in names if name not in ("loss", "lr", "learning_rate")]
    preferred = [name for part in ("auc", "acc") for name in names if part in name]
    return (preferred or names or [""])[0]


def _curve(record: Any, metric: str) -> str:
    def text() -> str:
        curves, epochs = read_history(record, metric)
        best = best_epoch(curves[-1][1], metric)
        ending = "" if best is None else f"; best {curves[-1][0]} value in epoch {epochs[best]}"
        name = readable(metric)
        return f"{name[:1].upper()}{name[1:]} over {len(epochs)} epochs{ending}."

    return _picture(f"curve-{metric}", text, lambda: history(record, metric))


def _network(report: Report) -> str:
    if report.model is None:
        return ""
    text = (
        "Every line is a weight: blue where it is positive, orange where it is negative, and the "
        "wider the larger it is among those of its layer."
    )
    names = report.feature_names
    return _picture("network", text, lambda: network(report.model, feature_names=names), wide=True)


def _picture(
    name: str, text: str | Callable[[], str], draw: Callable[[], Axes], wide: bool = False
) -> str:
    """A picture with its caption; where it can't be drawn, the reason: the report matters more."""
    try:
        caption = text if isinstance(text, str) else text()
        ax = draw()
    except InvalidArgumentError as error:
        return page.paragraph(f"Not drawn: {error}")
    identifier = "".join(letter if letter.isalnum() else "-" for letter in name)
    svg = to_svg(
        cast("Figure", ax.figure), f"picture-{identifier}", ax.get_title(loc="left"), caption
    )
    return page.picture(svg, caption, wide)
