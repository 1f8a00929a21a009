"""What `lamina train` is given: the name of embedded data, or a file."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ..core.errors import InvalidArgumentError, MissingFileError, nearest
from ..data import table_files
from ..datasets import credit
from ..tabular import Table, as_table, table_of

EMBEDDED = ("credit",)


class Source(NamedTuple):
    """A table to train on, with what to call it and what its makers want said."""

    name: str
    table: Table
    target: str
    title: str
    activation: str
    attribution: str = ""


def find_source(data: str, target: str | None, full: bool) -> Source:
    """The embedded data called `data`, else the table in the file (or files) of that name."""
    if data == "credit":
        return _credit(target, full)
    if full:
        raise InvalidArgumentError("--full goes with embedded data: lamina train credit --full.")
    path = Path(data)
    if not path.exists() and not path.suffix:
        near = nearest(data, EMBEDDED)
        raise MissingFileError(
            f"There is no file {data!r}, nor embedded data of that name.{near} "
            f"Embedded is: {', '.join(EMBEDDED)}."
        )
    table = table_of(data)
    if target is None:
        shown = ", ".join(table.names[:12]) + (", …" if len(table.names) > 12 else "")
        raise InvalidArgumentError(
            f"Name the column to predict: --target COLUMN. {path.name} has: {shown}."
        )
    return Source(_name(path), table, target, f"{target}, from {path.name}", "relu")


def _name(path: Path) -> str:
    """What results are called: as the file, or as the folder of several with an addition."""
    if path.is_dir() or table_files.is_pattern(path.name):
        folder = path if path.is_dir() else path.parent
        return f"{folder.resolve().name}-network"
    name = path.name
    for suffix in (".gz", ".txt", *table_files.ENDINGS):
        name = name.removesuffix(suffix)
    return name


def _credit(target: str | None, full: bool) -> Source:
    examples = credit(full=full)
    return Source(
        name="credit",
        table=as_table(examples.columns(), source="credit"),
        target=target or examples.target_name,
        title="Credit-card clients: who will not pay?",
        activation="relu,sigmoid",
        attribution=examples.description,
    )
