"""From text to addresses: compiled once, loaded without LLVM, in threads and after a fork."""

from __future__ import annotations

import ctypes
import errno
import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

import lamina
from lamina.backends.llvm import compiler, elf, engine, processor
from lamina.core.config import config
from lamina.core.errors import FailedPreconditionError, InvalidArgumentError, MissingPackageError

# What code may be made of: constants in memory, calls within, calls of the C library.
RICH = """
@odd = private constant [4 x double] [double 1.5, double 2.5, double 3.5, double 4.5], align 64
declare double @cos(double)
declare double @fmod(double, double)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)

define internal double @inner(double %x) noinline {
  %y = call double @cos(double %x)
  %z = fadd double %y, 0.125
  ret double %z
}

define double @rich(i64 %place, double %x) {
  %space = alloca [4096 x i8], align 64
  call void @llvm.memset.p0.i64(ptr %space, i8 0, i64 4096, i1 false)
  %entry = getelementptr double, ptr @odd, i64 %place
  %number = load double, ptr %entry
  %inner = call double @inner(double %x)
  %rest = call double @fmod(double %x, double %number)
  %sum = fadd double %inner, %rest
  %hole = getelementptr double, ptr %space, i64 %place
  %zero = load double, ptr %hole
  %result = fadd double %sum, %zero
  ret double %result
}
"""


def adding(number: int) -> str:
    return f"define i64 @add(i64 %x) {{\n  %y = add i64 %x, {number}\n  ret i64 %y\n}}\n"


def add(library: engine.Library, number: int) -> int:
    function = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(library.address("add"))
    return int(function(number))


def rich(library: engine.Library, place: int, number: float) -> float:
    kinds = ctypes.c_double, ctypes.c_int64, ctypes.c_double
    return float(ctypes.CFUNCTYPE(*kinds)(library.address("rich"))(place, number))


def never() -> str:
    raise AssertionError("compiled a second time")


def run(code: str, **environment: str) -> str:
    """What a Python program prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "object_cache", str(tmp_path / "programs"))
    return tmp_path / "programs"


# Lanes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("sse2 avx2 fma avx512f", 16),
        ("sse2 avx2 fma", 8),
        ("sse2 avx2", 4),
        ("sse2 avx", 4),
        ("neon fullfp16", 4),
    ],
)
def test_lanes_follow_the_processor(monkeypatch, flags, expected):
    found = processor.Processor("some", frozenset(flags.split()))
    monkeypatch.setattr(engine, "processor", lambda: found)
    assert engine.lanes() == expected


def test_lanes_can_be_chosen(monkeypatch):
    for lanes in (4, 8, 16):
        monkeypatch.setattr(config, "lanes", lanes)
        assert engine.lanes() == lanes
    with pytest.raises(InvalidArgumentError, match="one of 0, 4, 8, 16; got 12"):
        config.lanes = 12


@pytest.mark.skipif(not elf.can_place(), reason="x86-64 Linux says what its processor can do")
def test_the_kernel_and_llvm_see_the_same_processor(tmp_path, monkeypatch):
    known, asked = processor.processor(), compiler.get()
    enabled = {name[1:] for name in asked.features.split(",") if name[0] == "+"}
    assert {"avx2", "fma", "avx512f", "avx512vl"} & known.flags == (
        {"avx2", "fma", "avx512f", "avx512vl"} & enabled
    )
    for content in ("", "processor : 0\nflags : sse2\n\n"):
        (tmp_path / "cpuinfo").write_text(content)
        monkeypatch.setattr(processor, "_LINUX", str(tmp_path / "cpuinfo"))
        processor.processor.cache_clear()
        assert asked.features in processor.processor().identity
        assert processor.processor().lanes == known.lanes
    processor.processor.cache_clear()


# Loading -----------------------------------------------------------------------------------------


def test_a_program_is_compiled_once(folder):
    library = engine.load("one", lambda: (adding(1), {"of": ["JSON", 1]}), ["add"])
    assert add(library, 41) == 42
    assert library.meta == {"of": ["JSON", 1]}
    assert engine.load("one", never, ["add"]) is library
    address = library.address("add")
    del library
    gc.collect()
    again = engine.load("one", never, ["add"])
    assert add(again, address) == address + 1
    assert again.meta == {"of": ["JSON", 1]}


def test_meta_is_the_same_before_and_after_it_was_kept():
    made = engine.load("meta", lambda: (adding(1), {"pairs": [(1, 2)], "none": None}), ["add"])
    first = made.meta
    del made
    gc.collect()
    assert engine.load("meta", never, ["add"]).meta == first == {"pairs": [[1, 2]], "none": None}


def test_each_key_has_its_own_program():
    libraries = [engine.load(f"add {n}", lambda n=n: adding(n), ["add"]) for n in range(5)]
    assert [add(library, 10) for library in libraries] == [10, 11, 12, 13, 14]


def test_without_a_cache_everything_is_compiled_again(monkeypatch):
    monkeypatch.setattr(config, "object_cache", "off")
    count = []

    def make() -> str:
        count.append(1)
        return adding(3)

    for _ in range(2):
        assert add(engine.load("uncached", make, ["add"]), 1) == 4
        gc.collect()
    assert len(count) == 2


@pytest.mark.parametrize("change", ["processor", "llvmlite", "sources"])
def test_code_for_other_processors_or_by_other_versions_is_not_loaded(monkeypatch, change):
    engine.load("shared", lambda: adding(1), ["add"])
    gc.collect()
    if change == "processor":
        other = processor.Processor("another", processor.processor().flags)
        monkeypatch.setattr(engine, "processor", lambda: other)
    elif change == "llvmlite":
        monkeypatch.setattr(compiler, "version", lambda: "0.99.0")
    else:
        monkeypatch.setattr(engine, "_sources", lambda: "edited")
    assert add(engine.load("shared", lambda: adding(2), ["add"]), 1) == 3


def test_a_second_process_needs_no_llvm(folder):
    code = f"""
import sys
from lamina.backends.llvm import engine
library = engine.load("kept", lambda: {adding(5)!r}, ["add"])
print("llvmlite.binding" in sys.modules)
"""
    environment = {"LAMINA_OBJECT_CACHE": str(folder)}
    assert run(code, **environment) == "True\n"
    assert run(code, **environment) == f"{not elf.can_place()}\n"


def test_code_may_have_constants_and_call_the_c_library():
    import math

    library = engine.load("rich", lambda: RICH, ["rich"])
    for place, number in enumerate((0.1, 7.25, -9.0, 1e3)):
        expected = math.cos(number) + 0.125 + math.fmod(number, place + 1.5)
        assert rich(library, place, number) == expected


def test_llvm_links_what_this_module_does_not(monkeypatch):
    own = engine.load("rich", lambda: RICH, ["rich"])
    monkeypatch.setattr(elf, "can_place", lambda: False)
    other = engine.load("rich by LLVM", lambda: RICH, ["rich"])
    for place, number in enumerate((0.1, 7.25, -9.0, 1e3)):
        assert rich(own, place, number) == rich(other, place, number)


@pytest.mark.parametrize(
    "text",
    [
        "@count = internal global i64 40\n"
        "define i64 @add(i64 %x) {\n  %old = load i64, ptr @count\n  %new = add i64 %old, %x\n"
        "  store i64 %new, ptr @count\n  ret i64 %new\n}",
        "@empty = internal global i64 0\n"
        "define i64 @add(i64 %x) {\n  store i64 %x, ptr @empty\n"
        "  %y = load volatile i64, ptr @empty\n  %z = add i64 %y, 40\n  ret i64 %z\n}",
        "define internal i64 @forty(i64 %x) {\n  %y = add i64 %x, 40\n  ret i64 %y\n}\n"
        "@table = constant [2 x ptr] [ptr null, ptr @forty]\n"
        "define i64 @add(i64 %x) {\n  %place = getelementptr ptr, ptr @table, i64 1\n"
        "  %f = load volatile ptr, ptr %place\n  %y = call i64 %f(i64 %x)\n  ret i64 %y\n}",
    ],
    ids=["variable", "zeroed", "addresses"],
)
def test_programs_with_memory_of_their_own_run_too(text):
    assert add(engine.load(text, lambda: text, ["add"]), 2) == 42


@pytest.mark.skipif(not elf.can_place(), reason="reads /proc/self/maps")
def test_code_cannot_be_written_to():
    library = engine.load("fixed", lambda: adding(1), ["add"])
    with open("/proc/self/maps", encoding="ascii") as file:
        ranges = [line.split()[:2] for line in file]
    address = library.address("add")
    modes = [
        mode
        for ends, mode in ranges
        if int(ends.split("-")[0], 16) <= address < int(ends.split("-")[1], 16)
    ]
    assert modes == ["r-xp"]


@pytest.mark.skipif(not elf.can_place(), reason="LLVM's linker has its own error")
def test_a_system_that_executes_no_memory_is_named(monkeypatch):
    assert engine.available()

    class Hardened:
        @staticmethod
        def mprotect(start, size, mode):
            ctypes.set_errno(errno.EACCES)
            return -1

    monkeypatch.setattr(ctypes, "CDLL", lambda name, use_errno=False: Hardened)
    assert not engine.available()
    with pytest.raises(FailedPreconditionError, match=r"Permission denied.*interp"):
        engine.load("hardened", lambda: adding(1), ["add"])


def test_other_files_are_refused():
    for content in (b"", b"\x7fELF\x02\x01\x01" + bytes(100), b"MZ" + bytes(100)):
        with pytest.raises(elf.UnsupportedObject):
            elf.place(content, [])


def test_what_the_process_does_not_have_is_an_error():
    text = "declare i64 @nowhere(i64)\n" + adding(1).replace(
        "add i64 %x, 1", "call i64 @nowhere(i64 %x)"
    )
    with pytest.raises(RuntimeError, match="symbols"):
        engine.load("nowhere", lambda: text, ["add"])


def test_an_error_of_the_maker_leaves_the_engine_in_order():
    with pytest.raises(AssertionError):
        engine.load("failing", never, ["add"])
    with pytest.raises(RuntimeError, match="parsing error"):
        engine.load("failing", lambda: "no program", ["add"])
    assert add(engine.load("failing", lambda: adding(1), ["add"]), 1) == 2


# LLVM --------------------------------------------------------------------------------------------


def test_options_for_others_who_use_llvm_are_as_they_were():
    pointers = ", ".join(f"ptr %p{number}" for number in range(4))
    body = "\n".join(
        f"  %q{n} = getelementptr float, ptr %p{n}, i64 %j\n  %v{n} = load float, ptr %q{n}\n"
        f"  %w{n} = fadd float %v{n}, %v{n}\n  store float %w{n}, ptr %q{n}"
        for n in range(4)
    )
    text = (
        f"define void @f({pointers}, i64 %n, i64 %s) {{\nentry:\n  br label %loop\nloop:\n"
        f"  %i = phi i64 [0, %entry], [%k, %loop]\n  %j = mul i64 %i, %s\n{body}\n"
        "  %k = add i64 %i, 1\n  %c = icmp slt i64 %k, %n\n  br i1 %c, label %loop, label %end\n"
        "end:\n  ret void\n}"
    )
    llvm = compiler.get()

    def plain() -> Any:
        return llvm._machine.emit_assembly(llvm._llvm.parse_assembly(text))

    before = plain()
    assert llvm.assembly(text) != before
    assert plain() == before


def test_only_features_that_every_kernel_shows_are_used():
    found = {"sse2": True, "avx2": True, "fma": False, "avx10.2": True, "apxf": True}
    assert compiler._features("x86_64-unknown-linux-gnu", found) == (
        "-apxf,-avx10.2,+avx2,-fma,+sse2"
    )
    assert compiler._features("aarch64-linux", {"neon": True, "sve": False}) == "+neon,-sve"


def test_stages_are_printed_when_asked_for(monkeypatch, capsys):
    monkeypatch.setattr(config, "debug", "ir,assembly,times")
    engine.load("printed", lambda: adding(77), ["add"])
    printed = capsys.readouterr().err
    assert "define i64 @add" in printed
    assert "77" in printed.split("== assembly")[1]
    assert "compile: " in printed


# Where llvmlite is missing -----------------------------------------------------------------------


@pytest.fixture
def forget_version():
    compiler.version.cache_clear()
    yield
    compiler.version.cache_clear()


@pytest.mark.usefixtures("forget_version")
def test_a_missing_llvmlite_is_named_with_the_cure(monkeypatch):
    assert engine.available()
    compiler.version.cache_clear()
    monkeypatch.setitem(sys.modules, "llvmlite", None)
    assert not engine.available()
    with pytest.raises(MissingPackageError, match=r"pip install llvmlite.*interp"):
        engine.load("key", never, [])


@pytest.mark.usefixtures("forget_version")
@pytest.mark.parametrize("number", ["0.44.0", "0.9.1"])
def test_an_old_llvmlite_is_named_with_the_cure(monkeypatch, number):
    import llvmlite

    monkeypatch.setattr(llvmlite, "__version__", number)
    assert not engine.available()
    with pytest.raises(MissingPackageError, match=rf"0\.45 or later; {number} is installed"):
        engine.load("key", never, [])


@pytest.mark.usefixtures("forget_version")
@pytest.mark.parametrize("number", ["0.45.0", "0.46.0b1", "1.0", "0.50.0+local"])
def test_newer_ones_will_do(monkeypatch, number):
    import llvmlite

    monkeypatch.setattr(llvmlite, "__version__", number)
    assert engine.available()


# At once -----------------------------------------------------------------------------------------


def in_threads(count: int, work: Callable[[int], Any]) -> list[Any]:
    results: list[Any] = [None] * count
    start = threading.Barrier(count)

    def body(number: int) -> None:
        start.wait()
        results[number] = work(number)

    threads = [threading.Thread(target=body, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_threads_that_want_one_program_share_it():
    made = []

    def make() -> str:
        made.append(1)
        return adding(9)

    libraries = in_threads(8, lambda number: engine.load("common", make, ["add"]))
    assert len(made) == 1
    assert all(library is libraries[0] for library in libraries)


def test_threads_that_want_different_programs_get_them():
    def work(number: int) -> list[int]:
        keys = [(number + step) % 12 for step in range(12)]
        return [add(engine.load(f"t{n}", lambda n=n: adding(n), ["add"]), -n) for n in keys]

    assert in_threads(6, work) == [[0] * 12] * 6


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_children_can_compile_whatever_the_parent_was_doing(folder):
    """Forks while another thread holds the engine's lock, again and again."""
    code = """
import ctypes, os, threading, warnings
from lamina.backends.llvm import engine
warnings.simplefilter("ignore")
def text(n):
    return f"define i64 @add(i64 %x) {{\\n  %y = add i64 %x, {n}\\n  ret i64 %y\\n}}"
def add(n):
    library = engine.load(f"{os.getpid()} {n}", lambda: text(n), ["add"])
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(library.address("add"))(1)
stop = threading.Event()
def busy():
    n = 0
    while not stop.is_set():
        n += 1
        assert add(n) == n + 1
other = threading.Thread(target=busy)
other.start()
codes = []
for n in range(20):
    child = os.fork()
    if child == 0:
        os._exit(0 if add(n) == n + 1 else 1)
    codes.append(os.waitpid(child, 0)[1])
stop.set()
other.join()
print(codes)
"""
    assert run(code, LAMINA_OBJECT_CACHE=str(folder)) == f"{[0] * 20}\n"


def test_importing_the_package_does_not_load_the_engine():
    code = "import sys, lamina; print('lamina.backends.llvm.engine' in sys.modules)"
    assert run(code) == "False\n", lamina.__name__
