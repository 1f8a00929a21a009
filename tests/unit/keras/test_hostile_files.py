"""Every file of the corpus is refused by name, in little time and memory, and runs nothing."""

from __future__ import annotations

import re
import time
import tracemalloc

import pytest

from tests.corpus import all_attacks
from tests.fuzz import watching
from tests.fuzz.targets import TARGETS

ATTACKS = all_attacks()


@pytest.fixture(scope="module", autouse=True)
def watch():
    watching.install()
    for target in TARGETS.values():
        for seed in target.seeds()[:1]:
            target.read(seed)  # what is imported late is imported now


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.reader}-{attack.name}")
def test_hostile_files_are_refused(attack):
    content = attack.make()
    began = time.monotonic()
    tracemalloc.start()
    try:
        with watching.Watch(), pytest.raises(attack.error) as caught:
            TARGETS[attack.reader].read(content)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert re.search(attack.refused, str(caught.value), re.DOTALL), caught.value
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 2000
    assert time.monotonic() - began < 10
    assert most < 2**26 + 20 * len(content)
