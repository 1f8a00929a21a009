"""Files of the corpus are looked into without harm and called suspicious; mutated ones are told."""

from __future__ import annotations

import importlib
import json
import pkgutil
import random
import time
import tracemalloc
import warnings

import pytest

from lamina.inspection import inspect
from tests import corpus
from tests.fuzz import watching
from tests.fuzz.targets import TARGETS
from tests.unit.inspection import files

_MODULES = [
    importlib.import_module(f"tests.corpus.{m.name}") for m in pkgutil.iter_modules(corpus.__path__)
]
ATTACKS = [attack for module in _MODULES for attack in getattr(module, "ATTACKS", ())]


def write(folder, reader, content):
    """The file that a target's reader would read; a configuration alone gets an archive."""
    if reader in ("json", "objects"):
        return files.write(folder / "config.keras", config=content)
    path = folder / TARGETS[reader].read.file_name
    path.write_bytes(content)
    return path


@pytest.fixture(scope="module", autouse=True)
def watch(tmp_path_factory):
    watching.install()
    for name, target in TARGETS.items():  # what is imported late is imported now
        inspect(write(tmp_path_factory.mktemp("seeds"), name, target.seeds()[0]), statistics=True)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.reader}-{attack.name}")
def test_files_of_the_corpus_are_suspicious_and_do_nothing(attack, tmp_path):
    path = write(tmp_path, attack.reader, attack.make())
    began = time.process_time()
    tracemalloc.start()
    try:
        with watching.Watch():
            found = inspect(path, statistics=True)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.suspicious, found
    assert json.dumps(found.to_json(), allow_nan=False).isascii()
    assert time.process_time() - began < 10
    assert most < 2**27 + 20 * found.size


@pytest.mark.parametrize("target", TARGETS)
def test_mutated_files_are_described_and_do_nothing(target, tmp_path):
    rng = random.Random(5)
    seeds = TARGETS[target].seeds()
    for _ in range(60):
        content = TARGETS[target].mutate(rng.choice(seeds), rng)
        path = write(tmp_path, target, content)
        with warnings.catch_warnings(), watching.Watch():
            warnings.simplefilter("ignore")
            found = inspect(path, statistics=True)
        json.dumps(found.to_json(), allow_nan=False)
