"""The API page: every public name of Keras and TensorFlow, and what lamina makes of it.

    python -m tests.tools.api_page          # writes docs/api.md
    python -m tests.tools.api_page --check  # says what is wrong with it, and fails

Keras's names are read from the package, TensorFlow's from `tests/api/tensorflow-2.21.tsv` (name,
kind, arguments). What differs, beyond missing arguments, is told in `tests/api/differs.tsv`; why
something is left out, by `lamina/core/outside.py`, or by the error that lamina raises.
"""

from __future__ import annotations

import inspect
import os
import sys
import types
from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras

import lamina
from lamina.core.outside import RULES, outside

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "api.md"
DATA = ROOT / "tests" / "api"
TENSORFLOW = DATA / "tensorflow-2.21.tsv"
DIFFERS = DATA / "differs.tsv"

# Arguments that say nothing about what is computed, or concern many machines.
_NEVER = {"name", "self", "layout", "experimental_mesh", "support_partition", "validate_args"}
_NEVER |= {"handle_data", "type_enum", "type_value", "variant_tensor", "parallel_iterations"}
_NEVER |= {"back_prop", "swap_memory", "a_is_sparse", "b_is_sparse"}
_GENERIC = ("has no", "has no setting", "no attribute")

HEAD = """\
# What is there of Keras and TensorFlow

Every public name of Keras {keras} and TensorFlow {tensorflow}, made by
`python -m tests.tools.api_page` from the packages themselves: there, there but different, or
outside of what lamina is for.

`tf.keras` is Keras; so are `tf.initializers`, `tf.losses`, `tf.metrics` and `tf.optimizers`. Of
`tf.compat.v1` there is what programs of TensorFlow 2 still call (see `lamina/scripts/compat.py`),
of `tf.raw_ops` nothing. "without x" stands for an argument that lamina does not take. Asking for a
name that is outside raises an error with the reason.

"""


class Name(NamedTuple):
    """A public name, and the arguments of what it stands for (None where they are not known)."""

    name: str
    arguments: tuple[str, ...] | None


class Verdict(NamedTuple):
    """What lamina makes of a name: "there", "differs", "outside" or "missing", and the words."""

    kind: str
    text: str = ""


# The names ----------------------------------------------------------------------------------------


def keras_names() -> list[Name]:
    """Every public name of the installed Keras."""
    return sorted(set(_walk(keras, "keras")))


def _walk(module: Any, path: str) -> Iterator[Name]:
    for name in dir(module):
        found = getattr(module, name)
        full = f"{path}.{name}"
        if name.startswith("_"):
            continue
        if not isinstance(found, types.ModuleType):
            yield Name(full, _arguments(found))
        elif found.__name__.startswith("keras") and ".src" not in found.__name__:
            yield Name(full, None)
            yield from _walk(found, full)


def tensorflow_names() -> list[Name]:
    """Every public name of TensorFlow, without those that are Keras's."""
    rows = (line.split("\t") for line in TENSORFLOW.read_text("utf-8").splitlines())
    return sorted(
        Name(name, None if not words or words[0] == "?" else tuple(words[0].split()))
        for name, _, *words in rows
    )


def _arguments(thing: Any) -> tuple[str, ...] | None:
    """Names of arguments; None where anything is taken, or nothing is known."""
    try:
        parameters = list(inspect.signature(thing).parameters.values())
    except (TypeError, ValueError):
        return None
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        parameters = [p for p in parameters if p.kind is not p.VAR_KEYWORD]
    return tuple(p.name for p in parameters if p.kind is not p.VAR_POSITIONAL)


def _takes_anything(thing: Any) -> bool:
    try:
        parameters = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in parameters)


# What lamina makes of them ------------------------------------------------------------------------


def differences() -> dict[str, str]:
    """Patterns of names, and how lamina differs there."""
    lines = DIFFERS.read_text("utf-8").splitlines()
    return dict(line.split("\t") for line in lines if line and not line.startswith("#"))


def judge(name: Name, told: dict[str, str]) -> Verdict:
    """What lamina makes of one name."""
    found: Any = lamina
    for part in name.name.removeprefix("tf.").split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            return _absent(name.name, str(error))
    if name.arguments and isinstance(found, types.ModuleType):
        return Verdict("missing")  # a function there, a module here
    words = [text for pattern, text in told.items() if fnmatchcase(name.name, pattern)]
    words += _lacking(name, found)
    return Verdict("differs", "; ".join(words)) if words else Verdict("there")


def _absent(name: str, message: str) -> Verdict:
    reason = outside(name)
    if reason is None and not any(text in message for text in _GENERIC):
        reason = message.partition(": ")[2] or message
    return Verdict("missing") if reason is None else Verdict("outside", reason)


def _lacking(name: Name, found: Any) -> list[str]:
    """The arguments that lamina's does not take."""
    if not name.arguments or _takes_anything(found):
        return []
    ours = set(_arguments(found) or ())
    lacks = [word for word in name.arguments if word.lstrip("*") not in ours | _NEVER]
    lacks = [word for word in lacks if not word.startswith("*")]
    return [f"without {', '.join(f'`{word}`' for word in lacks)}"] if lacks else []


def verdicts() -> dict[str, Verdict]:
    """What lamina makes of every name."""
    told = differences()
    return {name.name: judge(name, told) for name in (*keras_names(), *tensorflow_names())}


def complaints(found: dict[str, Verdict]) -> list[str]:
    """Names without a verdict, and rules that no name needs any more."""
    problems = [
        f"{name} is neither there nor explained" for name, v in found.items() if v.kind == "missing"
    ]
    absent = [name for name, verdict in found.items() if verdict.kind == "outside"]
    problems += [
        f"lamina/core/outside.py: no absent name fits {pattern!r}"
        for pattern, _ in RULES
        if not any(fnmatchcase(n, pattern) or n.startswith(f"{pattern}.") for n in absent)
    ]
    problems += [
        f"tests/api/differs.tsv: no name that is there fits {pattern!r}"
        for pattern in differences()
        if not any(fnmatchcase(n, pattern) and v.kind == "differs" for n, v in found.items())
    ]
    return problems


# The page -----------------------------------------------------------------------------------------


def page(found: dict[str, Verdict]) -> str:
    """The text of docs/api.md."""
    spaces: dict[str, dict[str, Verdict]] = defaultdict(dict)
    modules = {name.rpartition(".")[0] for name in found}
    for name, verdict in found.items():
        if name in modules and verdict.kind == "there":
            continue  # a namespace is there as far as its names are
        words = name.split(".")
        below = len(words) > 2 or name in modules
        space = ".".join(words[:2]) if below else words[0]
        spaces[space][name.removeprefix(f"{space}.")] = verdict
    text = HEAD.format(keras=keras.__version__, tensorflow=TENSORFLOW.stem.rpartition("-")[2])
    text += _table(spaces)
    return text + "".join(_section(space, spaces[space]) for space in sorted(spaces))


def _table(spaces: dict[str, dict[str, Verdict]]) -> str:
    lines = ["| namespace | there | there, but different | outside |", "|---|---|---|---|"]
    totals = dict.fromkeys(("there", "differs", "outside"), 0)
    for space in sorted(spaces):
        counts = {kind: sum(v.kind == kind for v in spaces[space].values()) for kind in totals}
        totals = {kind: totals[kind] + counts[kind] for kind in totals}
        link = f"[{space}](#{space.replace('.', '')})"
        lines.append(f"| {link} | {counts['there']} | {counts['differs']} | {counts['outside']} |")
    lines.append(f"| **all** | {totals['there']} | {totals['differs']} | {totals['outside']} |")
    return "\n".join(lines) + "\n"


def _section(space: str, found: dict[str, Verdict]) -> str:
    text = f"\n## {space}\n"
    there = [f"`{name}`" for name, verdict in found.items() if verdict.kind == "there"]
    if there:
        text += f"\nThere: {', '.join(there)}.\n"
    for kind, title in (("differs", "Different"), ("outside", "Outside"), ("missing", "Missing")):
        reasons: dict[str, list[str]] = defaultdict(list)
        for name, verdict in found.items():
            if verdict.kind == kind:
                reasons[verdict.text].append(f"`{name}`")
        lines = [f"- {text}: {', '.join(names)}." for text, names in sorted(reasons.items())]
        if lines:
            text += f"\n{title}:\n\n" + "\n".join(lines) + "\n"
    return text


def main() -> int:
    """Write the page, or with --check compare it; 1 where something is wrong."""
    found = verdicts()
    problems = complaints(found)
    new = page(found)
    if "--check" not in sys.argv:
        PAGE.write_text(new, "utf-8")
    elif not PAGE.is_file() or PAGE.read_text("utf-8") != new:
        problems.append("docs/api.md is not what `python -m tests.tools.api_page` would write")
    print(*problems, sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
