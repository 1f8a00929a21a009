"""What tests of native code share: a kernel to call, native settings."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lamina.core.config import config

KINDS = {"ptr": ctypes.c_void_p, "i64": ctypes.c_int64}


@pytest.fixture(scope="session")
def entry() -> Callable[..., Any]:
    """A function of a module, compiled: it takes arrays, integers, and None for a null pointer."""
    pytest.importorskip("llvmlite.binding")
    from lamina.backends.llvm import compiler
    from lamina.backends.llvm.builder import Code, Module

    libraries = []

    def make(module: Module, name: str) -> Callable[..., None]:
        inner = module.functions[name]
        kinds = [(item.kind, item.text[1:]) for item in inner.arguments]
        code = Code(module, f"entry_{name}", kinds, internal=False)
        code.call("void", name, *code.arguments)
        code.ret()
        library, addresses = compiler.get().link(compiler.get().compile(module.text()), [code.name])
        libraries.append(library)
        types = [KINDS[kind] for kind, _ in kinds]
        function = ctypes.CFUNCTYPE(None, *types)(addresses[code.name])

        def call(*values: Any) -> None:
            function(*(v.ctypes.data if isinstance(v, np.ndarray) else v for v in values))

        return call

    return make


@pytest.fixture
def native(monkeypatch: pytest.MonkeyPatch) -> None:
    """Native code runs programs; tests may set the number of lanes and threads."""
    monkeypatch.setattr(config, "backend", "llvm")
    for name in ("lanes", "threads"):
        monkeypatch.setattr(config, name, getattr(config, name))
