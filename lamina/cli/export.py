"""`lamina export`: a trained network as a file that runs without lamina."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .. import tabular
from ..core.dtypes import type_name
from ..core.shapes import B
from ..export import FORMATS, Inference, Port, format_of
from ..export import export as export_model
from ..keras.saving import load_model
from ..tabular.archive import has_encoder
from ..tabular.exporting import export_predictor
from ..tabular.output import MODEL
from . import screen
from .predict import check_output

_LISTED = ", ".join(f"{name} ({known.ending})" for name, known in FORMATS.items())


def export(
    model: Annotated[
        Path, typer.Argument(help="A .keras or .h5 file, or the folder of `lamina train`.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    format: Annotated[
        str | None,
        typer.Option(help=f"{_LISTED}; by default what the ending of the file name says."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the function in the file.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> int:
    """Write what a model computes to a file that runs without lamina.

    From a model of `lamina train`, the function takes the columns of the table as they are:
    missing numbers (NaN) are filled, texts become categories, numbers are standardized inside.
    """
    model = model / MODEL if (model / MODEL).is_file() else model
    chosen = format_of(output, format)
    check_output(output, {"model": model})
    if has_encoder(model):
        predictor = tabular.load(model)
        found = export_predictor(predictor, output, format, verbose=False, name=name)
    else:
        found = export_model(load_model(model), output, format, verbose=False, name=name)
    console = screen.make_console(stderr=True, quiet=quiet)
    console.print(f"{output}: {chosen.text}", soft_wrap=True)
    for what, ports in (("takes", found.inputs), ("gives", found.outputs)):
        for port in ports:
            console.print(f"  {what} {_described(port)}", soft_wrap=True)
    _show_columns(console, found)
    return 0


def _described(port: Port) -> str:
    """The name and type of an input or output, as `x: float32 (rows, 4)`."""
    sizes = ", ".join("rows" if size is B else str(size) for size in port.spec.shape)
    return f"{port.name}: {type_name(port.spec.dtype)} ({sizes})"


def _show_columns(console: Console, found: Inference) -> None:
    """The columns of a table's first input, in the order in which they are given."""
    columns = json.loads(found.metadata.get("columns", "[]"))
    if columns:
        names = ", ".join(column["name"] for column in columns)
        console.print(f"  columns, in this order: {names}", soft_wrap=True)
    for column in columns:
        if "categories" in column:
            numbered = ", ".join(
                f"{place} {text or '(missing)'}" for place, text in enumerate(column["categories"])
            )
            console.print(f"  {column['name']}: {numbered}", soft_wrap=True)
