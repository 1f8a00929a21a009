"""`lamina train`: from a table to a trained, tested and reported network in a folder."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from .. import tabular
from ..core.errors import InvalidArgumentError, MissingPackageError
from ..core.release import VERSION
from ..keras.callbacks import BackupAndRestore
from ..plot.report import Report, write_report
from ..tabular.output import REPORT, check_folder, staged
from . import options, screen
from .progress import ProgressCallback
from .source import Source, find_source

_INTERRUPTED = 130


def train(
    data: options.Data,
    target: options.Target = None,
    task: options.Task = "auto",
    ignore: options.Ignore = None,
    full: options.Full = False,
    output: options.Output = None,
    resume: options.Resume = False,
    quiet: options.Quiet = False,
    layers: options.Layers = "16,8",
    activation: options.Activation = None,
    dropout: options.Dropout = 0.0,
    threshold: options.Threshold = None,
    optimizer: options.Optimizer = "adam",
    learning_rate: options.LearningRate = None,
    epochs: options.Epochs = 200,
    batch_size: options.BatchSize = 64,
    patience: options.Patience = 10,
    validation_share: options.ValidationShare = 0.15,
    test_share: options.TestShare = 0.2,
    seed: options.Seed = 0,
) -> int:
    """Train a network on a table, test it on rows it has not seen, and save it with a report.

    [bold]lamina train credit[/bold] learns from real credit-card clients;

    [bold]lamina train FILE.csv --target COLUMN[/bold] from any table.
    """
    source = find_source(data, target, full)
    folder = check_folder(output or Path(source.name))
    names = tuple(_words(activation or source.activation))
    settings = tabular.Settings(
        _numbers(layers), names, dropout, optimizer, learning_rate, epochs, batch_size, patience,
        validation_share, test_share, seed, threshold,
    )  # fmt: skip
    plan = tabular.prepare(source.table, source.target, settings, task=task, ignore=ignore or ())
    return _run(source, plan, folder, resume, quiet)


def _run(source: Source, plan: tabular.Plan, folder: Path, resume: bool, quiet: bool) -> int:
    """Train as planned, show what comes of it, and save it into `folder`."""
    console = screen.make_console(quiet=quiet)
    notes = screen.make_console(stderr=True, quiet=quiet)
    screen.show_plan(console, source, plan)
    with (
        _unfinished(folder, resume, notes) as keeper,
        ProgressCallback(notes, plan.settings.epochs) as progress,
    ):
        result = tabular.fit(plan, verbose=0, callbacks=[progress, keeper])
        _finish(source, result, folder, console)
    return _INTERRUPTED if result.interrupted else 0


@contextmanager
def _unfinished(folder: Path, resume: bool, notes: Console) -> Iterator[BackupAndRestore]:
    """What keeps the training while it is not finished, in a folder beside the results."""
    place = folder.absolute()
    place = place.with_name(f"{place.name}.unfinished")
    keeper = BackupAndRestore(place, delete_checkpoint=False, save_before_preemption=True)
    if resume and keeper.is_empty:
        notes.print("Nothing to resume: the training begins anew.")
    if not resume:
        was_killed = not keeper.is_empty
        keeper.forget()
        if was_killed:
            notes.print("The training that was killed is given up (--resume goes on with one).")
    try:
        yield keeper
    except tabular.DivergedError:
        keeper.forget()
        raise
    except BaseException:
        if keeper.is_empty:
            keeper.forget()
        else:
            notes.print("The training is kept; the same command with --resume goes on with it.")
        raise
    keeper.forget()


def _finish(source: Source, result: tabular.Result, folder: Path, console: Console) -> None:
    """Show what came of the training, and save it into `folder`."""
    screen.show_result(console, result)
    with staged(folder) as stage:
        result.write(stage)
        missing = _write_report(stage / REPORT, source, result)
    screen.show_saved(console, folder, missing)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in _words(text))
    except ValueError:
        raise InvalidArgumentError(
            f"--layers takes the units of each hidden layer, as in 16,8; got {text!r}."
        ) from None


def _write_report(path: Path, source: Source, result: tabular.Result) -> str:
    """Write the report; return why there is none, "" where there is one."""
    evaluation, plan = result.evaluation, result.plan
    if evaluation is None:
        return "no report: no rows were held out to test on (--test-share 0)"
    target = result.encoder.target
    report = Report(
        title=source.title,
        task=target.task,
        y_true=evaluation.targets,
        predictions=evaluation.predictions.values,
        history=result.history,
        history_note=_history_note(result),
        model=result.model,
        feature_names=result.encoder.input_names,
        class_names=target.classes or None,
        summary=f"A network that predicts {target.name} from {screen.describe_columns(plan)}.",
        facts=_facts(result),
        settings=_settings(plan),
        columns=[
            *((feature.name, feature.treatment) for feature in result.encoder.features),
            *((name, f"left out: {reason}") for name, reason in result.encoder.omitted),
        ],
        attribution=source.attribution,
        threshold=target.threshold,
        threshold_reason=result.threshold_reason,
    )
    try:
        write_report(path, report)
    except MissingPackageError as error:
        return f"no report: {error}"
    return ""


def _facts(result: tabular.Result) -> list[tuple[str, str | int]]:
    plan, target = result.plan, result.encoder.target
    facts: list[tuple[str, str | int]] = [
        ("rows", len(plan.targets)),
        ("columns", len(plan.encoder.features)),
        ("target", f"{target.name}, {screen.describe_target(plan)}"),
        ("split", screen.describe_split(plan)),
        ("training", screen.describe_training(result)),
        ("threshold", screen.describe_threshold(result)),
    ]
    return [fact for fact in facts if fact[1]]


def _history_note(result: tabular.Result) -> str:
    target = result.encoder.target
    if target.task == "regression":
        return f"In standard deviations of {target.name}."
    if target.task == "binary" and target.threshold != 0.5:
        return "Accuracy in these curves is that of the more probable class (a threshold of 0.5)."
    return ""


def _settings(plan: tabular.Plan) -> list[tuple[str, str | float | None]]:
    settings = plan.settings
    return [
        ("command", shlex.join(["lamina", *sys.argv[1:]])),
        ("network", screen.describe_network(plan)),
        ("dropout", settings.dropout),
        *([("threshold", settings.threshold)] if settings.threshold is not None else []),
        ("optimizer", settings.optimizer),
        ("learning rate", settings.learning_rate or "the optimizer's own"),
        ("batch size", settings.batch_size),
        ("epochs", f"at most {settings.epochs}, patience {settings.patience}"),
        ("seed", settings.seed),
        ("lamina", VERSION),
    ]
