"""`lamina run`: scripts and notebooks for TensorFlow or Keras, on lamina."""

from __future__ import annotations

from typing import Annotated

import typer

from ..scripts.checking import check
from ..scripts.running import run as run_file

MISSING = 1  # exit status of --check where something is missing


def run(
    script: Annotated[str, typer.Argument(help="A Python script, or a notebook (.ipynb).")],
    arguments: Annotated[
        list[str] | None, typer.Argument(help="What the script finds in sys.argv.")
    ] = None,
    only_check: Annotated[
        bool,
        typer.Option(
            "--check", help="List the names and arguments that lamina lacks; run nothing."
        ),
    ] = False,
) -> int:
    """Run a script that imports tensorflow or keras, unmodified, on lamina.

    Options of `lamina run` stand before the script; what follows it belongs to the script.
    """
    if not only_check:
        return run_file(script, arguments or ())
    lacks = check(script)
    for lack in lacks:
        print(lack)
    if not lacks:
        print(f"{script}: lamina has every TensorFlow and Keras name that it uses")
    return MISSING if lacks else 0
