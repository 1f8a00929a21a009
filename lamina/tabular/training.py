"""From a table with a target column to a trained and tested network."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..core.errors import InvalidArgumentError, OpError
from ..keras import callbacks as keras_callbacks
from ..keras import utils
from .encoding import Encoder
from .evaluation import confusion_matrix, evaluate
from .network import build, check_names, compile_network, rescale_output
from .prediction import Predictor
from .reading import table_of
from .result import Evaluation, History, Plan, Result
from .settings import Settings, names_of
from .splitting import split
from .target import Target, known_rows
from .threshold import with_threshold


class DivergedError(OpError, ArithmeticError):
    """The loss became infinite or NaN during training."""


def train(
    table: Any,
    target: str,
    *,
    task: str = "auto",
    layers: Sequence[int] = (16, 8),
    activation: str | Sequence[str] = "relu",
    dropout: float = 0.0,
    optimizer: str = "adam",
    learning_rate: float | None = None,
    epochs: int = 200,
    batch_size: int = 64,
    patience: int = 10,
    validation_share: float = 0.15,
    test_share: float = 0.2,
    seed: int = 0,
    threshold: float | None = None,
    ignore: Iterable[str] = (),
    verbose: int = 1,
    callbacks: Iterable[Any] = (),
) -> Result:
    """Train a dense network to predict the column `target` of a table from the others.

    `table`: the path of a CSV file, a dict of columns, or a pandas, Polars or PyArrow frame.
    `task`: binary, multiclass or regression; auto decides by the target (see `Target.of`).
    `layers` and `activation`: units of each hidden layer, and one activation or one for each.
    `dropout`: share of units dropped after each hidden layer. `learning_rate`: None is the
    optimizer's own. Training ends after `patience` epochs without a lower validation loss, or after
    `epochs`, and the weights of the best epoch are kept. `validation_share` and `test_share` are
    parts of all rows, drawn with each class in its share. `ignore`: columns to leave out.
    `threshold`: the probability from which the second of two classes is predicted; None chooses the
    one of the best balanced accuracy on the validation rows (0.5 where they are too few).
    `verbose` and `callbacks` go to `fit`. `seed` also seeds Python's and NumPy's global generators.

    A regression is trained on the standardized target (so its history is in standard deviations);
    the model gives numbers in the target's unit.

    Ctrl-C ends the training with the best epoch so far; before the first is over it is raised.
    Raises DivergedError when the loss becomes infinite or NaN, and InvalidArgumentError for a table
    or a setting that can't be used.

        result = tabular.train("clients.csv", target="default")
        result.evaluation.measures["auc"]
    """
    settings = Settings(
        tuple(layers), names_of(activation), dropout, optimizer, learning_rate, epochs, batch_size,
        patience, validation_share, test_share, seed, threshold,
    )  # fmt: skip
    plan = prepare(table, target, settings, task=task, ignore=ignore)
    return fit(plan, verbose=verbose, callbacks=callbacks)


def prepare(
    table: Any, target: str, settings: Settings, *, task: str = "auto", ignore: Iterable[str] = ()
) -> Plan:
    """Read the table, divide its rows and decide how to encode it; `fit` does the rest."""
    check_names(settings)
    target = str(target)  # numbers name columns of pandas, too
    ignore = [ignore] if isinstance(ignore, str) else [str(name) for name in ignore]
    whole = table_of(table)
    known = known_rows(whole, target)
    if not known.any():
        raise InvalidArgumentError(
            f"The target {target!r} has no value in any row of {whole.source}. Name another column."
        )
    labelled = whole if known.all() else whole.take(known)
    described = Target.of(labelled, target, task)
    if settings.threshold is not None and described.task != "binary":
        raise InvalidArgumentError(
            f"A threshold needs a target of two classes; {target!r} makes a {described.task} task. "
            "Leave threshold out."
        )
    targets = described.encode(labelled)
    rows = split(
        targets,
        described.classes,
        validation_share=settings.validation_share,
        test_share=settings.test_share,
        seed=settings.seed,
    )
    encoder = Encoder.fit(labelled, described, rows.training, ignore)
    return Plan(encoder, settings, rows, encoder.encode(labelled), targets, int((~known).sum()))


def fit(plan: Plan, *, verbose: int = 1, callbacks: Iterable[Any] = ()) -> Result:
    """Train and test as planned; see `train`."""
    settings, target = plan.settings, plan.encoder.target
    training, validation, _ = plan.split
    utils.set_random_seed(settings.seed)
    mean, variance = plan.encoder.scaling(plan.inputs[training])
    model = build(target, settings, mean, variance)
    targets, centre, spread = plan.targets, 0.0, 1.0
    if target.task == "regression":
        known = targets[training].astype(np.float64)  # the square of a float32 may be infinite
        centre, spread = float(known.mean()), float(known.std()) or 1.0
        targets = (targets - np.float32(centre)) / np.float32(spread)
    targets = targets if target.task == "multiclass" else targets.astype(np.float32)[:, None]
    stopping = keras_callbacks.EarlyStopping(
        monitor="val_loss", patience=settings.patience, restore_best_weights=True
    )
    watch = _Watch(settings)
    interrupted = False
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # the watch sees what comes of it
            model.fit(
                plan.inputs[training],
                targets[training],
                batch_size=settings.batch_size,
                epochs=settings.epochs,
                validation_data=(plan.inputs[validation], targets[validation]),
                callbacks=[stopping, watch, *callbacks],
                verbose=verbose,
            )
    except KeyboardInterrupt:
        if not watch.history:
            raise
        stopping.on_train_end()  # restores the best weights; `fit` did not come to it
        interrupted = True
    if target.task == "regression":
        rescale_output(model, centre, spread)
        compile_network(model, target, settings)  # the optimizer's state was of the old scale
    predictor, reason = with_threshold(Predictor(model, plan.encoder), plan)
    best, evaluation = int(np.argmin(watch.history["val_loss"])), _evaluate(predictor, plan)
    return Result(predictor, plan, watch.history, best, evaluation, interrupted, reason)


def _evaluate(predictor: Predictor, plan: Plan) -> Evaluation | None:
    test = plan.split.test
    if not len(test):
        return None
    target = predictor.encoder.target
    truth, predictions = plan.targets[test], predictor.predict_encoded(plan.inputs[test])
    confusion = None
    if target.classes:
        confusion = confusion_matrix(truth, predictions.codes, classes=range(len(target.classes)))
    measures = evaluate(target.task, truth, predictions.values, target.threshold)
    return Evaluation(truth, predictions, measures, confusion)


class _Watch(keras_callbacks.Callback):
    """Keeps each epoch's measures, and stops a training whose loss is no number any more."""

    kept = ("history",)

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.history: History = {}

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logs = {name: float(value) for name, value in (logs or {}).items()}
        for name in ("loss", "val_loss"):
            if not math.isfinite(logs[name]):
                rate = self.settings.learning_rate
                used = f"this was {rate:g}" if rate else f"{self.settings.optimizer} used its own"
                raise DivergedError(
                    f"The {name} became {logs[name]} in epoch {epoch + 1}. Try a smaller learning "
                    f"rate ({used}), another activation, or take extreme values out of the table."
                )
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)
