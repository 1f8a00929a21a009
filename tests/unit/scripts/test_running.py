"""Scripts and notebooks run as Python runs them, with lamina as their TensorFlow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lamina.core.errors import DataLossError, NotFoundError
from lamina.scripts.notebook import read_pieces


def lamina(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lamina", "run", str(path), *words],
        check=False,
        capture_output=True,
        text=True,
    )


def notebook(path: Path, *cells: str, language: str = "python") -> Path:
    made = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    made.insert(1, {"cell_type": "markdown", "source": ["# no code"]})
    content = {"cells": made, "metadata": {"kernelspec": {"language": language}}, "nbformat": 4}
    path.write_text(json.dumps(content))
    return path


def test_a_script_sees_what_python_would_show_it(tmp_path):
    (tmp_path / "beside.py").write_text("from tensorflow.keras.layers import Dense\n")
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, pickle\n"
        "import tensorflow as tf, keras, beside\n"
        "class Own: pass\n"
        "assert isinstance(pickle.loads(pickle.dumps(Own())), Own)\n"
        "assert beside.Dense is keras.layers.Dense\n"
        "print(__name__, __file__ == sys.argv[0], sys.argv[1:], tf.reduce_sum([1, 2]).numpy())\n"
        "sys.exit(7)\n"
    )
    done = lamina(script, "--check", "-x")
    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout.split("\n")[0] == "__main__ True ['--check', '-x'] 3"


def test_a_traceback_shows_the_scripts_own_lines(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import tensorflow as tf\n\ndef f():\n    tf.constnat(1)\n\nf()\n")
    done = lamina(script)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[:2] == [
        "Traceback (most recent call last):", f'  File "{script}", line 6, in <module>'
    ]  # fmt: skip
    assert "    tf.constnat(1)" in lines
    assert "Did you mean 'constant'?" in lines[-1]


def test_a_notebook_runs_cell_by_cell_and_shows_last_expressions(tmp_path):
    path = notebook(
        tmp_path / "book.ipynb",
        "%matplotlib inline\n!pip install \\\n  tensorflow\nimport tensorflow as tf\n"
        "text = '''\n%no magic\n'''\nif True:\n    %time\nfiles = !ls\n",
        "%%bash\nls",
        "int(tf.constant(3)) + 1",
        "len(text);",
        "display(text.strip())\nraise KeyError(len(text))",
    )
    done = lamina(path)
    assert done.returncode == 1
    assert done.stdout.split("\n")[:2] == ["4", "%no magic"]
    assert "(cell 1), line 1: left out: %matplotlib inline" in done.stderr
    assert "left out: files = !ls" in done.stderr
    assert "left out: %%bash and all of its cell" in done.stderr
    assert done.stderr.rstrip().endswith("KeyError: 11")
    assert "    raise KeyError(len(text))" in done.stderr


def test_what_is_no_notebook_of_python_is_named(tmp_path):
    other = notebook(tmp_path / "other.ipynb", "x <- 1", language="R")
    with pytest.raises(ValueError, match="notebook of R"):
        read_pieces(other)
    other.write_text("{}")
    with pytest.raises(DataLossError, match="no Jupyter notebook"):
        read_pieces(other)
    with pytest.raises(NotFoundError, match="cannot read"):
        read_pieces(tmp_path / "absent.py")


def test_processes_that_a_script_starts_know_tensorflow(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import multiprocessing\n"
        "import tensorflow as tf\n"
        "def total(count): return int(tf.reduce_sum(tf.range(count)))\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map_async(total, [3, 4]).get(60))\n"
    )
    done = lamina(script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[3, 6]\n", "")
