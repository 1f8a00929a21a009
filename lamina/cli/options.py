"""The options of `lamina train`: their types and what `--help` says about them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def _option(panel: str, text: str, *names: str) -> Any:
    return typer.Option(*names, help=text, rich_help_panel=panel)


_RUN, _NETWORK, _TRAINING = "Options", "Network", "Training"

Data = Annotated[
    str, typer.Argument(help="A table (CSV, Parquet, Arrow), or embedded data: credit.")
]
Target = Annotated[str | None, _option(_RUN, "The column to predict.")]
Task = Annotated[str, _option(_RUN, "auto, binary, multiclass or regression.")]
Ignore = Annotated[list[str] | None, _option(_RUN, "A column to leave out; may be given again.")]
Full = Annotated[bool, _option(_RUN, "credit: all 30,000 clients (downloaded once).", "--full")]
Output = Annotated[
    Path | None,
    _option(_RUN, "Folder for the results; by default named after the data.", "--output", "-o"),
]
Resume = Annotated[
    bool, _option(_RUN, "Go on with the same training, which was killed.", "--resume")
]
Quiet = Annotated[bool, _option(_RUN, "Say nothing but errors.", "--quiet", "-q")]

Layers = Annotated[str, _option(_NETWORK, "Units of each hidden layer.")]
Activation = Annotated[str | None, _option(_NETWORK, "One for all, or one for each: relu,sigmoid.")]
Dropout = Annotated[float, _option(_NETWORK, "Share dropped after each hidden layer.")]
Threshold = Annotated[
    float | None,
    _option(
        _NETWORK,
        "Two classes: probability from which the second is predicted. By default the one with the "
        "best balanced accuracy on the validation rows.",
    ),
]

Optimizer = Annotated[str, _option(_TRAINING, "adam, sgd, rmsprop, adamw …")]
LearningRate = Annotated[float | None, _option(_TRAINING, "By default the optimizer's own.")]
Epochs = Annotated[int, _option(_TRAINING, "At most so many rounds.")]
BatchSize = Annotated[int, _option(_TRAINING, "Rows per step.")]
Patience = Annotated[int, _option(_TRAINING, "Epochs to wait for a better one.")]
ValidationShare = Annotated[float, _option(_TRAINING, "Share of rows that tell when to stop.")]
TestShare = Annotated[float, _option(_TRAINING, "Share of rows to test on.")]
Seed = Annotated[int, _option(_TRAINING, "Same seed, same network.")]
