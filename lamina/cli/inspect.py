"""`lamina inspect`: what is in a model file, without trusting it."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from .. import inspection
from .inspection_screen import show
from .screen import make_console

SUSPICIOUS = 3  # exit status where there is a danger or a warning, or the file is damaged


def inspect(
    file: Annotated[str, typer.Argument(help="A file or folder of a model, or of weights.")],
    statistics: Annotated[
        bool, typer.Option("--statistics", "-s", help="Read all numbers: range, mean, NaN.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write everything as JSON.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Show every layer, weight and member.")
    ] = False,
) -> int:
    """Show what is in a model file of a stranger. Nothing in it is run, imported or made.

    .keras (a folder, too), .h5, .weights.h5, .safetensors, .npz, .onnx, SavedModels, pickles …

    Exit status: 0 nothing suspicious, 2 no such file, 3 something is suspicious or damaged.
    """
    found = inspection.inspect(file, statistics)
    if as_json:
        print(json.dumps(found.to_json(), indent=1))
    else:
        show(make_console(), found, everything)
    return SUSPICIOUS if found.suspicious else 0
