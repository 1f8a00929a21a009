"""A mirror of the code's size, not a gate: `python tests/tools/sizes.py`.

A code line has a token on it that is neither comment nor docstring.
"""

from __future__ import annotations

import ast
import io
import statistics
import tokenize
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
LONG_FILE, LONG_FUNCTION = 500, 50
SILENT = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE),
    *(tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER),
}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def code_lines(source: str, tree: ast.AST) -> set[int]:
    documented: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            documented.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in SILENT:
            lines.update(range(token.start[0], token.end[0] + 1))
    return lines - documented


def measure(folder: str) -> tuple[dict[str, int], dict[str, int]]:
    """Code lines of every file and of every function under `folder`."""
    files, functions = {}, {}
    for path in sorted((CHECKOUT / folder).rglob("*.py")):
        source, name = path.read_text("utf-8"), path.relative_to(CHECKOUT).as_posix()
        tree = ast.parse(source)
        lines = code_lines(source, tree)
        files[name] = len(lines)
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                span = range(node.lineno, node.end_lineno + 1)
                functions[f"{name}:{node.lineno} {node.name}"] = len(lines.intersection(span))
    return files, functions


def main() -> None:
    for folder in ("lamina", "tests"):
        files, functions = measure(folder)
        print(
            f"{folder}: {sum(files.values())} code lines in {len(files)} files "
            f"(median {statistics.median(files.values()):.0f}), {len(functions)} functions"
        )
        for sizes, limit in ((files, LONG_FILE), (functions, LONG_FUNCTION)):
            for name, size in sorted(sizes.items(), key=lambda item: -item[1])[:5]:
                if size > limit:
                    print(f"  over {limit}: {name} {size}")


if __name__ == "__main__":
    main()
