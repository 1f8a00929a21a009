"""The main job as its user does it: the program, real borrowers, files that others open."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from lamina import datasets, tabular

CHECKOUT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-m", "lamina.cli"]


def environment():
    paths = [str(CHECKOUT), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "COLUMNS": "80"}


def lamina(*words, cwd, status=0):
    ran = subprocess.run(
        [*PROGRAM, *words],
        cwd=cwd, env=environment(), capture_output=True, encoding="utf-8", timeout=300, check=False,
    )  # fmt: skip
    assert ran.returncode == status, ran.stderr
    return ran


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("job")
    return folder, lamina("train", "credit", cwd=folder)


@pytest.fixture(scope="module")
def clients(trained):
    """The embedded clients as a CSV file beside the results."""
    columns = datasets.credit().columns()
    path = trained[0] / "clients.csv"
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*(values.tolist() for values in columns.values()), strict=True))
    return path


def test_the_command_trains_tests_and_saves(trained):
    folder, ran = trained
    names = sorted(path.name for path in (folder / "credit").iterdir())
    assert names == ["history.csv", "model.keras", "report.html"]
    for words in ("4 inputs – 16 relu – 8 sigmoid – 1 sigmoid", "On 1,200 rows", "accuracy", "AUC"):
        assert words in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 80
    assert "epoch 10 of 200" in ran.stderr


def test_the_history_gets_better(trained):
    with open(trained[0] / "credit" / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    losses = [float(row["val_loss"]) for row in rows]
    assert len(losses) > 10
    assert (
        losses.index(min(losses)) == len(losses) - 1 - 10
    )  # it waited ten epochs for a better one
    assert min(losses) < 0.97 * losses[0]


def test_predictions_are_worth_something(trained, clients):
    folder = trained[0]
    lamina("predict", "credit", clients.name, "-o", "said.csv", cwd=folder)
    with open(folder / "said.csv", newline="") as file:
        said = list(csv.DictReader(file))
    probabilities = [float(row["probability_1"]) for row in said]
    target = datasets.credit().target
    assert roc_auc_score(target, probabilities) > 0.6
    threshold = tabular.load(folder / "credit" / "model.keras").encoder.target.threshold
    expected = [str(int(float(row["probability_1"]) >= threshold)) for row in said]
    assert [row["class"] for row in said] == expected
    assert 0.3 < expected.count("1") / len(expected) < 0.7


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own
def test_keras_opens_the_model_and_agrees(trained, clients):
    path = trained[0] / "credit" / "model.keras"
    expected = tabular.load(path).predict(clients).values
    model = keras.models.load_model(path)
    found = model.predict(datasets.credit().features, batch_size=512, verbose=0)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-4)


def test_the_report_needs_nothing_else(trained):
    report = (trained[0] / "credit" / "report.html").read_text(encoding="utf-8")
    assert "<svg" in report
    assert "1,200" in report
    for reference in ('src="http', 'href="http', "url(http", "<script src", "@import"):
        assert reference not in report


def test_the_same_seed_gives_the_same_files(trained, tmp_path):
    lamina("train", "credit", "--quiet", "--output", "again", cwd=tmp_path)
    again = (tmp_path / "again" / "history.csv").read_bytes()
    assert again == (trained[0] / "credit" / "history.csv").read_bytes()


def test_bad_input_leaves_nothing(tmp_path):
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n3\n")
    ran = lamina("train", "bad.csv", "--target", "b", cwd=tmp_path, status=2)
    assert ran.stdout == ""
    assert ran.stderr.startswith("lamina: bad.csv, line 3: 1 field where the header has 2.")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.csv"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")
def test_a_terminated_run_leaves_what_resumes_it(tmp_path):
    words = ["train", "credit", "--epochs", "100000", "--patience", "100000"]
    with subprocess.Popen(
        [*PROGRAM, *words], cwd=tmp_path, env=environment(), encoding="utf-8",
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            assert process.stderr.readline().startswith("epoch 10 of 100000")
            process.terminate()
            err = process.communicate(timeout=60)[1]
        finally:
            process.kill()
    assert process.returncode == 143
    *_, kept, last = err.splitlines()
    assert last == "lamina: terminated" and "--resume goes on with it" in kept
    assert [path.name for path in tmp_path.iterdir()] == ["credit.unfinished"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_ctrl_c_saves_what_there_is(tmp_path):
    words = ["train", "credit", "--epochs", "100000", "--patience", "100000"]
    with subprocess.Popen(
        [*PROGRAM, *words],
        cwd=tmp_path, env=environment(), encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            assert process.stderr.readline().startswith("epoch 10 of 100000")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130, err
    assert "stopped by Ctrl-C after 1" in out
    names = sorted(path.name for path in (tmp_path / "credit").iterdir())
    assert names == ["history.csv", "model.keras", "report.html"]
    assert tabular.load(tmp_path / "credit" / "model.keras").encoder.target.name == "default"
    assert [path.name for path in tmp_path.iterdir()] == ["credit"]
