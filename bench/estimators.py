"""Estimators of scikit-learn beside each other: its MLPClassifier, and lamina's DenseClassifier.

python -m bench.estimators [--rounds 3] [--credit FILE]

Both train the same network, with standardized features, Adam and the same number of epochs, on
credit-card clients (those that ship, or all 30,000 of a file) and on a small set of scikit-learn's;
then one row is predicted, and a search over 4 learning rates is cross-validated. What counts is the
median of the rounds; the first training of a process that finds no compiled program is told apart.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bench.text import number, table
from lamina import config
from lamina.datasets import credit
from lamina.sklearn import DenseClassifier

LAYERS, RATES = (64, 32), [1e-4, 1e-3, 1e-2, 0.1]


def theirs(batch: int, epochs: int) -> Any:
    """Scikit-learn's network, which needs a scaler before it."""
    network = MLPClassifier(
        LAYERS, batch_size=batch, max_iter=epochs, n_iter_no_change=epochs, random_state=0
    )
    return make_pipeline(StandardScaler(), network)


def ours(batch: int, epochs: int) -> Any:
    """The same in lamina."""
    return DenseClassifier(LAYERS, batch_size=batch, epochs=epochs, tol=None, random_state=0)


PEERS: dict[str, tuple[Callable[[int, int], Any], str]] = {
    "MLPClassifier": (theirs, "mlpclassifier__learning_rate_init"),
    "DenseClassifier": (ours, "learning_rate"),
}
"""How each is made, and what its learning rate is called in a search."""


def seconds(function: Callable[[], Any], rounds: int) -> list[float]:
    """What each of some calls took."""
    found = []
    for _ in range(rounds):
        begin = time.perf_counter()
        function()
        found.append(time.perf_counter() - begin)
    return found


def first(make: Callable[[int, int], Any], x: Any, y: Any, batch: int, epochs: int) -> float:
    """What a training takes in a process of its own, where nothing was compiled before."""
    with (
        tempfile.TemporaryDirectory() as empty,
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process,
    ):
        return process.submit(_alone, empty, make, x, y, batch, epochs).result()


def _alone(cache: str, make: Any, x: Any, y: Any, batch: int, epochs: int) -> float:
    warnings.simplefilter("ignore")
    config.object_cache = cache
    return seconds(lambda: make(batch, epochs).fit(x, y), 1)[0]


def measured(x: Any, y: Any, batch: int, epochs: int, rounds: int) -> list[list[str]]:
    """The rows of the table for one set of data and one size of a batch."""
    found = []
    for name, (make, rate) in PEERS.items():
        _, *later = seconds(lambda make=make: make(batch, epochs).fit(x, y), rounds + 1)
        fitted = make(batch, epochs).fit(x, y)
        one = seconds(lambda fitted=fitted: fitted.predict_proba(x[:1]), 200)
        search = GridSearchCV(make(batch, epochs), {rate: RATES}, cv=3)
        took = seconds(lambda search=search: clone(search).fit(x, y), 1)[0]
        begun = first(make, x, y, batch, epochs)
        numbers = begun, statistics.median(later), 1e6 * statistics.median(one), took
        shown = [number(value) for value in numbers]
        found.append([f"{x.shape[0]:,} × {x.shape[1]}", f"{batch}", name, *shown])
        found[-1].append(f"{fitted.score(x, y):.3f}")
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--credit", help="the file of all 30,000 clients")
    given = parser.parse_args()
    warnings.simplefilter("ignore")  # MLPClassifier tells of every training that could go on
    features, target = credit(given.credit)
    data = [(features.astype(np.float64), target, 20), (*load_breast_cancer(return_X_y=True), 100)]
    rows = [
        row
        for x, y, epochs in data
        for batch in (32, 200)
        for row in measured(x, y, batch, epochs, given.rounds)
    ]
    head = "rows", "batch", "estimator", "first fit (s)", "fit (s)", "predict a row (µs)"
    print(table([*head, "search of 4, 3 folds (s)", "accuracy"], rows))


if __name__ == "__main__":
    main()
