"""`lamina run --check`: names that a script uses and lamina lacks, line by line, nothing run."""

from __future__ import annotations

import pytest

from lamina.cli.main import main
from lamina.scripts.checking import check

HEAD = "import tensorflow as tf\n"


@pytest.mark.parametrize(
    ("code", "missing"),
    [
        ("tf.constnat(1)", "tensorflow.constnat"),
        ("x = [tf.keras.layers.Dens(3) for _ in range(2)]", "tensorflow.keras.layers.Dens"),
        ("from tensorflow.keras.layers import Dense, Dens", "tensorflow.keras.layers.Dens"),
        ("from tensorflow import keras as k\nk.Modle", "tensorflow.keras.Modle"),
        ("import tensorflow.kears", "tensorflow.kears"),
        ("import keras.layers as L\ndef f():\n  return L.Dens", "keras.layers.Dens"),
        ("layers = tf.keras.layers\nlayers.Dens", "tensorflow.keras.layers.Dens"),
        ("m = tf.keras.Sequential()\nm.fti(1)", "tensorflow.keras.Sequential().fti"),
        ("tf.constant(1, dtyp=tf.int32)", "tensorflow.constant(…, dtyp=…)"),
        ("tf.Variable(1.0).asign(2.0)", "tensorflow.Variable().asign"),
        (
            "class M(tf.keras.Model):\n  def f(self):\n    self.x = 1\n    self.g(self.x)",
            "M (a tensorflow.keras.Model).g",
        ),
        (
            "class M(tf.keras.Model):\n  def __init__(self):\n    super().__ini()",
            "super().__ini",
        ),
    ],
)
def test_a_missing_name_is_found(tmp_path, code, missing):
    script = tmp_path / "script.py"
    script.write_text(HEAD + code)
    (lack,) = check(str(script))
    assert lack.name == missing
    assert lack.line >= 2
    assert "Did you mean" in lack.advice or "has no" in lack.advice


@pytest.mark.parametrize(
    "code",
    [
        "m = tf.keras.Sequential()\nm.fit; m.optimizer; m.built; m.history",
        "try:\n  tf.constnat\nexcept AttributeError:\n  pass",
        "try:\n  from tensorflow import constnat\nexcept ImportError:\n  pass",
        "def f(tf):\n  return tf.anything",
        "tf = object()\ntf.anything",
        "for tf in ():\n  tf.anything",
        "with open('x') as tf:\n  tf.anything",
        "from other.keras import x\nx.anything",
        "import numpy as np\nnp.anything",
        "class M(tf.keras.Model):\n  def f(self):\n    self.x = 1\n    self.build; self.x; self.f",
        "class M(tf.keras.Model):\n  a = 1\n  def f(me):\n    super().build(1)\n    me.a",
        "from keras.layers import *\nDense(1).kernel",
        "raise SystemExit('never run')",
        "tf.constant(1, dtype=tf.int32, name='x')\ntf.constant(**{'any': 1})",
        "tf.keras.layers.Dense(1, input_dim=3)\ntf.keras.optimizers.Adam(lr=1.0)",
        "c = tf.train.Checkpoint(step=tf.Variable(1))\nc.step.assign_add(1)",
        "c = tf.train.Checkpoint()\nc.net = 1\nc.net",
    ],
)
def test_what_exists_or_may_be_anything_is_left_alone(tmp_path, code):
    script = tmp_path / "script.py"
    script.write_text(HEAD + code)
    assert check(str(script)) == []


def test_the_command_lists_lines_and_fails(tmp_path, capsys):
    script = tmp_path / "script.py"
    script.write_text(HEAD + "tf.constnat(1)\ntf.sigmod(1)\n")
    assert main(["run", "--check", str(script)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{script}:2: tensorflow.constnat: ")
    assert lines[1].endswith("Did you mean 'sigmoid'?")
    script.write_text(HEAD + "tf.constant(1)\n")
    assert main(["run", "--check", str(script)]) == 0
    assert "every TensorFlow and Keras name" in capsys.readouterr().out
    script.write_text(HEAD + "def f(:\n")
    assert main(["run", "--check", str(script)]) == 2
    assert f"{script}, line 2: invalid syntax: def f(:" in capsys.readouterr().err
