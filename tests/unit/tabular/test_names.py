"""The names of `lamina.tabular`, and what they cost."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lamina import tabular


def test_every_name_is_there():
    namespace = {}
    exec("from lamina.tabular import *", namespace)
    assert set(tabular.__all__) <= namespace.keys()
    assert set(dir(tabular)) == set(tabular.__all__) == set(tabular._HOME)


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(AttributeError, match=r"no 'trian'.*'train'"):
        tabular.trian  # noqa: B018


def test_the_figures_are_there_without_an_import_of_their_own():
    code = "import lamina; print(lamina.tabular.evaluation.auc([0, 1], [0.1, 0.2]))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "1.0\n"


def test_pictures_cost_no_keras():
    code = "import sys, lamina.plot; print([name for name in sys.modules if '.keras' in name])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
