"""The machine's peak, measured: fused multiply-adds, and bytes read and written, per second."""

from __future__ import annotations

import ctypes
import functools
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.floor import Peak
from lamina.backends.llvm import engine

SIZES = 2**18, 2**23, 2**28  # bytes: in a core's own cache, in the shared one, in memory
SECONDS = 0.03  # of one measurement
CHAINS = 12  # independent multiply-adds: more than latency x units, no more than 16 registers hold
UNROLL = 4
REPEATS = 5

Kernel = Callable[[int], Any]  # the number of rounds


def measure(threads: int) -> Peak:
    """The best of several measurements on `threads` threads at once."""
    width = engine.lanes()
    library = _library(width)
    fused = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(library.address("fused"))
    update = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(
        library.address("update")
    )
    operands = [_vectors(2 * width) for _ in range(threads)]
    kernels: list[Kernel] = [functools.partial(fused, values.ctypes.data) for values in operands]
    flops = 2 * CHAINS * width * _rounds_per_second(kernels)
    bandwidth = []
    for size in SIZES:
        count = size // threads // (4 * width * UNROLL) * UNROLL
        buffers = [_vectors(count * width) for _ in range(threads)]
        kernels = [functools.partial(update, data.ctypes.data, count) for data in buffers]
        bandwidth.append((float(size), 8 * count * width * _rounds_per_second(kernels)))
    return Peak(flops, bandwidth)


def _vectors(count: int) -> np.ndarray:
    """`count` zeros that begin where a line of the cache does."""
    space = np.zeros(count + 16, "float32")
    return space[-(space.ctypes.data // 4) % 16 :][:count]


def _rounds_per_second(kernels: list[Kernel]) -> float:
    """The sum over `kernels`, which run at once, each in a thread of its own."""
    rounds = 1
    while (seconds := _seconds(kernels[:1], rounds)[0]) < SECONDS:
        rounds = max(2 * rounds, round(1.1 * rounds * SECONDS / max(seconds, 1e-6)))
    return max(
        sum(rounds / seconds for seconds in _seconds(kernels, rounds)) for _ in range(REPEATS)
    )


def _seconds(kernels: list[Kernel], rounds: int) -> list[float]:
    """How long each of `kernels` takes when they start together."""
    gate = threading.Barrier(len(kernels))
    found = [0.0] * len(kernels)

    def work(number: int) -> None:
        gate.wait()
        start = time.perf_counter()
        kernels[number](rounds)
        found[number] = time.perf_counter() - start

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(kernels))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _library(width: int) -> engine.Library:
    text = "\n".join([_fused(width), _update(width), f"declare {_fma(width)}"])
    return engine.load(text, lambda: text, ["fused", "update"])


def _fma(width: int, *operands: str) -> str:
    vector = f"<{width} x float>"
    arguments = ", ".join(f"{vector} {operand}".strip() for operand in operands or ("",) * 3)
    return f"{vector} @llvm.fma.v{width}f32({arguments})"


def _fused(width: int) -> str:
    """CHAINS sums, each x = x * a + b, as often as is asked for; a and b lie at the address."""
    vector = f"<{width} x float>"
    values = [f"%x{n} = phi {vector} [ %b, %entry ], [ %y{n}, %loop ]\n" for n in range(CHAINS)]
    sums = [f"%y{n} = call {_fma(width, f'%x{n}', '%a', '%b')}\n" for n in range(CHAINS)]
    totals = [
        f"%t{n} = fadd {vector} {f'%t{n - 1}' if n > 1 else '%y0'}, %y{n}\n"
        for n in range(1, CHAINS)
    ]
    return f"""
define void @fused(ptr %operands, i64 %rounds) {{
entry:
%a = load {vector}, ptr %operands
%second = getelementptr {vector}, ptr %operands, i64 1
%b = load {vector}, ptr %second
br label %loop
loop:
%round = phi i64 [ 0, %entry ], [ %next, %loop ]
{"".join(values)}{"".join(sums)}%next = add i64 %round, 1
%more = icmp ult i64 %next, %rounds
br i1 %more, label %loop, label %done
done:
{"".join(totals)}store {vector} %t{CHAINS - 1}, ptr %second
ret void
}}"""


def _update(width: int) -> str:
    """x = x * x + x of every vector, from the first to the last, as often as is asked for."""
    vector = f"<{width} x float>"
    steps = [
        f"""%p{n} = getelementptr {vector}, ptr %here, i64 {n}
%x{n} = load {vector}, ptr %p{n}
%y{n} = call {_fma(width, f"%x{n}", f"%x{n}", f"%x{n}")}
store {vector} %y{n}, ptr %p{n}
"""
        for n in range(UNROLL)
    ]
    return f"""
define void @update(ptr %data, i64 %count, i64 %rounds) {{
entry:
br label %round
round:
%r = phi i64 [ 0, %entry ], [ %r.next, %round.end ]
br label %loop
loop:
%i = phi i64 [ 0, %round ], [ %i.next, %loop ]
%here = getelementptr {vector}, ptr %data, i64 %i
{"".join(steps)}%i.next = add i64 %i, {UNROLL}
%more = icmp ult i64 %i.next, %count
br i1 %more, label %loop, label %round.end
round.end:
%r.next = add i64 %r, 1
%again = icmp ult i64 %r.next, %rounds
br i1 %again, label %round, label %done
done:
ret void
}}"""
