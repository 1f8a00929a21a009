"""Source code in pieces: a script is one piece, a notebook one for each of its cells."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ..core.errors import DataLossError, InvalidArgumentError, MissingFileError


class Piece(NamedTuple):
    """Python code, the name under which tracebacks show it, and what was left out of it."""

    name: str
    text: str
    cell: bool
    skipped: tuple[tuple[int, str], ...] = ()


def read_pieces(path: Path) -> list[Piece]:
    """The code of a script, or of the cells of a notebook (.ipynb).

    Lines of a notebook that are no Python (`%matplotlib inline`, `!pip install …`) become `pass`.
    NotFoundError: no such file; DataLossError: not a notebook of Python.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MissingFileError(f"cannot read {path}: {error.strerror or error}") from None
    if path.suffix != ".ipynb":
        try:
            text = importlib.util.decode_source(content)
        except (SyntaxError, UnicodeDecodeError) as error:
            raise InvalidArgumentError(f"{path} is no text of Python: {error}") from None
        return [Piece(str(path), text, cell=False)]
    return [
        _without_magics(Piece(f"{path} (cell {number})", text, cell=True))
        for number, text in enumerate(_cells(path, content), 1)
    ]


def _cells(path: Path, content: bytes) -> list[str]:
    """The code cells of a notebook, format 3 or 4."""
    try:
        notebook = json.loads(content)
        language = notebook.get("metadata", {}).get("kernelspec", {}).get("language", "python")
        sheets = notebook.get("worksheets") or [notebook]
        cells = [cell for sheet in sheets for cell in sheet["cells"]]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        texts = [cell.get("source", cell.get("input", "")) for cell in code]
        joined = [text if isinstance(text, str) else "".join(text) for text in texts]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataLossError(f"{path} is no Jupyter notebook: {error!r}") from None
    if language != "python":
        raise InvalidArgumentError(f"{path} is a notebook of {language}; expected Python")
    return joined


def _without_magics(piece: Piece) -> Piece:
    """The cell with IPython's own lines replaced, one after the other where parsing stops."""
    lines = piece.text.splitlines()
    skipped: list[tuple[int, str]] = []
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith("%%") and first.split()[0] not in ("%%time", "%%timeit", "%%capture"):
        return piece._replace(text="", skipped=((1, f"{first} and all of its cell"),))
    while True:
        place = _unparsable(lines)
        if place is None or not _is_magic(lines[place]):
            break
        skipped.append((place + 1, lines[place].strip()))
        indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
        more = lines[place].rstrip().endswith("\\")
        lines[place] = f"{indent}pass"
        while more and place + 1 < len(lines):
            place += 1
            more = lines[place].rstrip().endswith("\\")
            lines[place] = ""
    return piece._replace(text="\n".join(lines), skipped=tuple(skipped))


def _unparsable(lines: list[str]) -> int | None:
    """The line at which Python stops reading, None where it reads all."""
    try:
        ast.parse("\n".join(lines))
    except SyntaxError as error:
        return min(max((error.lineno or 1) - 1, 0), len(lines) - 1) if lines else None
    return None


def _is_magic(line: str) -> bool:
    text = line.strip()
    given = re.match(r"[\w., ]+=\s*[%!]", text)  # files = !ls
    return text.startswith(("%", "!", "?")) or text.endswith("?") or given is not None


def note_skipped(pieces: list[Piece], write: Callable[[str], object]) -> None:
    """Say which lines are not run."""
    for piece in pieces:
        for line, text in piece.skipped:
            write(f"{piece.name}, line {line}: left out: {text}")
