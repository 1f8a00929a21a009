"""Text for outputs that cannot show every character: ASCII terminals, files in old encodings."""

from __future__ import annotations

import codecs
import sys

_ALIKE = {"µ": "u", "━": "-", "–": "-", "└": "-", "×": "x", "…": "~"}


def _alike(error: UnicodeError) -> tuple[str, int]:
    """Replace what cannot be encoded by ASCII that looks like it, and else by its escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    escaped = (c.encode("ascii", "backslashreplace").decode() for c in lost)
    return "".join(_ALIKE.get(c) or e for c, e in zip(lost, escaped, strict=True)), error.end


ALIKE = "lamina.alike"
"""What `errors=` of a text stream may be: a character that it cannot show is no error."""

codecs.register_error(ALIKE, _alike)


def encodable(text: str, encoding: str | None) -> str:
    """`text` as an output of `encoding` shows it; None is one that takes everything."""
    return text.encode(encoding, ALIKE).decode(encoding) if encoding else text


def is_terminal() -> bool:
    """Whether standard output is one; scripts put objects there that can be written to only."""
    return bool(getattr(sys.stdout, "isatty", bool)())


def write_line(text: str) -> None:
    """`text` and an end of line on standard output, if there is one (pythonw.exe has none)."""
    if sys.stdout is None:
        return
    sys.stdout.write(encodable(f"{text}\n", getattr(sys.stdout, "encoding", None)))
    sys.stdout.flush()
