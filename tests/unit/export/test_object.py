"""Exported native code: predict's bits, on any processor, and errors before files."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import lamina as tf
from lamina import keras
from lamina.backends.llvm import compiler
from lamina.backends.llvm.object import LANES
from lamina.core.errors import InvalidArgumentError, MissingPackageError, UnimplementedError
from lamina.export import inference_graph
from tests.tools.c_code import Called, needs_compiler
from tests.unit.export.test_c import credit, rows_of, several

pytest.importorskip("llvmlite")
X86 = ["x86-64", "x86-64-v2", "x86-64-v3"]


def _runs(cpu):
    from lamina.backends.llvm.processor import processor

    flags = processor().flags
    return cpu != "x86-64-v3" or {"avx2", "fma"} <= flags


def called(model, folder, name="it", **options):
    model.export(folder / f"{name}.o", verbose=False, **options)
    outputs = [port.spec for port in inference_graph(model).outputs]
    return Called(folder / f"{name}.o", name, outputs)


@needs_compiler
@pytest.mark.parametrize("cpu", [None, *X86])
@pytest.mark.parametrize("rows", [1, 31, 500])
def test_every_processor_gives_the_bits_of_predict(cpu, rows, tmp_path):
    import platform

    if cpu and (platform.machine().lower() not in ("x86_64", "amd64") or not _runs(cpu)):
        pytest.skip(f"this processor cannot run {cpu}")
    model = credit()
    x = rows_of(rows, 23)
    x[0, :2] = np.nan, np.inf
    options = {} if cpu is None else {"cpu": cpu}
    (found,) = called(model, tmp_path, **options)(x)
    np.testing.assert_array_equal(found, model.predict(x, verbose=0))


@needs_compiler
def test_several_inputs_and_outputs(tmp_path):
    model = several()
    function = called(model, tmp_path)
    numbers, codes = rows_of(200, 4), (np.arange(400) % 5).reshape(200, 2).astype(np.int32)
    found = function(numbers, codes)
    expected = model.predict([numbers, codes], verbose=0)
    for ours, name in zip(found, ("left", "right"), strict=True):
        np.testing.assert_array_equal(ours, expected[name])
    assert function.status(0, None, None, None, None) == 0
    assert function.status(-1, numbers, codes, *found) == -1
    assert function.status(200, numbers, codes, None, found[1]) == -1
    codes[199, 1] = -1
    assert function.status(200, numbers, codes, *found) == -2


@needs_compiler
def test_threads_may_call_it_at_the_same_time(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    model = credit()
    function, x = called(model, tmp_path), rows_of(3000, 23)
    expected = model.predict(x, verbose=0)
    with ThreadPoolExecutor(4) as pool:
        for (found,) in pool.map(function, [x] * 16):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("target", "begin"),
    [
        ("aarch64-linux-gnu", b"\x7fELF\x02\x01\x01"),
        ("arm64-apple-darwin", b"\xcf\xfa\xed\xfe\x0c"),
        ("x86_64-pc-windows-msvc", b"\x64\x86"),
    ],
)
def test_other_machines(target, begin, tmp_path):
    credit().export(tmp_path / "it.o", target=target, verbose=False)
    content = (tmp_path / "it.o").read_bytes()
    assert content.startswith(begin)
    assert b"it_predict" in content
    assert target in (tmp_path / "it.h").read_text()


def test_every_processor_is_known_to_llvm(capfd, tmp_path):
    for architecture, names in LANES.items():
        for cpu in names:
            credit().export(
                tmp_path / "it.o", target=f"{architecture}-linux-gnu", cpu=cpu, verbose=False
            )
    assert not capfd.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "riscv64-linux-gnu"}, "expected an LLVM triple"),
        ({"target": "x86_64"}, "expected an LLVM triple"),
        ({"cpu": "x86-64-v33"}, "Did you mean 'x86-64-v3'"),
        ({"target": "aarch64-linux-gnu", "cpu": "x86-64"}, "expected one of generic"),
    ],
)
def test_unknown_machines(options, message, tmp_path):
    with pytest.raises(InvalidArgumentError, match=message):
        credit().export(tmp_path / "it.o", **options)
    assert not list(tmp_path.iterdir())


def test_without_llvmlite_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "llvmlite", None)
    compiler.version.cache_clear()
    try:
        with pytest.raises(MissingPackageError, match="pip install llvmlite, or export C: "):
            credit().export(tmp_path / "it.o")
    finally:
        monkeypatch.undo()
        compiler.version.cache_clear()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lambda x: keras.ops.mean(x, axis=0, keepdims=True) + x, "all rows"),
        (lambda x: x + tf.strings.to_number(tf.strings.as_string(x)), "string"),
        (lambda x: x + keras.ops.inv(keras.ops.reshape(x, (-1, 2, 2)))[:, 0, :1], "inverse"),
    ],
)
def test_what_has_no_form_is_refused_before_a_file_is_there(layer, message, tmp_path):
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layer(inputs))
    with pytest.raises(UnimplementedError, match=message):
        model.export(tmp_path / "model.o")
    assert not list(tmp_path.iterdir())
