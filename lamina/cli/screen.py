"""What the terminal shows about a training run, before and after."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from ..tabular import Evaluation, Plan, Result
from ..tabular.evaluation import baseline
from ..tabular.output import HISTORY, MODEL, REPORT
from .source import Source

_MOST_CLASSES = 8  # a wider confusion matrix does not fit 80 columns
_MEASURES = {
    "binary": {
        "log_loss": "loss",
        "accuracy": "accuracy",
        "auc": "AUC",
        "balanced_accuracy": "balanced accuracy",
        "precision": "precision",
        "recall": "recall",
    },
    "multiclass": {
        "log_loss": "loss",
        "accuracy": "accuracy",
        "macro_auc": "AUC, mean of classes",
        "macro_f1": "F1, mean of classes",
    },
    "regression": {"rmse": "root mean squared error", "mae": "mean absolute error", "r2": "R²"},
}


def make_console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """A console that colours nothing by itself and shows names as they are."""
    return Console(stderr=stderr, quiet=quiet, highlight=False, markup=False, emoji=False)


def show_plan(console: Console, source: Source, plan: Plan) -> None:
    """What is about to be trained on what."""
    encoder, target = plan.encoder, plan.encoder.target
    rows = len(plan.targets)
    lines = [
        ("Data", f"{source.name}: {rows:,} rows, {_count(len(encoder.features), 'column')}"),
        ("Target", f"{target.name}, {describe_target(plan)}"),
        ("Network", describe_network(plan)),
        ("Rows", describe_split(plan)),
    ]
    if plan.unlabelled:
        lines.append(("Left out", f"{plan.unlabelled:,} rows without a target"))
    reasons: dict[str, list[str]] = {}
    for name, reason in encoder.omitted:
        reasons.setdefault(reason, []).append(name)
    lines += [("Left out", f"{listed(names)}: {reason}") for reason, names in reasons.items()]
    _print_pairs(console, lines)


def describe_target(plan: Plan) -> str:
    """The task, and how many rows each class has."""
    target, numbers = plan.encoder.target, plan.targets
    if not target.classes:
        return f"regression: {numbers.min():g} to {numbers.max():g}, mean {numbers.mean():g}"
    counts = np.bincount(numbers, minlength=len(target.classes))
    shares = (
        f"{shortened(name, 30)} ({100 * count / len(numbers):.1f} %)"
        for name, count in zip(target.classes, counts, strict=True)
    )
    return f"{target.task}: {listed(shares, 6)}"


def describe_network(plan: Plan) -> str:
    """Units and activations, from the inputs to the output."""
    target = plan.encoder.target
    output = {"binary": "1 sigmoid", "regression": "1 linear"}.get(target.task)
    parts = [f"{len(plan.encoder.input_names)} inputs"]
    parts += [f"{units} {activation}" for units, activation in plan.settings.hidden]
    return " – ".join([*parts, output or f"{len(target.classes)} softmax"])


def describe_split(plan: Plan) -> str:
    """How many rows do what."""
    split = plan.split
    return (
        f"{len(split.training):,} training, {len(split.validation):,} validation, "
        f"{len(split.test):,} test"
    )


def describe_columns(plan: Plan) -> str:
    """How many columns, by kind."""
    kinds = Counter(feature.kind for feature in plan.encoder.features)
    nouns = {"number": "numbers", "boolean": "true-or-false columns", "category": "categories"}
    return " and ".join(f"{kinds[kind]} {noun}" for kind, noun in nouns.items() if kinds[kind])


def describe_training(result: Result) -> str:
    """How the training ended, and which weights were kept."""
    epochs = len(result.history["loss"])
    ending = "stopped by Ctrl-C" if result.interrupted else "done"
    kept = f"kept epoch {result.best_epoch + 1}, the best on the validation rows"
    if result.best_epoch == epochs - 1 and not result.interrupted:
        kept += "; it was still improving, so try more epochs"
    return f"{ending} after {_count(epochs, 'epoch')}; {kept}"


def describe_threshold(result: Result) -> str:
    """From which probability on the second of two classes is predicted, and why; "" elsewhere."""
    target = result.encoder.target
    if target.task != "binary":
        return ""
    positive = shortened(target.classes[1], 30)
    reason = result.threshold_reason
    return f"{positive} is predicted from a probability of {target.threshold:.4g} on ({reason})"


def show_result(console: Console, result: Result) -> None:
    """How the training went, and how good the network is on rows that it has not seen."""
    console.print()
    lines = [("Training", describe_training(result)), ("Threshold", describe_threshold(result))]
    _print_pairs(console, [(label, text) for label, text in lines if text])
    if result.evaluation is None:
        return
    console.print()
    rows = len(result.evaluation.targets)
    console.print(Text(f"On {rows:,} rows that it has not seen", style="bold"))
    _show_measures(console, result)
    if result.evaluation.confusion is not None:
        _show_confusion(console, result.evaluation, result.encoder.target.classes)


def _show_measures(console: Console, result: Result) -> None:
    evaluation = result.evaluation
    assert evaluation is not None
    grid = Grid(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    grid.add_column()
    grid.add_column(justify="right", style="bold")
    grid.add_column(style="dim")
    for name, label in _MEASURES[result.encoder.target.task].items():
        grid.add_row(f"  {label}", _number(evaluation.measures[name]), _remark(name, result))
    console.print(grid)


def _number(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e5 else f"{value:.4g}"


def _remark(measure: str, result: Result) -> str:
    """What a measure is to be compared with."""
    evaluation, target = result.evaluation, result.encoder.target
    assert evaluation is not None
    constant = baseline(target.task, evaluation.targets)
    if measure in constant:
        answers = {"log_loss": "the class shares", "rmse": "the mean"}
        answer = answers.get(measure) or _commonest(evaluation, target.classes)
        return f"{_number(constant[measure])} by always predicting {answer}"
    positive = shortened(target.classes[-1]) if target.classes else ""
    remarks = {
        "auc": "0.5 is chance, 1 perfect",
        "macro_auc": "0.5 is chance, 1 perfect",
        "balanced_accuracy": "mean over the classes; 0.5 is chance",
        "precision": f"of the rows predicted {positive}, the share that is {positive}",
        "recall": f"of the rows that are {positive}, the share predicted {positive}",
        "r2": "0 is the mean, 1 perfect",
    }
    return remarks.get(measure, "")


def _commonest(evaluation: Evaluation, classes: tuple[str, ...]) -> str:
    return shortened(classes[int(np.bincount(evaluation.targets).argmax())], 30)


def _show_confusion(console: Console, evaluation: Evaluation, classes: tuple[str, ...]) -> None:
    assert evaluation.confusion is not None
    console.print()
    if len(classes) > _MOST_CLASSES:
        _show_commonest_errors(console, evaluation, classes)
        return
    grid = Grid(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    grid.add_column("  true \\ predicted", header_style="dim")
    for name in classes:
        grid.add_column(shortened(name), justify="right", header_style="")
    grid.add_column("correct", justify="right", header_style="dim")
    for place, (name, counts) in enumerate(zip(classes, evaluation.confusion, strict=True)):
        cells = [
            Text(f"{count:,}", style="bold" if column == place else "")
            for column, count in enumerate(counts)
        ]
        right = f"{100 * counts[place] / counts.sum():.1f} %" if counts.sum() else "–"
        grid.add_row(f"  {shortened(name)}", *cells, right)
    console.print(grid)


def _show_commonest_errors(
    console: Console, evaluation: Evaluation, classes: tuple[str, ...]
) -> None:
    assert evaluation.confusion is not None
    errors = evaluation.confusion.copy()
    np.fill_diagonal(errors, 0)
    grid = Grid("  true", "predicted", "rows", box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for flat in np.argsort(-errors, axis=None, kind="stable")[:5]:
        truth, said = divmod(int(flat), len(classes))
        if errors[truth, said]:
            names = (f"  {shortened(classes[truth])}", shortened(classes[said]))
            grid.add_row(*names, f"{errors[truth, said]:,}")
    console.print(Text("  Commonest errors"))
    console.print(grid)


def show_saved(console: Console, folder: Path, missing: str) -> None:
    """Where the results are, and what can be done with them."""
    names = [MODEL, HISTORY] + [REPORT] * (not missing)
    console.print()
    lines = [("Saved", f"{folder / names[0]}, {', '.join(names[1:])}")]
    lines += [("Note", missing)] if missing else []
    _print_pairs(console, [*lines, ("Next", f"lamina predict {folder / MODEL} FILE.csv")])


def listed(names: Iterable[str], most: int = 8) -> str:
    """Names with commas, and how many more there are."""
    names = [printable(name) for name in names]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def printable(text: str) -> str:
    """`text` in one line and without characters that would steer the terminal."""
    text = " ".join(text.split())
    return "".join(character if character.isprintable() else "?" for character in text)


def shortened(name: str, width: int = 12) -> str:
    """A name that fits a column."""
    name = printable(name)
    return name if len(name) <= width else name[: width - 1] + "…"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _print_pairs(console: Console, pairs: Iterable[tuple[str, str]]) -> None:
    grid = Grid(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in pairs:
        grid.add_row(label, printable(value))
    console.print(grid)
