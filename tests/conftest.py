"""What every test shares: oracle settings, a cache of its own, data beside the checkout."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

import pytest

# Before anything imports Keras, JAX, matplotlib or lamina: each reads its settings once.
os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["MPLBACKEND"] = "agg"
_CACHE = tempfile.TemporaryDirectory(prefix="lamina-test-cache-", ignore_cleanup_errors=True)
os.environ["LAMINA_CACHE"] = _CACHE.name

from hypothesis import settings  # noqa: E402 (reads no setting, but belongs after those above)

CHECKOUT = Path(__file__).resolve().parent.parent
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a shell's background job
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("lamina", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("lamina")


def pytest_unconfigure() -> None:
    _CACHE.cleanup()


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the project's working tree."""
    return CHECKOUT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of material that is not part of the project; its tests are skipped without it."""
    folder = CHECKOUT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"needs {folder}, which is not part of the project")
    return folder


@pytest.fixture(scope="session")
def full_credit(shared: Path) -> Path:
    """The file of all 30,000 credit-card clients."""
    return shared / "data" / "credit_default.csv.gz"
