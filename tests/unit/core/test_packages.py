"""Where an optional package is missing, the error names the extra that brings it along."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamina.core.errors import MissingPackageError
from lamina.core.packages import needed

CHECKOUT = Path(__file__).resolve().parents[3]
_FOR_US = {"bench", "dev"}


def _named() -> Iterator[str]:
    """The extras that lamina's errors name."""
    texts = (path.read_text("utf-8") for path in (CHECKOUT / "lamina").rglob("*.py"))
    for text in (text for text in texts if "needed(" in text):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "needed":
                yield from (k.value.value for k in node.keywords if k.arg == "extra")


def test_errors_name_every_extra_and_no_other():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(_named()) == set(project["optional-dependencies"]) - _FOR_US


def test_what_is_needed_is_told_with_the_way_around():
    message = r"pictures: .* package it, .*No module.* pip install \"lamina\[plot\]\", or look away"
    with (
        pytest.raises(MissingPackageError, match=message),
        needed("pictures", "it", "look away", "plot"),
    ):
        raise ModuleNotFoundError("No module named 'it'", name="it")
    with pytest.raises(ImportError, match="ours") as caught, needed("pictures", "it"):
        raise ImportError("ours", name="lamina.core")
    assert not isinstance(caught.value, MissingPackageError)
