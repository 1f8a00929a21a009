"""`lamina train`: from a table to a trained, tested and reported network in a folder."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from .. import tabular
from ..core.errors import InvalidArgumentError
from ..plot import MissingPackageError
from ..plot.report import Report, write_report
from ..tabular.archive import lamina_version
from ..tabular.output import REPORT, check_folder, staged
from . import screen
from .progress import ProgressCallback
from .source import Source, find_source

_INTERRUPTED = 130
_NETWORK = "Network"
_TRAINING = "Training"


def train(
    data: Annotated[
        str, typer.Argument(help="A CSV file (.csv, .csv.gz), or embedded data: credit.")
    ],
    target: Annotated[str | None, typer.Option(help="The column to predict.")] = None,
    task: Annotated[str, typer.Option(help="auto, binary, multiclass or regression.")] = "auto",
    ignore: Annotated[
        list[str] | None, typer.Option(help="A column to leave out; may be given again.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="credit: all 30,000 clients (downloaded once).")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder for the results; by default named after the data."
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    layers: Annotated[
        str, typer.Option(help="Units of each hidden layer.", rich_help_panel=_NETWORK)
    ] = "16,8",
    activation: Annotated[
        str | None,
        typer.Option(help="One for all, or one for each: relu,sigmoid.", rich_help_panel=_NETWORK),
    ] = None,
    dropout: Annotated[
        float,
        typer.Option(help="Share dropped after each hidden layer.", rich_help_panel=_NETWORK),
    ] = 0.0,
    optimizer: Annotated[
        str, typer.Option(help="adam, sgd, rmsprop, adamw …", rich_help_panel=_TRAINING)
    ] = "adam",
    learning_rate: Annotated[
        float | None,
        typer.Option(help="By default the optimizer's own.", rich_help_panel=_TRAINING),
    ] = None,
    epochs: Annotated[
        int, typer.Option(help="At most so many rounds.", rich_help_panel=_TRAINING)
    ] = 200,
    batch_size: Annotated[int, typer.Option(help="Rows per step.", rich_help_panel=_TRAINING)] = 64,
    patience: Annotated[
        int,
        typer.Option(help="Epochs to wait for a better one.", rich_help_panel=_TRAINING),
    ] = 10,
    validation_share: Annotated[
        float, typer.Option(help="Share of rows that tell when to stop.", rich_help_panel=_TRAINING)
    ] = 0.15,
    test_share: Annotated[
        float, typer.Option(help="Share of rows to test on.", rich_help_panel=_TRAINING)
    ] = 0.2,
    seed: Annotated[
        int, typer.Option(help="Same seed, same network.", rich_help_panel=_TRAINING)
    ] = 0,
) -> int:
    """Train a network on a table, test it on rows it has not seen, and save it with a report.

    [bold]lamina train credit[/bold] learns from real credit-card clients;
    [bold]lamina train FILE.csv --target COLUMN[/bold] from any table.
    """
    source = find_source(data, target, full)
    folder = check_folder(output or Path(source.name))
    settings = tabular.Settings(
        layers=_numbers(layers),
        activation=tuple(_words(activation or source.activation)),
        dropout=dropout,
        optimizer=optimizer,
        learning_rate=learning_rate,
        epochs=epochs,
        batch_size=batch_size,
        patience=patience,
        validation_share=validation_share,
        test_share=test_share,
        seed=seed,
    )
    console = screen.make_console(quiet=quiet)
    notes = screen.make_console(stderr=True, quiet=quiet)
    plan = tabular.prepare(source.table, source.target, settings, task=task, ignore=ignore or ())
    screen.show_plan(console, source, plan)
    with ProgressCallback(notes, epochs) as progress:
        result = tabular.fit(plan, verbose=0, callbacks=[progress])
    screen.show_result(console, result)
    with staged(folder) as stage:
        result.write(stage)
        missing = _write_report(stage / REPORT, source, result)
    screen.show_saved(console, folder, missing)
    return _INTERRUPTED if result.interrupted else 0


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
        model=result.model,
        feature_names=result.encoder.input_names,
        class_names=target.classes or None,
        summary=f"A network that predicts {target.name} from {screen.describe_columns(plan)}.",
        facts=[
            ("rows", len(plan.targets)),
            ("columns", len(plan.encoder.features)),
            ("target", f"{target.name}, {screen.describe_target(plan)}"),
            ("split", screen.describe_split(plan)),
            ("training", screen.describe_training(result)),
        ],
        settings=_settings(plan),
        columns=[
            *((feature.name, feature.treatment) for feature in result.encoder.features),
            *((name, f"left out: {reason}") for name, reason in result.encoder.omitted),
        ],
        attribution=source.attribution,
    )
    try:
        write_report(path, report)
    except MissingPackageError as error:
        return f"no report: {error}"
    return ""


def _settings(plan: tabular.Plan) -> list[tuple[str, str | float | None]]:
    settings = plan.settings
    return [
        ("command", shlex.join(["lamina", *sys.argv[1:]])),
        ("network", screen.describe_network(plan)),
        ("dropout", settings.dropout),
        ("optimizer", settings.optimizer),
        ("learning rate", settings.learning_rate or "the optimizer's own"),
        ("batch size", settings.batch_size),
        ("epochs", f"at most {settings.epochs}, patience {settings.patience}"),
        ("seed", settings.seed),
        ("lamina", lamina_version()),
    ]
