"""From the text of a program to addresses that can be called.

Code is generated without LLVM's passes over the program: its vectors are explicit already, and the
passes would cost more time than the rest.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from ...core.config import config
from ...core.errors import InvalidArgumentError

WIDTHS = 4, 8, 16
Made = str | tuple[str, Any]


class Library:
    """A loaded program: addresses of its functions, valid as long as this object lives."""

    def __init__(self, tracker: Any, addresses: dict[str, int], meta: Any) -> None:
        self._tracker = tracker
        self._addresses = addresses
        self.meta = meta

    def address(self, name: str) -> int:
        """Where the function `name` begins."""
        return self._addresses[name]


def lanes() -> int:
    """V, how many rows one vector holds: `config.lanes`, or what suits this processor."""
    if config.lanes == 0:
        features = _Target.get().features
        if features.get("avx512f"):
            return 16
        return 8 if features.get("avx2") and features.get("fma") else 4
    if config.lanes not in WIDTHS:
        raise InvalidArgumentError(f"config.lanes expects 0, 4, 8 or 16; got {config.lanes}")
    return int(config.lanes)


def load(key: str, make: Callable[[], Made], names: Sequence[str]) -> Library:
    """The program that `key` describes, with the functions `names`.

    `make` gives its text, or its text and what `Library.meta` shall be (of JSON's types). It is
    called only where the program is not known already.
    """
    if key not in _LIBRARIES:
        made = make()
        text, meta = (made, None) if isinstance(made, str) else made
        _LIBRARIES[key] = _Target.get().link(text, names, meta)
    return _LIBRARIES[key]


_LIBRARIES: dict[str, Library] = {}


class _Target:
    """LLVM, ready for this processor."""

    def __init__(self) -> None:
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        llvm.set_option("", "-disable-lsr")
        self.llvm = llvm
        self.features = llvm.get_host_cpu_features()
        self.machine = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(),
            features=self.features.flatten(),
            opt=1,
            jit=True,
        )
        self.jit = llvm.create_lljit_compiler(self.machine)
        self._count = 0

    @staticmethod
    @functools.cache
    def get() -> _Target:
        """The one of this process."""
        return _Target()

    def link(self, text: str, names: Sequence[str], meta: Any) -> Library:
        """Compile and load."""
        module = self.llvm.parse_assembly(text)
        module.verify()
        builder = self.llvm.JITLibraryBuilder()
        builder.add_object_img(self.machine.emit_object(module)).add_current_process()
        for name in names:
            builder.export_symbol(name)
        self._count += 1
        tracker = builder.link(self.jit, f"lamina{self._count}")
        return Library(tracker, {name: tracker[name] for name in names}, meta)
