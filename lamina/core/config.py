"""Every knob in one place: name, environment variable, default, one line of explanation.

lamina.config.verify = True       # or LAMINA_VERIFY=1 before the start
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from .errors import InvalidArgumentError, UnknownNameError, nearest


class Knob:
    """One setting: its default, its environment variable and what it does."""

    __slots__ = ("allowed", "default", "environment", "explanation", "name")

    def __init__(
        self, name: str, default: Any, explanation: str, allowed: Sequence[Any] | None = None
    ) -> None:
        self.allowed = allowed
        self.name = name
        self.default = default
        self.environment = f"LAMINA_{name.upper()}"
        self.explanation = explanation

    def parse(self, value: Any) -> Any:
        """`value` as the type of the default."""
        kind = type(self.default)
        if kind is bool and isinstance(value, str):
            known = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
            if value.lower() in known:
                return known[value.lower()]
        elif kind is not bool or isinstance(value, (bool, int)):
            try:
                found = kind(value)
            except (TypeError, ValueError):
                found = None
            if found is not None and (self.allowed is None or found in self.allowed):
                return found
        expected = f"a {kind.__name__}"
        if isinstance(self.allowed, range):
            expected = f"a number from {self.allowed[0]} to {self.allowed[-1]}"
        elif self.allowed is not None:
            expected = f"one of {', '.join(map(repr, self.allowed))}"
        raise InvalidArgumentError(
            f"config.{self.name} ({self.environment}) expects {expected}; got {value!r}"
        )


KNOBS = {
    knob.name: knob
    for knob in (
        Knob("verify", False, "check shapes and dtypes of every primitive and graph (slow)"),
        Knob("backend", "auto", "what runs programs: llvm, interp, or auto (llvm if it is there)"),
        Knob("cache", "", "folder for downloaded data; empty: the user's cache folder"),
        Knob(
            "threads", 0, "threads of native code; 0: as many as there are processors", range(1025)
        ),
        Knob(
            "lanes",
            0,
            "rows in a vector of native code (4, 8 or 16); 0: by processor",
            (0, 4, 8, 16),
        ),
        Knob("object_cache", "", "folder for compiled programs; empty: below `cache`; off: none"),
        Knob("debug", "", "stages to print: graph, passes, plan, ir, assembly, times (by comma)"),
        Knob("eager_functions", False, "tf.function runs its Python code every time"),
    )
}


class Device:
    """Something that computes: here always the processor."""

    device_type = "CPU"

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"Device(name={self.name!r}, device_type={self.device_type!r})"


class Config:
    """The settings in force, as attributes."""

    def __init__(self) -> None:
        for knob in KNOBS.values():
            text = os.environ.get(knob.environment)  # empty is as good as not set
            object.__setattr__(self, knob.name, knob.parse(text) if text else knob.default)

    def __getattr__(self, name: str) -> Any:  # only for names that are no setting
        raise UnknownNameError(f"lamina has no setting {name!r}.{nearest(name, KNOBS)}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in KNOBS:
            raise UnknownNameError(f"lamina has no setting {name!r}.{nearest(name, KNOBS)}")
        object.__setattr__(self, name, KNOBS[name].parse(value))

    def __dir__(self) -> list[str]:
        return list(KNOBS)

    def run_functions_eagerly(self, run_eagerly: bool) -> None:
        """Let tf.function run its Python code every time (True), or trace it (False)."""
        self.eager_functions = bool(run_eagerly)

    def functions_run_eagerly(self) -> bool:
        """Whether tf.function runs its Python code every time."""
        return bool(self.eager_functions)

    def list_physical_devices(self, device_type: str | None = None) -> list[Device]:
        """The processor; nothing for other types of device."""
        return [Device("/physical_device:CPU:0")] if device_type in (None, "CPU") else []

    def list_logical_devices(self, device_type: str | None = None) -> list[Device]:
        """The processor; nothing for other types of device."""
        return [Device("/device:CPU:0")] if device_type in (None, "CPU") else []

    def describe(self) -> str:
        """A line a setting: name, value, environment variable, explanation."""
        return "\n".join(
            f"{name} = {getattr(self, name)!r}  ({knob.environment})  {knob.explanation}"
            for name, knob in KNOBS.items()
        )


config = Config()
