"""Exported C as people use it: a file and a header, a program around it, errors before files."""

from __future__ import annotations

import platform
import shutil
import subprocess

import numpy as np
import pytest

from lamina import keras
from lamina.core.errors import InvalidArgumentError, UnimplementedError
from lamina.export import inference_graph
from tests.tools.c_code import SANITIZED, STRICT, Called, build, needs_compiler

_MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include "credit.h"

int main(void)
{
    const int rows = 1003;
    float *in = malloc(sizeof(float) * CREDIT_INPUTS * (size_t)rows);
    float *out = malloc(sizeof(float) * CREDIT_OUTPUTS * (size_t)rows);
    int i;
    if (!in || !out) {
        return 1;
    }
    for (i = 0; i < rows * CREDIT_INPUTS; i++) {
        in[i] = (float)(i % 17) / 8 - 1;
    }
    if (credit_predict(in, out, -1) != CREDIT_BAD_ARGUMENT
        || credit_predict(NULL, out, 1) != CREDIT_BAD_ARGUMENT
        || credit_predict(NULL, NULL, 0) != CREDIT_OK) {
        return 2;
    }
    if (credit_predict(in, out, rows) != CREDIT_OK) {
        return 3;
    }
    for (i = 0; i < rows; i++) {
        printf("%.9g\\n", out[i]);
    }
    free(in);
    free(out);
    return 0;
}
"""


def credit():
    keras.utils.set_random_seed(3)
    layers = [keras.layers.Dense(n, f) for n, f in ((16, "relu"), (8, "tanh"), (1, "sigmoid"))]
    return keras.Sequential([keras.Input((23,)), keras.layers.BatchNormalization(), *layers])


def rows_of(count, width):
    return (np.arange(count * width) % 17).reshape(count, width).astype(np.float32) / 8 - 1


@needs_compiler
@pytest.mark.parametrize("ending", ["c", "o"])
def test_a_program_around_it_prints_what_predict_gives(ending, tmp_path):
    model = credit()
    model.export(tmp_path / f"credit.{ending}", verbose=False)
    (tmp_path / "main.c").write_text(_MAIN)
    flags = (*STRICT, *SANITIZED)
    build([tmp_path / "main.c", tmp_path / f"credit.{ending}"], tmp_path / "main", *flags)
    done = subprocess.run([tmp_path / "main"], check=True, capture_output=True, text=True)
    found = np.array(done.stdout.split(), np.float32)
    np.testing.assert_allclose(found, model.predict(rows_of(1003, 23), verbose=0)[:, 0], rtol=1e-6)
    assert not done.stderr


@needs_compiler
def test_it_is_also_cpp(tmp_path):
    if shutil.which("g++") is None:
        pytest.skip("there is no g++")
    credit().export(tmp_path / "credit.c", verbose=False)
    (tmp_path / "credit.c").rename(tmp_path / "credit.cpp")
    flags = ("-std=c++17", "-pedantic", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")
    build([tmp_path / "credit.cpp"], tmp_path / "credit.so", *flags)


def several():
    numbers = keras.Input((4,), name="some numbers")
    codes = keras.Input((2,), dtype="int32", name="codes")
    flat = keras.layers.Flatten()(keras.layers.Embedding(5, 3)(codes))
    joined = keras.layers.Concatenate(name="right")([keras.layers.Dense(35, "gelu")(numbers), flat])
    left = keras.layers.Dense(2, "softmax", name="left")(joined)
    return keras.Model([numbers, codes], {"left": left, "right": joined})


@needs_compiler
@pytest.mark.parametrize("rows", [0, 1, 7, 64, 200])
def test_several_inputs_and_outputs(rows, tmp_path):
    model = several()
    model.export(tmp_path / "it.c", name="two ways", verbose=False)
    header = (tmp_path / "it.h").read_text()
    assert (
        "int two_ways_predict(const float *in_some_numbers, const int32_t *in_codes, "
        "float *out_left, float *out_right, int rows);"
    ) in header
    assert "#define TWO_WAYS_IN_CODES 2" in header
    numbers, codes = rows_of(rows, 4), (np.arange(2 * rows) % 5).reshape(rows, 2).astype(np.int32)
    outputs = [port.spec for port in inference_graph(model).outputs]
    called = Called(tmp_path / "it.c", "two_ways", outputs)
    found = called(numbers, codes)
    if rows:
        expected = model.predict([numbers, codes], verbose=0)
        for ours, name in zip(found, ("left", "right"), strict=True):
            np.testing.assert_allclose(ours, expected[name], rtol=1e-6, atol=1e-6)
        codes[-1] = 5
        assert called.status(rows, numbers, codes, *found) == -2
        assert called.status(rows, numbers, None, *found) == -1


@needs_compiler
def test_inputs_that_differ_in_case_only(tmp_path):
    ends = [keras.Input((n,), name=name) for n, name in ((1, "age"), (2, "Age"), (3, "a ge"))]
    outputs = [keras.layers.Rescaling(2, name=f"it{'_' * n}")(x) for n, x in enumerate(ends)]
    keras.Model(ends, outputs).export(tmp_path / "it.c", verbose=False)
    specs = [x.spec for x in inference_graph(keras.Model(ends, outputs)).outputs]
    arrays = [rows_of(2, n) for n in (1, 2, 3)]
    for ours, array in zip(Called(tmp_path / "it.c", "it", specs)(*arrays), arrays, strict=True):
        np.testing.assert_array_equal(ours, 2 * array)


@needs_compiler
@pytest.mark.parametrize("level", ["-O1", "-O3"])
def test_layers_of_one_width_share_a_product(level, tmp_path):
    layers = [keras.layers.Dense(n, "relu") for n in (64, 96, 41)]
    model = keras.Sequential([keras.Input((3,)), *layers])
    model.export(tmp_path / "it.c", verbose=False)
    specs = [port.spec for port in inference_graph(model).outputs]
    called = Called(tmp_path / "it.c", "it", specs, level, *STRICT)
    x = rows_of(29, 3)
    np.testing.assert_allclose(called(x)[0], model.predict(x, verbose=0), rtol=1e-6, atol=1e-6)


@needs_compiler
def test_what_is_chosen_from_is_read_before(tmp_path):
    """Where there is AVX-512, gcc 12 reads wrongly what only one branch reads."""
    x = keras.Input((7,))
    model = keras.Model(x, [keras.layers.Activation(name)(x) for name in ("elu", "relu", "selu")])
    model.export(tmp_path / "it.c", verbose=False)
    native = ["-march=native"] if platform.machine() == "x86_64" else []
    specs = [port.spec for port in inference_graph(model).outputs]
    rows = rows_of(40, 7)
    found = Called(tmp_path / "it.c", "it", specs, "-O3", *native, *STRICT)(rows)
    for ours, theirs in zip(found, model.predict(rows, verbose=0), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)


@needs_compiler
def test_nan_and_infinity_pass_as_in_predict(tmp_path):
    model = credit()
    model.export(tmp_path / "credit.c", verbose=False)
    rows = rows_of(20, 23)
    rows[0, 0], rows[3, 5], rows[4] = np.nan, np.inf, -np.inf
    called = Called(tmp_path / "credit.c", "credit", [inference_graph(model).outputs[0].spec])
    # Neither side of an array is on a boundary of more than an element.
    held, taken = np.zeros(20 * 23 + 1, np.float32)[1:], np.zeros(21, np.float32)[1:]
    held[:] = rows.ravel()
    assert called.status(20, held, taken) == 0
    np.testing.assert_allclose(taken, model.predict(rows, verbose=0)[:, 0], rtol=1e-6)


def test_the_same_model_is_the_same_text(tmp_path):
    model = credit()
    for name in ("a", "b"):
        model.export(tmp_path / f"{name}.c", name="same", verbose=False)
    first, second = ((tmp_path / f"{name}.c").read_text() for name in "ab")
    assert first.replace("a.h", "b.h") == second
    assert (tmp_path / "a.h").read_text() == (tmp_path / "b.h").read_text()


def test_the_header_says_what_is_said_of_the_model(tmp_path):
    columns = '[{"name": "age", "kind": "number"}, {"name": "a*/b", "kind": "/*"}]'
    about = {
        "columns": columns,
        "threshold": "0.25",
        "note": "two\nlines */ ???/",
        "classes": "[1, 0]",
    }
    credit().export(tmp_path / "it.c", metadata=about, verbose=False)
    text = (tmp_path / "it.h").read_text()
    assert " * columns:\n *   [0] name: age, kind: number\n *   [1] name: a* /b, kind: / *" in text
    assert " * threshold: 0.25\n" in text
    assert " * note: two?lines * / ? ? ?/\n" in text
    assert " * classes:\n *   [0] 1\n *   [1] 0\n" in text


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lambda x: keras.ops.mean(x, axis=0, keepdims=True) + x, "all rows"),
        (lambda x: keras.ops.matmul(x, keras.ops.transpose(x)), "no rows of one size"),
        (keras.ops.mean, "no rows of one size"),
        (lambda x: keras.layers.Hashing(3)(keras.ops.cast(x, "int64")), "strings and hashes"),
        (lambda x: x + keras.ops.inv(keras.ops.reshape(x, (-1, 2, 2)))[:, 0, :1], "LAPACK"),
        (lambda x: keras.ops.cast(x, "float16"), "float16"),
    ],
)
def test_what_has_no_form_is_refused_before_a_file_is_there(layer, message, tmp_path):
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layer(inputs))
    with pytest.raises(UnimplementedError, match=message):
        model.export(tmp_path / "model.c")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ('a"b.c', "cannot include"),
        ("a\nb.c", "cannot include"),
        ("a\\b.c", "cannot include"),
        ("model.h", "where the header goes"),
    ],
)
def test_file_names_that_no_header_can_have(name, message, tmp_path):
    with pytest.raises(InvalidArgumentError, match=message):
        credit().export(tmp_path / name, format="c", verbose=False)
    assert not list(tmp_path.iterdir())
