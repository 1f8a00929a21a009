"""The code blocks of the course's slides, unchanged, on lamina."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import lamina


def _checker(shared: Path) -> ModuleType:
    path = shared / "checks" / "course_slides.py"
    spec = importlib.util.spec_from_file_location("course_slides", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_block_of_the_slides_runs(shared: Path) -> None:
    path = shared / "checks" / "course_slides.py"
    if not path.is_file():
        pytest.skip("the course's slides are not beside this checkout")
    blocks = len(list(_checker(shared).code_blocks())) + 1
    done = subprocess.run(
        [sys.executable, str(path), "lamina"],
        capture_output=True,
        text=True,
        cwd=Path(lamina.__file__).parent.parent,
        env={**os.environ, "PYTHONPATH": str(Path(lamina.__file__).parent.parent)},
        timeout=300,
        check=False,
    )
    assert done.stdout.splitlines()[-1] == f"{blocks} passed, 0 failed", done.stdout + done.stderr
