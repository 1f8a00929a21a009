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

OTHER_MODEL = {"configuration and weights differ", "weights without a layer"}
# What only making the objects shows: their kinds, patterns, and products of moderate numbers.
ONLY_LOADING = {
    *("object_of_another_kind", "absurd_number_of_unknown_tokens", "absurd_confusion"),
    *("absurd_number_of_thresholds", "absurd_number_of_steps_to_a_recall", "power_without_end"),
    *("identity_of_terabytes", "pattern_without_end", "pattern_of_dtypes", "pattern_of_layers"),
    "absurd_number_of_classes",
    *("differences_without_end", "parts_without_end", "product_over_all_axes"),
    *("line_of_gigabytes", "diagonal_of_gigabytes", "columns_without_end"),
}


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
    assert _has_reason(found) == (attack.make.__name__ not in ONLY_LOADING), found
    assert json.dumps(found.to_json(), allow_nan=False).isascii()
    assert time.process_time() - began < 10
    assert most < 2**27 + 20 * found.size


def _has_reason(found):
    """Whether more is wrong than that a configuration stands beside weights of another model."""
    return bool(found.stopped) or any(
        item.what not in OTHER_MODEL and item.severity != "note" for item in found.findings
    )


@pytest.mark.parametrize("target", TARGETS)
def test_sound_files_are_not_suspicious(target, tmp_path):
    for seed in TARGETS[target].seeds():
        found = inspect(write(tmp_path, target, seed), statistics=True)
        assert not _has_reason(found), found


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
