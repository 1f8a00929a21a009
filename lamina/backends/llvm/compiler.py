"""LLVM through llvmlite: from text to object files, from object files to addresses.

Code is generated without passes over the program: its vectors are explicit, so passes would cost
more time than code generation itself and gain nothing.
"""

from __future__ import annotations

import functools
import itertools
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ...core.errors import MissingPackageError, UnimplementedError
from ...core.packages import needed

OLDEST = 0, 45  # LLVM 20: pointers without types, and `splat` for constants
# What code may use on x86: each has a flag that any Linux since 4.18 shows, so that processors with
# equal flags get equal code. "evex512" is LLVM's name for a part of AVX-512F.
_X86_FEATURES = frozenset({
    *("64bit", "cmov", "cx8", "cx16", "fxsr", "mmx", "movbe", "prfchw", "sahf"),
    *("sse", "sse2", "sse3", "ssse3", "sse4.1", "sse4.2", "popcnt", "lzcnt", "bmi", "bmi2"),
    *("avx", "avx2", "f16c", "fma", "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"),
    *("avx512vbmi", "avx512vbmi2", "evex512"),
})  # fmt: skip


@functools.cache
def version(otherwise: str = "choose the interpreter: lamina.config.backend = 'interp'") -> str:
    """Which llvmlite this is, found without loading LLVM.

    Where it cannot be used, UnimplementedError or MissingPackageError, with what to do `otherwise`.
    """
    if sys.maxsize < 2**32 or sys.byteorder != "little":
        raise UnimplementedError(
            f"native code needs a 64-bit little-endian processor; use another, or {otherwise}"
        )
    with needed("native code", "llvmlite", otherwise):
        import llvmlite
        from llvmlite.utils import get_library_name
    number: str = llvmlite.__version__
    if _release(number) < OLDEST:
        raise MissingPackageError(
            f"native code needs llvmlite {'.'.join(map(str, OLDEST))} or later; "
            f"{number} is installed. pip install -U llvmlite, or {otherwise}"
        )
    library = os.path.join(os.path.dirname(llvmlite.__file__), "binding", get_library_name())
    try:
        status = os.stat(library)
    except OSError:
        return number
    return f"{number} {status.st_size} {status.st_mtime_ns}"


def _release(number: str) -> tuple[int, ...]:
    return tuple(int(part) for part in number.split(".")[:2] if part.isdigit())


class Compiler:
    """LLVM, ready for this processor."""

    def __init__(self) -> None:
        version()
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        self._llvm = llvm
        self.triple: str = llvm.get_process_triple()
        self.cpu: str = llvm.get_host_cpu_name()
        self.features = _features(self.triple, llvm.get_host_cpu_features())
        # Where code lies in one piece (elf.py), addresses relative to it reach everything.
        is_whole = self.triple.startswith("x86_64") and "linux" in self.triple
        model = {"reloc": "pic", "codemodel": "small"} if is_whole else {}
        self._machine = llvm.Target.from_triple(self.triple).create_target_machine(
            cpu=self.cpu, features=self.features, opt=1, jit=True, **model
        )
        self._numbers = itertools.count()

    def compile(self, text: str) -> bytes:
        """The object file of a program."""
        with self._module(text) as module, self._without_strength_reduction():
            image: bytes = self._machine.emit_object(module)
        return image

    def object_file(self, text: str, triple: str | None, cpu: str | None) -> bytes:
        """The object file of a program for other programs to link, for a processor.

        Without a triple and a processor, it is for this machine.
        """
        self._llvm.initialize_all_targets()
        self._llvm.initialize_all_asmprinters()
        own = triple is None and cpu is None
        target = self._llvm.Target.from_triple(triple or self.triple)
        machine = target.create_target_machine(
            cpu=self.cpu if own else cpu or "",
            features=self.features if own else "",
            opt=1,
            reloc="pic",
            codemodel="default",
        )
        head = (
            f'target datalayout = "{machine.target_data}"\n'
            f'target triple = "{triple or self.triple}"\n'
        )
        with self._module(head + text) as module, self._without_strength_reduction():
            image: bytes = machine.emit_object(module)
        return image

    def assembly(self, text: str) -> str:
        """The program in the processor's language, to read."""
        with self._module(text) as module, self._without_strength_reduction():
            lines: str = self._machine.emit_assembly(module)
        return lines

    @contextmanager
    def _module(self, text: str) -> Iterator[Any]:
        """The parsed program, in a context of its own: the common one would only ever grow."""
        with (
            self._llvm.create_context() as context,
            self._llvm.parse_assembly(text, context) as module,
        ):
            module.verify()
            yield module

    @contextmanager
    def _without_strength_reduction(self) -> Iterator[None]:
        """Leave out the dearest pass, which explicit addresses do not need.

        The option is the whole process's: it is set back for others who use LLVM.
        """
        self._llvm.set_option("", "-disable-lsr=1")
        try:
            yield
        finally:
            self._llvm.set_option("", "-disable-lsr=0")

    @functools.cached_property
    def _linker(self) -> Any:
        return self._llvm.create_lljit_compiler(self._machine)

    def link(self, image: bytes, names: Sequence[str]) -> tuple[Any, dict[str, int]]:
        """What keeps a loaded object file in memory, and the addresses of `names`."""
        builder = self._llvm.JITLibraryBuilder().add_object_img(image).add_current_process()
        for name in names:
            builder.export_symbol(name)
        library = builder.link(self._linker, f"lamina{next(self._numbers)}")
        return library, {name: library[name] for name in names}


def _features(triple: str, found: Mapping[str, bool]) -> str:
    """What code may use, in LLVM's form."""
    is_x86 = triple.startswith("x86_64")
    usable = {
        name: on and (not is_x86 or name in _X86_FEATURES) for name, on in sorted(found.items())
    }
    return ",".join(f"{'+' if on else '-'}{name}" for name, on in usable.items())


@functools.cache
def get() -> Compiler:
    """The one of this process."""
    return Compiler()
