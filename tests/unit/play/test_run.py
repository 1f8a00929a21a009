"""Runs and conversations: the networks of `lamina play` without a browser."""

from __future__ import annotations

import base64
import json
import math

import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import InvalidArgumentError
from lamina.play import PROBLEMS, Run, Settings, problems
from lamina.play.conversation import Conversation
from lamina.play.run import GRID, optimizer
from lamina.play.settings import ACTIVATIONS, OPTIMIZERS, REGULARIZERS, read_settings

TABLE = "age,income,paid\n" + "".join(
    f"{n},{n * n % 17},{'yes' if n % 3 else 'no'}\n" for n in range(40)
)


def weights(run):
    return [np.array(part) for part in run.model.get_weights()]


@pytest.mark.parametrize("name", PROBLEMS)
def test_problems(name):
    made = problems.make_problem(name, 100, 0.2, 3, TABLE, "paid")
    again = problems.make_problem(name, 100, 0.2, 3, TABLE, "paid")
    np.testing.assert_array_equal(made.x, again.x)
    both = np.concatenate([made.x, made.test_x])
    np.testing.assert_allclose(both.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(both.std(axis=0), 1, atol=1e-3)
    assert both.shape[1] == len(made.names) and set(np.unique(made.y)) == {0, 1}
    assert len(made.y) == len(made.x) and len(made.test_y) == len(made.test_x) > 0


@pytest.mark.parametrize(
    ("table", "target", "message"),
    [
        ("a,b\n1,2\n", "", "at least 10 rows"),
        (TABLE.replace("age", "income"), "", "different names"),
        (TABLE + "1,2\n", "", "line 42 has another number"),
        (TABLE, "payed", "Did you mean 'paid'"),
        (TABLE, "age", "two classes; it holds 40"),
        (TABLE.replace("3,9,", "3,nine,"), "", "column 'income' must hold numbers"),
        (TABLE.replace("3,9,", "3,nan,"), "", "column 'income' must hold numbers"),
        (TABLE.replace("3,9,", "3,9e37,"), "", "column 'income' must hold numbers"),
        (TABLE.replace("3,9,", f"3,{'9' * 200_000},"), "", "no table: field larger"),
    ],
)
def test_tables_that_are_refused(table, target, message):
    with pytest.raises(InvalidArgumentError, match=message):
        problems.make_problem("csv", 100, 0.0, 0, table, target)


@pytest.mark.parametrize("regularizer", REGULARIZERS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_do_not_depend_on_how_they_are_asked_for(name, regularizer):
    settings = Settings(
        optimizer=name, regularizer=regularizer, rows=60, layers=(3,), dropout=0.2, batch_size=8
    )
    once, often = Run(settings), Run(settings)
    once.train(9)
    for steps in (1, 2, 6):
        often.train(steps)
    for first, second in zip(weights(once), weights(often), strict=True):
        np.testing.assert_array_equal(first, second)
    assert once.step == often.step == 9


def test_back_and_forth_again_gives_the_same():
    run = Run(Settings(problem="xor", rows=60, dropout=0.3, optimizer="adam"))
    run.train(5)
    run.train(5)
    after = weights(run)
    run.rewind(1)
    assert run.step == 5 and [state.step for state in run.states] == [0, 5]
    run.train(5)
    for first, second in zip(after, weights(run), strict=True):
        np.testing.assert_array_equal(first, second)


def test_states_stay_few_and_hold_beginning_and_end():
    run = Run(Settings(rows=20, layers=(1,)))
    for _ in range(300):
        run.train(1)
    steps = [state.step for state in run.states]
    assert steps[0] == 0 and steps == sorted(set(steps)) and 60 < len(steps) <= 241
    assert 300 - steps[-1] < 10


def test_it_learns():
    run = Run(Settings(problem="circle", rows=200, noise=0.0))
    begin, _ = run.losses()
    run.train(1500)
    training, testing = run.losses()
    assert begin > 0.5 and training < 0.05 and testing < 0.15


def test_pictures_are_what_the_layers_say():
    run = Run(Settings(layers=(3, 2), activation="relu"))
    side = np.linspace(-2.2, 2.2, GRID, dtype=np.float32)
    grid = np.stack([np.tile(side, GRID), np.repeat(side[::-1], GRID)], axis=1)
    kernels, biases = run.model.get_weights()[::2], run.model.get_weights()[1::2]
    value = grid
    for picture, kernel, bias in zip(run.pictures(), kernels, biases, strict=True):
        value = value @ kernel + bias
        value = np.maximum(value, 0) if kernel.shape[1] > 1 else 1 / (1 + np.exp(-value))
        np.testing.assert_allclose(picture, value.T.reshape(-1, GRID, GRID), atol=1e-5)


def test_landscape_has_the_loss_at_the_end_of_the_way():
    run = Run(Settings(rows=60, layers=(3,)))
    assert run.landscape()["path"] == []
    for _ in range(4):
        run.train(20)
    before = weights(run)
    found = run.landscape()
    for first, second in zip(before, weights(run), strict=True):
        np.testing.assert_array_equal(first, second)
    grid, path = np.array(found["grid"]), np.array(found["path"])
    (left, right), (low, high) = found["bounds"]
    np.testing.assert_allclose(path[-1], 0, atol=1e-4)
    column = (path[-1][0] - left) / (right - left) * (grid.shape[1] - 1)
    row = (path[-1][1] - low) / (high - low) * (grid.shape[0] - 1)
    around = grid[math.floor(row) : math.ceil(row) + 1, math.floor(column) : math.ceil(column) + 1]
    assert around.min() * 0.9 <= run.losses()[0] <= around.max() * 1.1


def test_what_is_asked_for_at_once_does_not_fill_memory(monkeypatch):
    monkeypatch.setattr("lamina.play.run._MOST_ROWS", 100)
    run, other = Run(Settings(rows=40, batch_size=7)), Run(Settings(rows=40, batch_size=7))
    sizes, rows = [], run._rows
    monkeypatch.setattr(run, "_rows", lambda *of: sizes.append(len(rows(*of))) or rows(*of))
    run.train(60)
    assert max(sizes) == 98 and sum(sizes) == 60 * 7
    monkeypatch.undo()
    other.train(60)
    for first, second in zip(weights(run), weights(other), strict=True):
        np.testing.assert_array_equal(first, second)


def ask(conversation, **request):
    return json.loads(conversation.answer(json.dumps(request)))


def test_conversation():
    page = Conversation()
    begun = ask(page, do="begin")
    assert begun["choices"]["activation"] == list(ACTIVATIONS) and begun["grid"] == GRID
    made = ask(page, do="new", run=0, settings=begun["defaults"])
    assert made["frames"]["0"]["step"] == 0 and made["columns"] == ["x", "y"]
    ask(page, do="new", run=1, settings={**begun["defaults"], "optimizer": "sgd", "layers": []})
    frames = ask(page, do="train", steps=7)["frames"]
    assert [frame["step"] for frame in frames.values()] == [7, 7]
    pictures = [base64.b64decode(text) for text in frames["0"]["pictures"]]
    assert [len(part) for part in pictures] == [units * GRID * GRID for units in (6, 4, 1)]
    assert len(frames["1"]["weights"]) == 1
    assert frames["0"]["losses"][-1][0] == 7 and frames["0"]["states"] == [0, 7]
    assert [frame["step"] for frame in ask(page, do="rewind", place=0)["frames"].values()] == [0, 0]
    assert list(ask(page, do="drop", run=1)["frames"]) == ["0"]
    assert list(ask(page, do="landscape")["landscapes"]) == ["0"]


def test_a_run_that_diverges_is_still_json():
    page = Conversation()
    settings = {"optimizer": "sgd", "learning_rate": 10, "activation": "linear", "problem": "xor"}
    ask(page, do="new", run=0, settings={**settings, "regularizer": "l2", "penalty": 1.0})
    frame = ask(page, do="train", steps=2000)["frames"]["0"]
    assert frame["step"] == 2000 and frame["losses"][-1][1] is None
    found = ask(page, do="landscape")["landscapes"]["0"]
    assert len(found["path"]) < len(frame["states"])  # up to where it diverged


def test_many_steps_at_once_leave_places_to_go_back_to():
    run = Run(Settings(rows=40))
    run.train(3000)
    steps = [state.step for state in run.states]
    assert steps[:3] == [0, 50, 100] and steps[-1] == 3000 and 10 < len(steps) < 40


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ("nonsense", "no request"),
        ("[" * 100_000, "no request"),
        ("[1]", "names and values"),
        ('{"do": "fly"}', "called 'fly'"),
        ('{"do": "new", "run": 2}', "from 0 to 1"),
        ('{"do": "train", "steps": 1e9}', "whole number"),
        ('{"do": "train", "steps": true}', "whole number"),
        ('{"do": "new", "run": 0, "settings": 3}', "settings are"),
        ('{"do": "new", "run": 0, "settings": {"activation": "rellu"}}', "Did you mean 'relu'"),
        ('{"do": "new", "run": 0, "settings": {"layers": [100000]}}', "from 1 to 16"),
        ('{"do": "new", "run": 0, "settings": {"layers": "4"}}', "numbers of units"),
        ('{"do": "new", "run": 0, "settings": {"rows": 10.5}}', "whole number"),
        ('{"do": "new", "run": 0, "settings": {"learning_rate": NaN}}', "a number from"),
        ('{"do": "new", "run": 0, "settings": {"table": 3}}', "must be text"),
    ],
)
def test_bad_requests_get_an_error(request_, message):
    assert message in json.loads(Conversation().answer(request_))["error"]


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_code_on_the_page_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text(TABLE)
    settings = read_settings(
        {"problem": name, "table": TABLE, "target": "paid", "dropout": 0.1, "regularizer": "l1",
         "layers": [3], "activation": "relu", "optimizer": OPTIMIZERS[len(name) % len(OPTIMIZERS)]}
    )  # fmt: skip
    run = Run(settings)
    page = Conversation()
    code = ask(page, do="new", run=0, settings=vars(settings))["code"]
    names: dict[str, object] = {}
    exec(compile(code.replace("epochs=20", "epochs=1, verbose=0"), "page", "exec"), names)
    model = names["model"]
    assert [w.shape for w in model.get_weights()] == [w.shape for w in run.model.get_weights()]
    wanted = optimizer(settings).get_config()
    found = model.optimizer.get_config()
    assert {**found, "name": ""} == {**wanted, "name": ""}
    assert isinstance(model, tf.keras.Sequential)
    assert type(model.layers[0].kernel_initializer).__name__ == "HeNormal"


def _table(separator, ending, classes, head=("age", " $ 'x' ", "paid ")):
    rows = (("1", str(1_700_000_000 + n), classes[n % 2]) for n in range(20))
    return ending.join(separator.join(row) for row in (head, *rows))


@pytest.mark.parametrize(
    "table",
    [
        _table(",", "\n", ("01", "1")),
        _table(";", "\r\n", ("NA", "")),
        _table("\t", "\r", (" no", "'yes\\\"")),
    ],
)
def test_the_code_reads_a_table_as_the_page_does(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_bytes(table.encode())
    problem = problems.make_problem("csv", 100, 0.0, 0, table)
    names: dict[str, object] = {}
    exec(f"import numpy as np, pandas\n{problem.code}", names)
    assert problem.names == ("age", "$ 'x'")
    for whole, parts in (("x", (problem.x, problem.test_x)), ("y", (problem.y, problem.test_y))):
        found = np.sort(np.concatenate(parts)[:, -1])
        np.testing.assert_allclose(np.sort(names[whole][:, -1]), found, atol=1e-5)
    assert len(np.unique(problem.x[:, 1])) == len(problem.x)
