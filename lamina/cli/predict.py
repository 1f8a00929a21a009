"""`lamina predict`: what a trained network says about the rows of a table."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from .. import tabular
from ..core.errors import InvalidArgumentError
from ..core.files import check_file, replacing
from ..core.output import is_terminal
from ..tabular.output import MODEL
from . import screen


def predict(
    model: Annotated[Path, typer.Argument(help="A model.keras of `lamina train`, or its folder.")],
    file: Annotated[
        Path,
        typer.Argument(help="A CSV, Parquet or Arrow file with the columns it was trained on."),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="CSV file to write; without it: the terminal."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> int:
    """Predict the target of every row, in the order of the file: class and probability, or number.

    Columns are found by name; those that the model does not know are ignored.
    """
    model = model / MODEL if (model / MODEL).is_file() else model
    if output is not None:
        check_output(output, {"table": file, "model": model})
    notes = screen.make_console(stderr=True, quiet=quiet)
    predictor = tabular.load(model)
    table = tabular.table_of(file)
    unknown = predictor.encoder.unknown_columns(table)
    predictions = predictor.predict(table)
    if output is None:
        if isinstance(sys.stdout, io.TextIOWrapper) and not is_terminal():
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # as tables in files are
        predictions.write_csv(sys.stdout)
        sys.stdout.flush()
    else:
        _write(output, predictions)
        notes.print(f"{len(predictions):,} predictions in {output}", soft_wrap=True)
    if unknown:
        notes.print(f"Ignored, unknown to the model: {screen.listed(unknown)}", soft_wrap=True)
    return 0


def check_output(output: Path, inputs: dict[str, Path]) -> None:
    """Raise where `output` cannot be written, or is one of the inputs, by what they are."""
    check_file(output)
    for what, path in inputs.items():
        if output.exists() and path.exists() and os.path.samefile(output, path):
            raise InvalidArgumentError(
                f"{output} is the {what} itself. Name another file to write."
            )


def _write(output: Path, predictions: tabular.Predictions) -> None:
    with replacing(output) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        predictions.write_csv(text)
        text.detach()  # which closes neither
