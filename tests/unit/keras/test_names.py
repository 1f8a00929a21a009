"""Every name of Keras is there, or says why not."""

from __future__ import annotations

import keras as reference
import pytest
from keras.src.utils.naming import to_snake_case

from lamina import keras
from lamina.keras.configurable import snake_case

MODULES = (
    *("", "backend", "config", "distribution", "dtype_policies", "mixed_precision", "ops"),
    *("ops.linalg", "ops.nn", "random", "tree"),
)
# Kept apart from the operations of NumPy's kind, or no part of the interface.
IMPLEMENTATION = {"src"}


@pytest.mark.parametrize("module", MODULES)
def test_a_name_is_there_or_says_why_not(module: str) -> None:
    ours, theirs = keras, reference
    for part in filter(None, module.split(".")):
        ours, theirs = getattr(ours, part), getattr(theirs, part)
    for name in dir(theirs):
        if name.startswith("_") or name in IMPLEMENTATION:
            continue
        try:
            getattr(ours, name)
        except AttributeError as error:
            assert "is not there: " in str(error), name  # noqa: PT017


def test_snake_case_is_that_of_keras() -> None:
    families = ("layers", "losses", "metrics", "optimizers", "regularizers", "initializers")
    names = [name for family in families for name in dir(getattr(reference, family))]
    assert {name: snake_case(name) for name in names} == {n: to_snake_case(n) for n in names}
