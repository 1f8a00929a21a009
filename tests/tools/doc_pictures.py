"""The pictures of docs/pictures.md, made by the code above them.

    python -m tests.tools.doc_pictures

Each is the axes that the Python block before it calls `ax`.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "pictures.md"
PIECE = re.compile(r"^```python\n(.*?)^```$|^!\[[^]]*\]\(([^)]+)\)$", re.MULTILINE | re.DOTALL)
RESOLUTION = 100  # dots an inch


def main() -> None:
    names: dict[str, object] = {}
    os.chdir(tempfile.mkdtemp())
    for block, picture in PIECE.findall(PAGE.read_text("utf-8")):
        if block:
            exec(compile(block, str(PAGE), "exec"), names)
            continue
        figure = names["ax"].figure  # type: ignore[attr-defined]
        path = PAGE.parent / picture
        path.parent.mkdir(exist_ok=True)
        figure.savefig(path, dpi=RESOLUTION, facecolor=figure.get_facecolor())
        print(path.name)


if __name__ == "__main__":
    main()
