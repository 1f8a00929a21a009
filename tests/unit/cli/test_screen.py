"""Tables on the terminal: numbers as they are, names that fit, lines that fit 80 columns."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from lamina.cli.screen import listed, shortened, show_result
from lamina.tabular import Evaluation, Predictions, Result, Target
from lamina.tabular.encoding import Encoder
from lamina.tabular.evaluation import confusion_matrix, evaluate
from lamina.tabular.prediction import Predictor


def shown(task, classes, truth, values, width=80, best_epoch=0):
    """What `show_result` prints, for held-out rows of this truth and these predictions."""
    target = Target("y", task, classes)
    truth, predictions = np.array(truth), Predictions(target, np.array(values, np.float32))
    confusion = None
    if classes:
        confusion = confusion_matrix(truth, predictions.codes, classes=range(len(classes)))
    measures = evaluate(task, truth, predictions.values)
    result = Result(
        predictor=Predictor(None, Encoder((), target)),
        plan=None,
        history={"loss": [1.0, 2.0]},
        best_epoch=best_epoch,
        evaluation=Evaluation(truth, predictions, measures, confusion),
        interrupted=False,
        threshold_reason="for this test" if task == "binary" else "",
    )
    file = io.StringIO()
    show_result(Console(file=file, width=width, highlight=False, markup=False), result)
    lines = [" ".join(line.split()) for line in file.getvalue().splitlines()]
    assert max(map(len, lines)) <= width
    return lines


def test_two_classes():
    lines = shown("binary", ("no", "yes"), [0, 0, 0, 1], [0.1, 0.2, 0.8, 0.9])
    assert "Training done after 2 epochs; kept epoch 1, the best on the validation rows" in lines
    assert "Threshold yes is predicted from a probability of 0.5 on (for this test)" in lines
    assert "On 4 rows that it has not seen" in lines
    assert "accuracy 0.7500 0.7500 by always predicting no" in lines
    assert "AUC 1.0000 0.5 is chance, 1 perfect" in lines
    assert "precision 0.5000 of the rows predicted yes, the share that is yes" in lines
    place = lines.index("true \\ predicted no yes correct")
    assert lines[place + 1 :] == ["no 2 1 66.7 %", "yes 0 1 100.0 %"]


def test_what_is_undefined_is_a_dash():
    lines = shown("binary", ("no", "yes"), [0, 0, 0, 0], [0.1, 0.2, 0.3, 0.4])
    assert any(line.startswith("AUC –") for line in lines)
    assert lines[-1] == "yes 0 0 –"


def test_many_classes_show_the_commonest_errors():
    names = tuple(f"a class with a long name {index}" for index in range(12))
    truth = [0, 0, 0, 5, 6]
    values = np.eye(12)[[1, 1, 0, 7, 6]]
    lines = shown("multiclass", names, truth, values)
    place = lines.index("true predicted rows")
    assert lines[place + 1 :] == ["a class wit… a class wit… 2", "a class wit… a class wit… 1"]


@pytest.mark.parametrize("count", [3, 8])
def test_a_confusion_matrix_fits_the_terminal(count):
    names = tuple(f"a class with a long name {index}" for index in range(count))
    lines = shown("multiclass", names, np.arange(count), np.eye(count))
    assert sum("100.0 %" in line for line in lines) == count


def test_a_run_that_met_its_limit_says_so():
    text = (
        "kept epoch 2, the best on the validation rows; it was still improving, so try more epochs"
    )
    words = " ".join(shown("binary", ("no", "yes"), [0, 1], [0.1, 0.9], best_epoch=1)[:3])
    assert text in words


def test_small_numbers_keep_their_digits():
    lines = shown("regression", (), [1e-9, 3e-9], [1e-9, 2e-9])
    assert any(line.startswith("mean absolute error 5e-10") for line in lines)


def test_numbers():
    lines = shown("regression", (), [1.0, 3.0], [1.0, 2.0])
    assert "root mean squared error 0.7071 1.0000 by always predicting the mean" in lines
    assert "R² 0.5000 0 is the mean, 1 perfect" in lines
    large = shown("regression", (), [1e9, 3e9], [1e9, 2e9])
    assert any(line.startswith("mean absolute error 5e+08") for line in large)


def test_names_are_listed_and_shortened():
    assert listed(["a", "b"]) == "a, b"
    assert listed("abcdef", 3) == "a, b, c and 3 more"
    assert listed(["a\nb", "\x1b[2Jc"]) == "a b, ?[2Jc"
    assert shortened("exactly 12 !") == "exactly 12 !"
    assert shortened("now it is 13!") == "now it is 1…"
