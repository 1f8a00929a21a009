"""Imports go downward only, none is hidden, and heavy packages stay in the rooms that own them."""

from __future__ import annotations

import ast
import graphlib
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = "lamina"
FOLDER = Path(__file__).resolve().parents[2] / PACKAGE

# A room imports itself and rooms before it.
ROOMS = (
    *(
        "core",
        "ir",
        "prims",
        "passes",
        "backends",
        "tensor",
        "ops",
        "data",
        "keras",
        "train",
        "export",
        "tabular",
        "sklearn",
        "inspection",
    ),
    *("datasets", "functions", "plot", "scripts", "tour", "play", "cli", "__main__"),
)
# Third-party packages besides NumPy: which folders may import them, inside functions only.
OWNERS = {
    "h5py": ("inspection", "keras/saving"),
    "llvmlite": ("backends/llvm",),
    "matplotlib": ("plot",),
    "PIL": ("plot",),
    "markdown_it": ("tour",),
    "pygments": ("tour",),
    "narwhals": ("data", "tabular"),
    "google": ("core/events", "inspection"),
    "onnx": ("export/onnx", "inspection"),
    "pyarrow": ("data",),
    "pydot": ("plot",),
    "rich": ("cli", "keras", "tour"),
    "safetensors": ("keras/saving",),
    "sklearn": ("keras/wrappers", "sklearn"),
    "tensorboard": ("core/events", "core/protos"),
    "typer": ("cli",),
    "websockets": ("play",),
}
# Those that come with another, or that nothing but a single function asks for.
COMPANIONS = {"PIL", "google", "markdown_it", "pydot", "pygments"}
# Rooms that are imported only when somebody asks for them; they need their packages at once.
ASKED_FOR = {"cli", "sklearn"}
# Parts of the standard library that cost more than the moment in which they are needed.
LATE = {
    *("base64", "concurrent.futures", "csv", "difflib", "html", "http.client", "inspect", "json"),
    *("linecache", "logging", "multiprocessing", "queue", "shutil", "tempfile", "textwrap"),
    *("socket", "tarfile", "threading", "traceback"),
    *("urllib.parse", "urllib.request", "webbrowser", "xml.etree.ElementTree", "zipfile", "zlib"),
}


class Import(NamedTuple):
    """One import statement: who imports what, and where it stands."""

    importer: str  # "lamina.keras.losses"
    target: str  # "lamina.ops.math" or "numpy"
    line: int
    hidden: bool  # inside a function
    typing: bool  # under `if TYPE_CHECKING`

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.target}"


def _module_name(path: Path) -> str:
    parts = path.relative_to(FOLDER.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PATHS = {_module_name(path): path for path in sorted(FOLDER.rglob("*.py"))}


def _targets(node: ast.Import | ast.ImportFrom, importer: str) -> Iterator[str]:
    """Full names of what a statement imports; a submodule where the name is one."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    package = importer if PATHS[importer].name == "__init__.py" else importer.rpartition(".")[0]
    base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
    for alias in node.names:
        submodule = f"{base}.{alias.name}"
        yield submodule if submodule in PATHS else base


def _imports(importer: str) -> Iterator[Import]:
    def visit(node: ast.AST, hidden: bool, typing: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.Import, ast.ImportFrom)):
                for target in _targets(child, importer):
                    yield Import(importer, target, child.lineno, hidden, typing)
            inside = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            checking = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            yield from visit(child, hidden or inside, typing or checking)

    yield from visit(ast.parse(PATHS[importer].read_text("utf-8")), False, False)


IMPORTS = [found for importer in PATHS for found in _imports(importer)]
INTERNAL = [found for found in IMPORTS if found.target.split(".")[0] == PACKAGE]
EXTERNAL = [found for found in IMPORTS if found.target.split(".")[0] != PACKAGE]


def _room(module: str) -> str | None:
    """The room of a module, None for the package itself."""
    return (*module.split("."), None)[1]


def _folder(module: str) -> str:
    return "/".join(module.split(".")[1:]) + "/"


def test_every_module_stands_in_a_room():
    rooms = {_room(module) for module in PATHS} - {None}
    assert rooms <= set(ROOMS), f"unknown rooms: {sorted(rooms - set(ROOMS))}"


def test_imports_go_downward_only():
    upward = [
        str(found)
        for found in INTERNAL
        if (room := _room(found.importer))
        and ((target := _room(found.target)) is None or ROOMS.index(target) > ROOMS.index(room))
    ]
    assert not upward, "\n".join(upward)


def test_no_module_imports_itself_by_a_detour():
    depends: dict[str, set[str]] = {module: set() for module in PATHS}
    for found in INTERNAL:
        if not found.typing and found.target != found.importer:
            depends[found.importer].add(found.target)
    try:
        graphlib.TopologicalSorter(depends).prepare()
    except graphlib.CycleError as error:
        pytest.fail("import cycle: " + " <- ".join(error.args[1]))


def test_no_import_of_the_package_hides_in_a_function():
    hidden = [str(found) for found in INTERNAL if found.hidden]
    assert not hidden, "\n".join(hidden)


def test_heavy_packages_stay_in_their_rooms_and_are_imported_when_needed():
    wrong = []
    for found in EXTERNAL:
        top = found.target.split(".")[0]
        if top == "numpy" or top in sys.stdlib_module_names:
            continue
        owners = OWNERS.get(top, ())
        if not any(_folder(found.importer).startswith(f"{owner}/") for owner in owners):
            wrong.append(f"{found}, which belongs to {', '.join(owners) or 'no room'}")
        elif not found.hidden and not found.typing and _room(found.importer) not in ASKED_FOR:
            wrong.append(f"{found} outside a function")
    assert not wrong, "\n".join(wrong)


def test_the_page_of_dependencies_names_the_same_folders():
    page = (FOLDER.parent / "docs" / "dependencies.md").read_text("utf-8")
    names = {"numpy": None, "scikit-learn": "sklearn"}
    told = {}
    for row in page.partition("## For development")[0].splitlines():
        if row.startswith("| ") and not row.startswith("| package"):
            package, where, *_ = (cell.strip() for cell in row.strip("|").split("|"))
            name = package.split()[0]
            told[names.get(name, name)] = set(re.findall("`([^`]+)`", where))
    told.pop(None)
    owners = {name: set(folders) for name, folders in OWNERS.items() if name not in COMPANIONS}
    assert told == owners


def test_only_costly_parts_of_the_standard_library_are_imported_late():
    hidden = [
        str(found)
        for found in EXTERNAL
        if found.hidden
        and found.target.split(".")[0] in sys.stdlib_module_names
        and found.target not in LATE
    ]
    assert not hidden, "\n".join(hidden)


def test_importing_the_package_loads_nothing_heavy():
    heavy = {*OWNERS, "keras", "jax", "pandas", "polars", "pyarrow", "scipy", "sklearn"}
    code = f"import sys, {PACKAGE}; print(*sorted({heavy!r} & set(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=FOLDER.parent
    )
    assert result.stdout.split() == []
