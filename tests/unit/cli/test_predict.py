"""`lamina predict`: to the terminal, to a file, and tables that do not fit."""

from __future__ import annotations

import csv
import io
import sys

import pytest

from lamina import tabular


@pytest.fixture
def model(here):
    result = tabular.train("clients.csv", "paid", ignore=["grade"], epochs=2, verbose=0)
    result.save("clients")
    return here / "clients" / "model.keras"


def test_predictions_go_to_the_terminal(run, model):
    status, out, err = run("predict", model, "clients.csv")
    assert status == 0
    header, *rows = csv.reader(out.splitlines())
    assert header == ["class", "probability_yes"]
    assert len(rows) == 200
    expected = tabular.load(model).predict("clients.csv")
    assert [row[0] for row in rows] == expected.classes
    assert [float(row[1]) for row in rows] == pytest.approx(expected.values.tolist(), rel=1e-6)
    assert err == ""


def test_predictions_in_a_pipe_are_utf_8(run, here, monkeypatch):
    text = (here / "clients.csv").read_text()
    (here / "clients.csv").write_text(text.replace("yes", "žádný"), "utf-8")
    tabular.train("clients.csv", "paid", ignore=["grade"], epochs=1, verbose=0).save("clients")
    content = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(content, encoding="ascii", newline="\r\n"))
    run("predict", "clients", "clients.csv")
    assert content.getvalue().decode().startswith("class,probability_žádný\n")


def test_predictions_go_to_a_file(run, model, here):
    shown = run("predict", model, "clients.csv").out
    status, out, err = run("predict", "clients", "clients.csv", "-o", "said.csv")
    assert (status, out, err) == (0, "", "200 predictions in said.csv\n")
    assert (here / "said.csv").read_text() == shown
    assert run("predict", "clients", "clients.csv", "-o", "said.csv", "-q") == (0, "", "")
    assert sorted(path.name for path in here.iterdir()) == ["clients", "clients.csv", "said.csv"]


def test_unknown_columns_are_ignored_with_a_note(run, model, here):
    (here / "new.csv").write_text("more,town,debt\n1,north,0.5\n")
    status, out, err = run("predict", model, "new.csv")
    assert status == 0
    assert out.count("\n") == 2
    assert err == "Ignored, unknown to the model: more\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "town,Debt\nnorth,1\n",
            "lacks 1 column that the model needs: 'debt' (did you mean 'Debt'?)",
        ),
        ("town,debt\nnorth,1\nnorth,much\n", "line 3: column 'debt' holds 'much'"),
        ("town,debt\nnorth,1\nnorth,inf\n", "line 3: column 'debt' holds inf"),
        ("town,debt\n", "no rows"),
    ],
)
def test_tables_that_do_not_fit(run, model, here, content, message):
    (here / "new.csv").write_text(content)
    (here / "said.csv").write_text("old")
    status, out, err = run("predict", model, "new.csv", "-o", "said.csv")
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert (here / "said.csv").read_text() == "old"


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("clients.csv", "is the table itself"),
        ("clients/model.keras", "is the model itself"),
        ("clients", "is a folder"),
        ("nowhere/said.csv", "no folder"),
    ],
)
def test_places_that_can_not_be_written(run, model, output, message):
    before = model.read_bytes()
    for given in (model, model.parent):
        status, _, err = run("predict", given, "clients.csv", "-o", output)
        assert status == 2
        assert message in err
    assert model.read_bytes() == before
