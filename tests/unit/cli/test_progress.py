"""The progress of a run: one live line on a terminal, a line now and then in a file."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from lamina.cli.progress import ProgressCallback


def watch(losses, *, terminal, width=80):
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=width, highlight=False)
    with ProgressCallback(console, 200) as progress:
        for epoch, loss in enumerate(losses):
            progress.on_epoch_end(epoch, {"loss": loss / 2, "val_loss": loss})
    return file.getvalue()


def test_a_file_gets_every_tenth_epoch_and_the_last():
    text = watch([3.0, 2.0] + [2.5] * 21, terminal=False)
    assert text.splitlines() == [
        "epoch 10 of 200: loss 1.25, validation 2.5, best 2 in epoch 2",
        "epoch 20 of 200: loss 1.25, validation 2.5, best 2 in epoch 2",
        "epoch 23 of 200: loss 1.25, validation 2.5, best 2 in epoch 2",
    ]


def test_the_last_epoch_is_not_said_twice():
    assert watch([1.0] * 10, terminal=False).count("\n") == 1
    assert watch([], terminal=False) == ""


@pytest.mark.parametrize(("width", "best"), [(48, False), (60, False), (80, True), (120, True)])
def test_a_terminal_gets_one_line_that_fits(width, best):
    text = watch([123456.7, 0.00012345], terminal=True, width=width)
    last = [line for line in text.replace("\r", "\n").splitlines() if "Epoch 2/200" in line][-1]
    assert "validation 0.0001234" in last or "validation 0.0001235" in last
    assert ("best 0.000123" in last) == best
    assert "━" * 7 in re.sub(r"\x1b\[[\d;]*m", "", last).replace("╺", "━")
    assert "…" not in last
