"""A model as native code: an object file to link, and its header."""

from __future__ import annotations

from importlib import import_module

from ..core.files import FilePath
from .graph import Inference
from .header import header, interface, write_both

_MODULE = "lamina.backends.llvm.object"


def write_object(
    inference: Inference, path: FilePath, target: str | None = None, cpu: str | None = None
) -> None:
    """`path` as an object file and its header beside it, for this machine or another.

    `target`: an LLVM triple, as "aarch64-linux-gnu"; `cpu`: a processor, as "x86-64-v3".
    """
    made = interface(inference)
    native = import_module(_MODULE).make_object(
        inference.graph, f"{made.name}_predict", target, cpu
    )
    machine = " ".join(filter(None, (target, cpu))) or "the machine on which it was written"
    remark = f"The object file is for {machine}; link it with -lm."
    write_both(path, native.image, header(made, native.stack, remark))
