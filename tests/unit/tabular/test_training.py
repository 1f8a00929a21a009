"""Training: the three tasks learn, runs repeat, and what goes wrong ends in words."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pytest

from lamina import tabular
from lamina.core.errors import InvalidArgumentError, NotFoundError
from lamina.keras import callbacks

ROWS = 400


def table(seed=1):
    """Two numbers and a colour that decide a score, and three targets made of it."""
    generator = np.random.default_rng(seed)
    a, b = generator.normal(size=(2, ROWS))
    colour = generator.choice(["red", "green"], ROWS)
    score = 2 * a - b + 3 * (colour == "red")
    return {
        "a": 1000 + 50 * a,
        "b": b,
        "colour": colour,
        "paid": np.where(score > 1.5, "yes", "no"),
        "grade": np.select([score < 0, score < 3], ["low", "middle"], "high"),
        "score": 5000 + 100 * score,
    }


def train(target, data=None, **options):
    data = table() if data is None else data
    others = {"paid", "grade", "score"} & (data.keys() - {target})
    defaults = {"ignore": others, "verbose": 0, "learning_rate": 0.02, "epochs": 40}
    return tabular.train(data, target, **defaults | options)


def test_a_binary_target_is_learned():
    result = train("paid")
    evaluation = result.evaluation
    assert result.encoder.target.classes == ("no", "yes")
    assert evaluation.measures["auc"] > 0.97
    assert evaluation.measures["rows"] == 80
    assert evaluation.confusion.sum() == 80
    truth = np.bincount(evaluation.targets)
    assert evaluation.confusion.sum(axis=1).tolist() == truth.tolist()
    assert evaluation.predictions.values.shape == (80,)


def test_columns_may_be_named_by_numbers_and_one_may_be_left_out_by_its_name():
    frame = pd.DataFrame(np.random.default_rng(0).random((60, 3))).assign(ab=0.5)
    plan = tabular.train(frame, 2, ignore="ab", epochs=1, verbose=0).encoder
    assert plan.target.name == "2"
    assert [feature.name for feature in plan.features] == ["0", "1"]


def test_several_classes_are_learned():
    result = train("grade")
    assert result.encoder.target.classes == ("high", "low", "middle")
    assert result.evaluation.measures["accuracy"] > 0.85
    np.testing.assert_allclose(result.evaluation.predictions.values.sum(axis=1), 1, rtol=1e-5)


def test_a_number_is_learned_in_its_own_unit():
    result = train("score")
    assert result.evaluation.measures["r2"] > 0.95
    assert result.evaluation.confusion is None
    assert result.history["val_loss"][0] < 10  # in squared standard deviations, not in 100²
    assert 4500 < result.predict(table()).values.mean() < 6000


def test_the_weights_of_the_best_epoch_are_kept():
    result = train("paid", patience=3, learning_rate=0.1)
    history = result.history["val_loss"]
    assert result.best_epoch == int(np.argmin(history))
    assert len(history) == result.best_epoch + 1 + 3
    rows = result.plan.split.validation
    inputs, targets = result.plan.inputs[rows], result.plan.targets[rows].astype(np.float32)
    loss = result.model.evaluate(inputs, targets[:, None], verbose=0)[0]
    assert loss == pytest.approx(history[result.best_epoch], rel=1e-4)


def test_a_seed_is_a_network():
    first, again, other = (train("paid", epochs=2, seed=seed).history["loss"] for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_the_network_is_as_asked():
    result = train("paid", layers=(5, 4), activation=("tanh", "relu"), dropout=0.25, epochs=1)
    kinds = [type(layer).__name__ for layer in result.model.layers]
    assert kinds == ["Normalization", "Dense", "Dropout", "Dense", "Dropout", "Dense"]
    names = [
        layer.get_config()["activation"] for layer in result.model.layers if hasattr(layer, "units")
    ]
    assert names == ["tanh", "relu", "sigmoid"]
    assert [layer.rate for layer in result.model.layers if hasattr(layer, "rate")] == [0.25, 0.25]


def test_a_network_without_hidden_layers():
    layers = train("paid", layers=(), epochs=1).model.layers
    assert [type(layer).__name__ for layer in layers] == ["Normalization", "Dense"]


def test_optimizer_and_learning_rate_are_as_asked():
    model = train("paid", optimizer="sgd", learning_rate=0.125, epochs=1).model
    assert type(model.optimizer).__name__ == "SGD"
    assert float(model.optimizer.learning_rate) == pytest.approx(0.125)


def test_inputs_are_standardized_inside_the_model():
    result = train("paid", epochs=1)
    plan = result.plan
    scaled = np.asarray(result.model.layers[0](plan.inputs[plan.split.training]))
    assert result.encoder.input_names == ("a", "b", "colour = green", "colour = red")
    np.testing.assert_allclose(scaled[:, :2].mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(scaled[:, :2].std(axis=0), 1, rtol=1e-4)
    assert set(np.unique(scaled[:, 2:])) == {0.0, 1.0}


def test_rows_without_a_target_are_left_out():
    data = table()
    data["paid"][:7] = ""
    plan = train("paid", data, epochs=1).plan
    assert plan.unlabelled == 7
    assert len(plan.inputs) == len(plan.targets) == ROWS - 7


def test_without_test_rows_there_is_no_evaluation():
    result = train("paid", test_share=0, epochs=1)
    assert result.evaluation is None
    assert len(result.plan.split.test) == 0


class _Interrupt(callbacks.Callback):
    """Ctrl-C in the given epoch (from 0)."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise KeyboardInterrupt


def test_ctrl_c_keeps_the_best_epoch():
    whole = train("paid", epochs=4)
    result = train("paid", epochs=40, callbacks=[_Interrupt(4)])
    assert result.interrupted
    assert not whole.interrupted
    assert result.history == whole.history
    for ours, theirs in zip(result.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_ctrl_c_before_the_first_epoch_is_over_is_raised():
    with pytest.raises(KeyboardInterrupt):
        train("paid", callbacks=[_Interrupt(0)])


def test_a_loss_that_explodes_ends_the_training():
    with pytest.raises(
        tabular.DivergedError, match=r"became (nan|inf) in epoch \d+\. Try a smaller"
    ):
        train("score", optimizer="sgd", learning_rate=1e20)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"activation": "reluu"}, "reluu"), ({"optimizer": "adamm"}, "adamm")],
)
def test_unknown_names_are_told(options, message):
    with pytest.raises(ValueError, match=message):
        train("paid", **options)


def test_bad_tables_are_told():
    with pytest.raises(NotFoundError, match="Did you mean 'paid'"):
        tabular.train(table(), "payd")
    with pytest.raises(NotFoundError, match="no file"):
        tabular.train("no such file.csv", "paid")
    with pytest.raises(InvalidArgumentError, match="too few"):
        tabular.train({"a": [1, 2, 5], "y": [0, 1, 1]}, "y")


def test_results_are_saved_and_replaced(tmp_path):
    folder = tmp_path / "out"
    result = train("grade", epochs=2)
    assert result.save(folder) == folder
    assert sorted(path.name for path in folder.iterdir()) == ["history.csv", "model.keras"]
    with open(folder / "history.csv", newline="") as file:
        header, *epochs = csv.reader(file)
    assert header == ["epoch", *result.history]
    assert [row[0] for row in epochs] == ["1", "2"]
    losses = [float(row[header.index("val_loss")]) for row in epochs]
    assert losses == pytest.approx(result.history["val_loss"], rel=1e-6)
    before = (folder / "model.keras").read_bytes()
    train("paid", epochs=1).save(folder)
    assert (folder / "model.keras").read_bytes() != before
    assert tabular.load(folder / "model.keras").encoder.target.name == "paid"


@pytest.mark.parametrize("unit", [1e-12, 1e30])
def test_numbers_of_any_size_are_learned(unit):
    scaled = {**table(), "score": table()["score"] % 1000 * unit}
    result = train("score", scaled, epochs=20)
    known = result.plan.targets[result.plan.split.training].astype(np.float64)
    assert result.history["loss"][0] > 0.1  # in standard deviations
    assert result.evaluation.measures["rmse"] < 1.1 * known.std()


def test_a_target_that_is_missing_everywhere():
    with pytest.raises(InvalidArgumentError, match="'y' has no value in any row of the table"):
        train("y", {"a": [1, 2], "y": [None, ""]})
