"""What the documents show is run: every Python block, and every `lamina` command, in order."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

from lamina.core.config import KNOBS
from lamina.datasets import credit

CHECKOUT = Path(__file__).resolve().parents[2]
DOCUMENTS = ("README.md", *sorted(f"docs/{path.name}" for path in CHECKOUT.glob("docs/*.md")))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELLS = ("bash", "sh", "console")


class Block(NamedTuple):
    """A fenced block of a document and the line on which its content starts."""

    language: str
    text: str
    line: int


def blocks(document: str) -> list[Block]:
    text = (CHECKOUT / document).read_text("utf-8")
    return [
        Block(match[1], match[2], text.count("\n", 0, match.start(2)))
        for match in FENCE.finditer(text)
    ]


def commands(document: str) -> list[list[str]]:
    """The `lamina …` commands of a document's shell blocks, joined lines as one."""
    shell = "\n".join(block.text for block in blocks(document) if block.language in SHELLS)
    parts = re.split(r"\n|&&", shell.replace("\\\n", " "))
    words = [shlex.split(part, comments=True) for part in parts]
    return [each for each in words if each and each[0] == "lamina"]


def with_blocks(language: str) -> list[str]:
    return [name for name in DOCUMENTS if any(b.language == language for b in blocks(name))]


def write_clients(path: Path) -> None:
    """The table that the documents call clients.csv: the sample, the target its last column."""
    columns = credit().columns()
    rows = zip(*columns.values())
    lines = [",".join(columns), *(",".join(f"{value:g}" for value in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def test_all_settings_are_described():
    text = (CHECKOUT / "docs/configuration.md").read_text("utf-8")
    for knob in KNOBS.values():
        default = f"`{knob.default!r}`" if knob.default != "" else "empty"
        row = f"| `{knob.name}` | `{knob.environment}` | {default} | {knob.explanation} |"
        assert row in text


def test_the_readme_names_all_extras():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    text = (CHECKOUT / "README.md").read_text("utf-8")
    missing = {extra for extra in project["optional-dependencies"] if f"`{extra}`" not in text}
    assert missing == {"bench", "dev", "plot"}  # the last two are in commands


@pytest.mark.parametrize("document", with_blocks("python"))
def test_python_blocks_run(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {}
    for block in blocks(document):
        if block.language != "python":
            continue
        if block.text.startswith(("import ", "from ")):  # an example that stands on its own
            namespace = {"__name__": "__main__"}
        source = "\n" * block.line + block.text  # a traceback names the document's own line
        exec(compile(source, str(CHECKOUT / document), "exec"), namespace)


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if commands(name)])
def test_lamina_commands_run(document, tmp_path):
    write_clients(tmp_path / "clients.csv")
    (tmp_path / "train.py").write_text("import tensorflow as tf\nprint(tf.constant(1))\n")
    for command in commands(document):
        result = subprocess.run(
            [sys.executable, "-m", "lamina.cli", *command[1:]],
            check=False,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,
        )
        assert result.returncode == 0, f"{shlex.join(command)}\n{result.stdout}{result.stderr}"


def test_the_readme_shows_both_levels_and_the_main_job():
    assert sum(block.language == "python" for block in blocks("README.md")) >= 2
    assert ["lamina", "train", "credit"] in commands("README.md")


def test_local_links_lead_somewhere():
    links = [
        (CHECKOUT / document, target)
        for document in (*DOCUMENTS, "CHANGELOG.md")
        for target in re.findall(r"\]\(([^)#\s]+)", (CHECKOUT / document).read_text("utf-8"))
        if "://" not in target
    ]
    broken = [f"{path.name}: {link}" for path, link in links if not (path.parent / link).exists()]
    assert not broken, "\n".join(broken)
