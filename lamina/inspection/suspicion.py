"""Which objects in a configuration of Keras act when a reader makes them, and which are unknown."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from ..core.outside import outside
from ..keras.configurable import FAMILIES
from ..keras.limits import MOST_OBJECTS
from .report import Inspection

_ROOTS = re.compile(r"^(?:keras|tf_keras|tensorflow(?:\.python)?\.keras)(?:\.(?:src|api))*(?:\.|$)")
_PARTS = {
    *("activations", "constraints", "dtype_policies", "engine", "initializers", "layers"),
    *("losses", "metrics", "models", "ops", "optimizers", "quantizers", "random"),
    *("regularizers",),
}
"""Modules of Keras whose objects only compute; others read files, fetch, or change settings."""
_OF_KERAS_ITSELF = {
    *("DTypePolicy", "FloatDTypePolicy", "Function", "Functional", "Initializer", "Layer", "Loss"),
    *("Metric", "Model", "Operation", "Optimizer", "Quantizer", "Regularizer", "Sequential"),
    *("SeedGenerator", "Variable", "KerasTensor"),
}
_PLAIN = {"__ellipsis__", "__keras_tensor__", "__numpy__", "__slice__", "__tensor__", "__tuple__"}
_HIDDEN = {
    "TorchModuleWrapper": "it holds a pickled module, which Keras unpickles: that runs code",
    "TFSMLayer": "it reads a TensorFlow program from another place and runs it",
    "JaxLayer": "it holds code of its author, which Keras runs",
    "FlaxLayer": "it holds code of its author, which Keras runs",
}
_FUNCTION = "/config/function"
_CODE = "Python code in the file"
_CODE_WHY = "whoever loads it with safe_mode=False runs it; lamina never does"
_PLACE = re.compile(r"^(?:[a-z][a-z0-9+.-]{1,11}://|/|~|\.\.[/\\]|[A-Za-z]:\\|\\\\)")
_VOCABULARIES = {"vocabulary", "idf_weights", "filepath", "file_path"}
_WORD = re.compile(rb"[A-Za-z_][A-Za-z_0-9]{2,30}")
_CLASS = re.compile(r"[^\W\d]\w*|[^>]+>[^\W\d][\w.]*|<lambda>")  # with its package, perhaps
_NAMES = {"class_name", "module", "name", "registered_name"}
_LONGEST = 1000
_ANY_NUMBER = {"keras_history", "salt", "seed", "shared_object_id", "value", "vocabulary"}
_LARGEST, _SHOWABLE = 2**31, 10**300
_DEPTH, _NODES = 200, 500_000


def judge(config: Any, report: Inspection, where: str) -> None:
    """Take down what is dangerous, unknown or beyond measure in a configuration."""
    objects = 0
    for path, node in _nodes(config, report, where):
        _judge_numbers(node, report, path)
        if isinstance(node, dict):
            objects += "class_name" in node
            _judge_object(node, report, path)
            _judge_texts(node, report, path)
    if objects > MOST_OBJECTS:
        report.add("danger", "a configuration beyond measure", where, f"{objects:,} objects")


def _nodes(config: Any, report: Inspection, where: str) -> Iterator[tuple[str, Any]]:
    """All objects and lists with their paths, as deep and as many as are sensible."""
    waiting: list[tuple[str, Any, int]] = [(where, config, 0)]
    seen = 0
    while waiting:
        path, node, depth = waiting.pop()
        seen += 1
        if depth > _DEPTH or seen > _NODES:
            why = "no model needs that; it may be meant to exhaust a reader"
            report.add("danger", "a configuration beyond measure", path[:200], why)
            if seen > _NODES:
                return
            continue
        yield path, node
        inside = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in inside:
            if isinstance(value, (dict, list)):
                waiting.append((f"{path}/{key}"[:400], value, depth + 1))


def _judge_object(node: dict[str, Any], report: Inspection, path: str) -> None:
    name, inner = node.get("class_name"), node.get("config")
    if not isinstance(name, str) or name in _PLAIN:
        return
    if name == "__lambda__" and path.endswith(_FUNCTION):
        return  # the Lambda layer around it is told
    path = _place(node, path)
    if name == "__lambda__":
        words = _words(inner)
        report.add("danger", _CODE, path, f"a lambda as bytecode{words}; {_CODE_WHY}")
    elif name == "Lambda":
        _judge_lambda(inner, report, path)
    elif name in _HIDDEN:
        report.add("danger", f"a layer that runs code: {name}", path, _HIDDEN[name])
    elif name == "function":
        _judge_function(node, report, path)
    elif name == "__typespec__":
        report.add("warning", "a type of TensorFlow", path, "Keras imports TensorFlow to make it")
    else:
        _judge_class(name, node, report, path)


def _judge_lambda(inner: Any, report: Inspection, path: str) -> None:
    function = inner.get("function") if isinstance(inner, dict) else None
    if isinstance(function, list) or (
        isinstance(function, dict) and function.get("class_name") == "__lambda__"
    ):
        code = function if isinstance(function, list) else function.get("config")
        report.add("danger", _CODE, path, f"a Lambda layer as bytecode{_words(code)}; {_CODE_WHY}")
        return
    why = "it calls a function that the file only names; pass that in custom_objects"
    report.add("warning", "a Lambda layer", path, why)


def _judge_function(node: dict[str, Any], report: Inspection, path: str) -> None:
    module, name = node.get("module"), node.get("config")
    name = name if isinstance(name, str) else node.get("registered_name")
    if module not in (None, "builtins") and not _only_computes(str(module), ""):
        why = f"a reader that imports what files name would call {module}.{name}"
        report.add("danger", f"names a function elsewhere: {module}.{name}", path, why)
    elif not any(name in known for known in FAMILIES.values()):
        why = "a function of the author's own; pass it in custom_objects"
        report.add("note", f"unknown function {name}", path, why)


def _judge_class(name: str, node: dict[str, Any], report: Inspection, path: str) -> None:
    module, registered = node.get("module"), node.get("registered_name")
    if isinstance(module, str) and not _only_computes(module, name):
        top = module.partition(".")[0]
        harmful = top in sys.stdlib_module_names or _ROOTS.match(module) or top == "builtins"
        why = "a reader that imports what files name would import and call it"
        if not harmful:
            why += "; if it is the author's own class, pass it in custom_objects"
        severity = "danger" if harmful else "warning"
        report.add(severity, f"names a class elsewhere: {module}.{name}", path, why)
        return
    if any(name in known or name.rpartition(">")[2] in known for known in FAMILIES.values()):
        return
    if name in _OF_KERAS_ITSELF or _is_operation(module) or report.is_full("note"):
        return
    reason = outside(f"keras.layers.{name}")
    if reason is not None:
        report.add("note", f"lamina has no {name}", path, reason)
        return
    shown = registered if isinstance(registered, str) else name
    why = "a class of the author's own; pass it in custom_objects"
    report.add("note", f"unknown class {shown}", path, why)


def _is_operation(module: Any) -> bool:
    """Whether a module is one of Keras's whose classes are steps of functional models."""
    root = _ROOTS.match(module) if isinstance(module, str) else None
    return root is not None and str(module)[root.end() :].startswith("ops")


def _only_computes(module: str, name: str) -> bool:
    """Whether a module is one of Keras's whose objects compute and do nothing else."""
    root = _ROOTS.match(module)
    if root is None:
        return False
    part = module[root.end() :].partition(".")[0]
    return part in _PARTS or (not part and name in _OF_KERAS_ITSELF)


def _judge_numbers(node: Any, report: Inspection, path: str) -> None:
    """Sizes that would fill any memory."""
    if _ANY_NUMBER & set(path.rsplit("/", 2)[1:]):
        return
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(value, int) and abs(value) > _LARGEST and key not in _ANY_NUMBER:
            shown = f"{value:.3g}" if abs(value) < _SHOWABLE else f"{value.bit_length():,} bits"
            why = f"{shown} of anything is no model; making it would fill the memory"
            report.add("warning", "a number beyond measure", f"{path}/{key}", why)


def _judge_texts(node: dict[str, Any], report: Inspection, path: str) -> None:
    """Names that are none; files and addresses that a layer would read when it is made."""
    for key, value in node.items():
        if not isinstance(value, str):
            continue
        if key in _NAMES and (len(value) > _LONGEST or not value.isprintable()):
            why = "it is very long, or would steer the terminal that shows it"
            report.add("warning", "a name that is none", f"{path}/{key}", why)
        if key == "class_name" and not _CLASS.fullmatch(value):
            why = "a reader that follows it would reach for parts of an object"
            report.add("danger", "a class by a name that is none", f"{path}/{key}", why)
        if key in _VOCABULARIES or (len(value) < 4096 and _PLACE.match(value)):
            why = "a reader would open that file or address while it makes the model"
            report.add("danger", f"names a file or address: {value[:100]}", f"{path}/{key}", why)


def _place(node: dict[str, Any], path: str) -> str:
    """Where an object stands, with its own name, which says more than the path."""
    inner = node.get("config")
    name = inner.get("name") if isinstance(inner, dict) else None
    return f"{name} ({path})" if isinstance(name, str) else path


def _words(code: Any) -> str:
    """Names in bytecode, to see what it is about; nothing is unmarshalled."""
    import base64

    if isinstance(code, dict):
        code = code.get("code") or code.get("value")
    text = code[0] if isinstance(code, list) and code else code
    if not isinstance(text, str):
        return ""
    try:
        content = base64.b64decode(text[: 2**20])
    except ValueError:  # binascii.Error is one
        return ""
    words = dict.fromkeys(word.decode() for word in _WORD.findall(content))
    return f" (words in it: {', '.join(list(words)[:12])})" if words else ""
