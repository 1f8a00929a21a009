"""A virtual environment for each peer, below the user's cache folder; made once, used again.

    python -m bench.environments [peer ...]

A peer that is installed elsewhere is named by LAMINA_BENCH_<PEER>=PYTHON (LAMINA_BENCH_TORCH).
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

from lamina.core.files import cache_folder

# What pip installs. PyTorch's release is fixed, for another may come with gigabytes of CUDA.
PACKAGES: dict[str, tuple[str, ...]] = {
    "jax": ("jax", "optax"),
    "torch": ("torch==2.13.0", "numpy", "setuptools"),
    "keras-tensorflow": (
        "keras",
        "tensorflow-cpu; sys_platform == 'linux'",
        "tensorflow; sys_platform != 'linux'",
    ),
    "keras-jax": ("keras", "jax"),
    "sklearn": ("scikit-learn",),
    "onnxruntime": ("onnxruntime", "onnx"),
}
PEERS = ("lamina", *PACKAGES)
_FINISHED = "complete"  # this file is written last, so half an environment is made anew


def interpreter(peer: str) -> str | None:
    """The Python that has `peer`; for lamina the one that runs this. None where it is missing."""
    if peer == "lamina":
        return sys.executable
    named = os.environ.get("LAMINA_BENCH_" + peer.upper().replace("-", "_"))
    if named:
        return named
    return str(_python(peer)) if (_folder(peer) / _FINISHED).exists() else None


def install(peer: str) -> str:
    """The Python that has `peer`, in an environment that is made where there is none."""
    found = interpreter(peer)
    if found is not None:
        return found
    print(f"installing {peer} in {_folder(peer)}", flush=True)
    venv.create(_folder(peer), with_pip=True, clear=True)
    command = [str(_python(peer)), "-m", "pip", "install", "--quiet", *PACKAGES[peer]]
    subprocess.run(command, check=True)
    (_folder(peer) / _FINISHED).touch()
    return str(_python(peer))


def _folder(peer: str) -> Path:
    return cache_folder() / "bench" / peer


def _python(peer: str) -> Path:
    return _folder(peer) / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def main(*peers: str) -> None:
    """Make the environments of `peers`, of all without any."""
    for peer in peers or PACKAGES:
        print(f"{peer:18}{install(peer)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
