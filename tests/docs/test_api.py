"""The API page is true: made anew it is the same, and every public name is there or explained."""

from __future__ import annotations

import keras
import pytest

from tests.tools import api_page


@pytest.fixture(scope="module")
def found() -> dict[str, api_page.Verdict]:
    if not keras.__version__.startswith("3.15."):
        pytest.skip(f"the page is about Keras 3.15; this is {keras.__version__}")
    return api_page.verdicts()


def test_every_name_is_there_or_explained(found: dict[str, api_page.Verdict]) -> None:
    problems = api_page.complaints(found)
    assert not problems, "\n".join(problems)


def test_the_page_is_what_the_names_make_of_it(found: dict[str, api_page.Verdict]) -> None:
    written = api_page.PAGE.read_text("utf-8").splitlines()
    wanted = api_page.page(found).splitlines()
    differing = [line for line in wanted if line not in written]
    assert written == wanted, (
        "docs/api.md is old: run `python -m tests.tools.api_page`. New lines:\n"
        + "\n".join(differing[:8])
    )


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("tf.constant", ("value", "dtype", "shape", "name"), ("there", "")),
        ("tf.constant", ("value", "flavour"), ("differs", "without `flavour`")),
        ("tf.nn.conv2d", None, ("outside", "convolutions")),
        ("keras.layers.LSTM", None, ("outside", "recurrence")),
        ("tf.unheard_of", None, ("missing", "")),
        ("keras.layers.Unheard", None, ("missing", "")),
    ],
)
def test_verdicts(name: str, arguments: tuple[str, ...] | None, expected: tuple[str, str]) -> None:
    verdict = api_page.judge(api_page.Name(name, arguments), {})
    assert verdict.kind == expected[0]
    assert expected[1] in verdict.text


def test_what_is_told_of_a_difference_stands_on_the_page() -> None:
    name = api_page.Name("tf.constant", ("value",))
    verdict = api_page.judge(name, {"tf.con*": "in another colour"})
    assert verdict == api_page.Verdict("differs", "in another colour")


def test_complaints_name_what_is_wrong() -> None:
    wrong = {
        "tf.unheard_of": api_page.Verdict("missing"),
        "tf.nn.conv2d": api_page.Verdict("there"),
    }
    problems = api_page.complaints(wrong)
    assert "tf.unheard_of is neither there nor explained" in problems
    assert "lamina/core/outside.py: no absent name fits 'tf.nn.*conv*'" in problems
