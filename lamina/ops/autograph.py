"""tf.autograph: Python's control flow on tensors, seen and steered."""

from __future__ import annotations

import builtins
import enum
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from ..tensor.autograph.conversion import converted, do_not_convert, rewritten_text
from ..tensor.autograph.graph_loops import set_loop_options
from .names import namespace


class Feature(enum.Enum):
    """Parts of TensorFlow's conversion that can be asked for there; here all are always on."""

    ALL = "ALL"
    AUTO_CONTROL_DEPS = "AUTO_CONTROL_DEPS"
    ASSERT_STATEMENTS = "ASSERT_STATEMENTS"
    BUILTIN_FUNCTIONS = "BUILTIN_FUNCTIONS"
    EQUALITY_OPERATORS = "EQUALITY_OPERATORS"
    LISTS = "LISTS"
    NAME_SCOPES = "NAME_SCOPES"


def to_graph(
    entity: Callable[..., Any], recursive: bool = True, experimental_optional_features: Any = None
) -> Any:
    """The function whose branches and loops on tensors become parts of a graph.

    `tf.function` calls it by itself. What the function calls is converted, too (`recursive`).
    """
    return converted(entity, always=True)


def to_code(
    entity: Callable[..., Any], recursive: bool = True, experimental_optional_features: Any = None
) -> str:
    """The text of the converted function."""
    return rewritten_text(entity)


def trace(*args: Any) -> None:
    """Print, once for each trace of a function."""
    builtins.print(*args)  # noqa: T201 (it is what the function is for)


def set_verbosity(level: int, alsologtostdout: bool = False) -> None:
    """Accepted as in TensorFlow; what runs eagerly is on the log "lamina" at any level."""


experimental = SimpleNamespace(
    do_not_convert=do_not_convert, set_loop_options=set_loop_options, Feature=Feature
)

__all__ = ["experimental", "set_verbosity", "to_code", "to_graph", "trace"]
__getattr__ = namespace(__name__, __all__)
