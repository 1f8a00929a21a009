"""Every file of the corpus is refused by name, in little time and memory, and runs nothing."""

from __future__ import annotations

import contextlib
import os
import pickle
import random
import re
import socket
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest

import lamina as tf
from lamina.inspection import inspect
from lamina.keras.saving import folder
from lamina.tabular.archive import has_encoder, read_encoder
from tests.corpus import all_attacks
from tests.fuzz import watching
from tests.fuzz.targets import TARGETS, is_refused

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


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.filterwarnings("ignore")
def test_changed_files_are_read_or_refused(target):
    """A short replay of the fuzzer, always with the same changes."""
    rng = random.Random(7)
    seeds = TARGETS[target].seeds()
    refused = 0
    for _ in range(80):
        content = TARGETS[target].mutate(rng.choice(seeds), rng)
        with watching.Watch():
            refused += is_refused(target, content)
    assert refused  # changes do reach the reader


@pytest.mark.parametrize("target", TARGETS)
def test_empty_files_are_refused(target):
    assert is_refused(target, b"")


@pytest.mark.parametrize(
    "act",
    [
        lambda: os.system("true"),
        lambda: pickle.loads(pickle.dumps(print)),
        lambda: Path(os.sep, "etc", "hostname").read_text(),
        lambda: Path("written").write_text(""),
        lambda: socket.getaddrinfo("localhost", 80),
        lambda: subprocess.Popen(["true"]),
    ],
)
def test_the_watch_sees_what_files_must_not_do(act, tmp_path, monkeypatch):
    monkeypatch.chdir(os.path.dirname(os.path.abspath(__file__)))
    with pytest.raises(watching.ForbiddenError), watching.Watch():
        act()


def test_old_checkpoints_are_removed_in_their_folder_only(tmp_path):
    precious = tmp_path / "precious.npz"
    precious.write_bytes(b"x")
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "inside").symlink_to(tmp_path)
    names = ["../precious", str(tmp_path / "precious"), "..\\precious", "inside/precious", "a\0"]
    lines = [f'all_model_checkpoint_paths: "{name}"\n' for name in names]
    text = 'model_checkpoint_path: "../precious"\n' + "".join(lines)
    (folder / "checkpoint").write_text(text + "all_model_checkpoint_timestamps: 1e5.5\n")
    assert tf.train.latest_checkpoint(folder) is None
    manager = tf.train.CheckpointManager(tf.train.Checkpoint(x=tf.Variable(1.0)), folder, 1)
    for _ in range(3):
        manager.save()
    assert precious.exists()
    assert len(list(folder.glob("*.npz"))) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
@pytest.mark.parametrize(
    "read",
    [
        tf.keras.models.load_model,
        read_encoder,
        has_encoder,
        inspect,
        lambda path: tf.train.latest_checkpoint(os.path.dirname(path), os.path.basename(path)),
    ],
    ids=["load_model", "read_encoder", "has_encoder", "inspect", "latest_checkpoint"],
)
def test_pipes_are_not_waited_for(tmp_path, read):
    path = str(tmp_path / "a.keras")
    os.mkfifo(path)
    with contextlib.suppress(tf.errors.InvalidArgumentError):
        assert not read(path)


def test_a_folder_of_files_larger_than_the_memory_is_refused(tmp_path, monkeypatch):
    def opened(path):
        raise MemoryError

    model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
    model.save(tmp_path / "model", zipped=False)
    monkeypatch.setattr(folder, "opened", opened)
    with pytest.raises(tf.errors.DataLossError, match=r"config\.json is larger than the memory"):
        tf.keras.models.load_model(tmp_path / "model")


_LIMITED = """
import resource, sys, warnings
from tests.corpus import all_attacks
from tests.fuzz.targets import TARGETS, is_refused
warnings.simplefilter("ignore")
TARGETS["weights"].read(TARGETS["weights"].seeds()[0])
attacks = [(a, a.make()) for a in all_attacks() if a.reader == "weights"]
pages = int(open("/proc/self/statm").read().split()[0])
most = pages * resource.getpagesize() + 2**28
resource.setrlimit(resource.RLIMIT_AS, (most, most))
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
print(sum(is_refused(attack.reader, content) for attack, content in attacks), len(attacks))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_hostile_weights_take_little_memory_outside_of_python_too(checkout):
    """libhdf5 allocates where Python's own count does not see it."""
    found = subprocess.run(
        [sys.executable, "-c", _LIMITED], cwd=checkout, capture_output=True, text=True, check=False
    )
    refused, attacks = found.stdout.split() or ("nothing", found.stderr)
    assert refused == attacks
