"""`lamina train`: what it prints, what it writes, and what it leaves alone."""

from __future__ import annotations

import json
import os
import zipfile

import pytest

from lamina import tabular
from lamina.cli import train as command
from lamina.core.errors import MissingPackageError
from lamina.keras import callbacks

QUICK = ("--epochs", "2", "--layers", "4")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_table_becomes_a_folder(run, here):
    status, out, err = run("train", "clients.csv", "--target", "paid", "--ignore", "grade", *QUICK)
    assert status == 0
    assert names(here / "clients") == ["history.csv", "model.keras", "report.html"]
    assert names(here) == ["clients", "clients.csv"]
    for words in (
        "clients: 200 rows, 2 columns",
        "paid, binary: no (",
        "3 inputs – 4 relu – 1 sigmoid",
        "130 training, 30 validation, 40 test",
        "id: it counts the rows",
        "grade: asked to",
        "On 40 rows that it has not seen",
        "AUC",
        "true \\ predicted",
        "lamina predict clients/model.keras",
    ):
        assert words.replace("/", os.sep) in out
    assert err == "epoch 2 of 2: " + err.partition(": ")[2]
    assert err.count("\n") == 1


def test_the_report_holds_the_run(run, here):
    run("train", "clients.csv", "--target", "paid", "--seed", "7", *QUICK)
    report = (here / "clients" / "report.html").read_text(encoding="utf-8")
    for words in ("paid, from clients.csv", "130 training", "it counts the rows", ">7<", "<svg"):
        assert words in report


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("grade", ("multiclass", "10 softmax", "Commonest errors")),
        ("debt", ("regression", "1 linear", "root mean squared error")),
        ("town", ("binary", "true \\ predicted")),
    ],
)
def test_every_task_has_its_measures(run, here, target, words):
    status, out, _ = run("train", "clients.csv", "--target", target, *QUICK)
    assert status == 0
    assert all(word in out for word in words)


def test_the_report_says_what_the_curves_are_in(run, here):
    run("train", "clients.csv", "--target", "debt", *QUICK)
    report = (here / "clients" / "report.html").read_text(encoding="utf-8")
    assert "In standard deviations of debt." in report
    run("train", "clients.csv", "--target", "paid", "--threshold", "0.3", *QUICK)
    report = (here / "clients" / "report.html").read_text(encoding="utf-8")
    assert "Accuracy in these curves is that of the more probable class" in report


def test_options_arrive(run, here):
    options = "--layers 5,4 --activation tanh,relu --dropout 0.5 --optimizer sgd --batch-size 7"
    more = "--learning-rate 0.25 --epochs 3 --patience 2 --validation-share 0.3 --test-share 0.1"
    seen = []
    original = tabular.fit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            tabular, "fit", lambda plan, **rest: seen.append(plan) or original(plan, **rest)
        )
        words = [*options.split(), *more.split(), "--seed", "9", "--task", "multiclass"]
        assert run("train", "clients.csv", "--target", "paid", *words).status == 0
    expected = tabular.Settings(
        (5, 4), ("tanh", "relu"), 0.5, "sgd", 0.25, 3, 7, 2, 0.3, 0.1, 9
    )  # fmt: skip
    assert seen[0].settings == expected
    assert seen[0].encoder.target.task == "multiclass"


def test_quiet_says_nothing(run, here):
    words = ("train", "clients.csv", "--target", "paid", "--quiet", "-o", "deep/out", *QUICK)
    assert run(*words) == (0, "", "")
    assert names(here / "deep" / "out") == ["history.csv", "model.keras", "report.html"]


def test_without_matplotlib_there_is_all_but_the_report(run, here, monkeypatch):
    def missing(*_):
        raise MissingPackageError('pip install "lamina[plot]"')

    run("train", "clients.csv", "--target", "paid", "--quiet", *QUICK)
    monkeypatch.setattr(command, "write_report", missing)
    status, out, _ = run("train", "clients.csv", "--target", "paid", *QUICK)
    assert status == 0
    assert 'no report: pip install "lamina[plot]"' in out
    assert names(here / "clients") == ["history.csv", "model.keras"]


def test_without_test_rows_there_is_no_report(run, here):
    words = ("--test-share", "0", *QUICK)
    status, out, _ = run("train", "clients.csv", "--target", "paid", *words)
    assert status == 0
    assert "no report: no rows were held out" in out
    assert "has not seen" not in out


def test_a_run_that_fails_leaves_old_results_alone(run, here):
    run("train", "clients.csv", "--target", "debt", "--quiet", *QUICK)
    before = {path.name: path.read_bytes() for path in (here / "clients").iterdir()}
    words = ("--optimizer", "sgd", "--learning-rate", "1e20", *QUICK)
    status, _, err = run("train", "clients.csv", "--target", "debt", *words)
    assert status == 2
    assert "Try a smaller learning rate" in err
    assert {path.name: path.read_bytes() for path in (here / "clients").iterdir()} == before
    assert names(here) == ["clients", "clients.csv"]


class _CtrlC(callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise KeyboardInterrupt


@pytest.fixture
def interrupted(monkeypatch):
    """Ctrl-C comes in the given epoch."""

    def at(epoch):
        original = tabular.fit

        def fit(plan, callbacks=(), **rest):
            return original(plan, callbacks=[*callbacks, _CtrlC(epoch)], **rest)

        monkeypatch.setattr(tabular, "fit", fit)

    return at


def test_ctrl_c_saves_the_best_so_far(run, here, interrupted):
    interrupted(3)
    status, out, _ = run("train", "clients.csv", "--target", "paid")
    assert status == 130
    assert "stopped by Ctrl-C after 3 epochs" in out
    assert names(here / "clients") == ["history.csv", "model.keras", "report.html"]
    assert (here / "clients" / "history.csv").read_text().count("\n") == 4


def test_ctrl_c_in_the_first_epoch_saves_nothing(run, here, interrupted):
    interrupted(0)
    status, _, err = run("train", "clients.csv", "--target", "paid")
    assert (status, err) == (130, "lamina: stopped; nothing was saved\n")
    assert names(here) == ["clients.csv"]


def test_ctrl_c_after_the_training_keeps_it(run, here, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(tabular.Result, "write", stop)
        status, _, err = run("train", "clients.csv", "--target", "paid", *QUICK)
    assert (status, "with --resume goes on with it" in err) == (130, True)
    assert run("train", "clients.csv", "--target", "paid", *QUICK, "--resume").status == 0
    assert names(here) == ["clients", "clients.csv"]


def test_embedded_data_have_their_target_and_network(run, here):
    status, out, _ = run("train", "credit", "--epochs", "1")
    assert status == 0
    assert "credit: 6,000 rows, 4 columns" in out
    assert "4 inputs – 16 relu – 8 sigmoid – 1 sigmoid" in out
    assert "CC BY 4.0" in (here / "credit" / "report.html").read_text(encoding="utf-8")
    with zipfile.ZipFile(here / "credit" / "model.keras") as archive:
        encoding = json.loads(archive.read("lamina.json"))
    target = encoding["target"]
    assert 0 < target.pop("threshold") < 1
    assert target == {"name": "default", "task": "binary", "classes": ["0", "1"]}


def test_a_threshold_can_be_chosen(run, here):
    words = ("--target", "paid", "--ignore", "grade", "--threshold", "0.9", *QUICK)
    out = run("train", "clients.csv", *words).out
    said = "yes is predicted from a probability of 0.9 on (as asked for)"
    assert said in " ".join(out.split())
    assert said in (here / "clients" / "report.html").read_text(encoding="utf-8")
    assert tabular.load(here / "clients" / "model.keras").encoder.target.threshold == 0.9
    status, _, err = run("train", "clients.csv", "--target", "grade", "--threshold", "0.5", *QUICK)
    assert status == 2
    assert "A threshold needs a target of two classes; 'grade' makes a multiclass task" in err


def test_the_report_judges_at_the_models_threshold(run, here):
    run("train", "clients.csv", "--target", "town", *QUICK)
    predictor = tabular.load(here / "clients" / "model.keras")
    threshold = predictor.encoder.target.threshold
    said = predictor.predict("clients.csv")
    assert threshold != 0.5
    assert said.codes.tolist() == (said.values >= threshold).tolist()
    report = (here / "clients" / "report.html").read_text(encoding="utf-8")
    assert f"is predicted from a probability of {threshold:.4g} on: best balanced" in report


class _Killed(callbacks.Callback):
    """What no program hears of, in place of a kill."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 3:
            raise RuntimeError("killed")


def test_a_training_that_was_killed_is_resumed(run, here, monkeypatch):
    monkeypatch.setattr(callbacks.backup, "SHARE", 1.0)
    words = ("clients.csv", "--target", "paid", "--layers", "4", "--epochs", "8")
    assert run("train", *words, "-o", "whole").status == 0
    original = tabular.fit
    with monkeypatch.context() as patch:
        patch.setattr(
            tabular,
            "fit",
            lambda plan, callbacks, **rest: original(
                plan, callbacks=[_Killed(), *callbacks], **rest
            ),
        )
        status, _, err = run("train", *words, "-o", "parted")
    assert status != 0
    assert "The training is kept; the same command with --resume goes on with it." in err
    assert names(here) == ["clients.csv", "parted.unfinished", "whole"]
    status, _, err = run("train", *words, "-o", "parted", "--layers", "5", "--resume")
    assert status == 2
    assert "holds a training that is not this one" in err
    assert run("train", *words, "-o", "parted", "--resume").status == 0
    assert names(here) == ["clients.csv", "parted", "whole"]
    first, second = (here / name / "history.csv" for name in ("whole", "parted"))
    assert first.read_text() == second.read_text()
    status, _, err = run("train", *words, "-o", "parted", "--resume")
    assert (status, "Nothing to resume" in err) == (0, True)
