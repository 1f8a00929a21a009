"""Every knob in one place: name, environment variable, default, one line of explanation.

lamina.config.verify = True       # or LAMINA_VERIFY=1 before the start
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import devices
from .errors import InvalidArgumentError, UnimplementedError, UnknownNameError, nearest
from .outside import outside
from .spaces import Space

# What a setting may be given as: all of them as text, by environment variables
_TAKEN: dict[type, tuple[type, ...]] = {
    bool: (int,),
    int: (int, np.integer, str),
    str: (str, os.PathLike),
}


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
        elif isinstance(value, _TAKEN[kind]) and not (kind is int and isinstance(value, bool)):
            try:
                found = kind(os.fspath(value) if isinstance(value, os.PathLike) else value)
            except (TypeError, ValueError):
                found = None
            if found is not None and (self.allowed is None or found in self.allowed):
                return found
        expected = {bool: "True or False", int: "a whole number", str: "a text"}[kind]
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
        Knob("table_memory", 1 << 28, "bytes of a table in files up to which it is read whole"),
        Knob("eager_functions", False, "tf.function runs its Python code every time"),
    )
}


class Config:
    """The settings in force, as attributes."""

    def __init__(self) -> None:
        for knob in KNOBS.values():
            text = os.environ.get(knob.environment)  # empty is as good as not set
            object.__setattr__(self, knob.name, knob.parse(text) if text else knob.default)

    def __getattr__(self, name: str) -> Any:  # only for names that are no setting
        reason = outside(f"tf.config.{name}")
        hint = f" It is left out: {reason}." if reason else nearest(name, dir(self))
        raise UnknownNameError(f"lamina has no setting {name!r}.{hint}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in KNOBS:
            raise UnknownNameError(f"lamina has no setting {name!r}.{nearest(name, KNOBS)}")
        object.__setattr__(self, name, KNOBS[name].parse(value))

    def __dir__(self) -> list[str]:
        return [*KNOBS, *(name for name in vars(Config) if not name.startswith("_"))]

    LogicalDevice = devices.LogicalDevice
    LogicalDeviceConfiguration = devices.LogicalDeviceConfiguration
    PhysicalDevice = devices.PhysicalDevice
    get_logical_device_configuration = staticmethod(devices.get_logical_device_configuration)
    get_soft_device_placement = staticmethod(devices.get_soft_device_placement)
    get_visible_devices = staticmethod(devices.get_visible_devices)
    list_logical_devices = staticmethod(devices.list_logical_devices)
    list_physical_devices = staticmethod(devices.list_physical_devices)
    set_logical_device_configuration = staticmethod(devices.set_logical_device_configuration)
    set_soft_device_placement = staticmethod(devices.set_soft_device_placement)
    set_visible_devices = staticmethod(devices.set_visible_devices)
    experimental: Space
    optimizer: Space
    threading: Space

    def run_functions_eagerly(self, run_eagerly: bool) -> None:
        """Let tf.function run its Python code every time (True), or trace it (False)."""
        self.eager_functions = bool(run_eagerly)

    def functions_run_eagerly(self) -> bool:
        """Whether tf.function runs its Python code every time."""
        return bool(self.eager_functions)

    experimental_run_functions_eagerly = run_functions_eagerly
    experimental_functions_run_eagerly = functions_run_eagerly

    def describe(self) -> str:
        """A line a setting: name, value, environment variable, explanation."""
        return "\n".join(
            f"{name} = {getattr(self, name)!r}  ({knob.environment})  {knob.explanation}"
            for name, knob in KNOBS.items()
        )


config = Config()


def _set_threads(num_threads: int) -> None:
    """Let native code run on so many threads; 0: as many as there are processors."""
    config.threads = num_threads


def _set_one(num_threads: int) -> None:
    """Raise unless operations follow one another, as they do."""
    if num_threads not in (0, 1):
        raise UnimplementedError(
            f"operations follow one another, each on several threads; got {num_threads} for "
            "inter-operation threads. Use set_intra_op_parallelism_threads."
        )


def _set_jit(enabled: Any) -> None:
    """Raise where programs should not be compiled: `config.backend` decides that."""
    if not enabled:
        raise UnimplementedError(
            "programs are compiled by lamina itself; tf.config.backend = 'interp' runs them on "
            "NumPy"
        )


Config.threading = Space(
    "lamina.config.threading",
    get_inter_op_parallelism_threads=lambda: 1,
    get_intra_op_parallelism_threads=lambda: config.threads,
    set_inter_op_parallelism_threads=_set_one,
    set_intra_op_parallelism_threads=_set_threads,
)
Config.optimizer = Space(
    "lamina.config.optimizer",
    get_jit=lambda: "autoclustering" if config.backend != "interp" else "",
    set_jit=_set_jit,
)
Config.experimental = Space(
    "lamina.config.experimental",
    VirtualDeviceConfiguration=devices.LogicalDeviceConfiguration,
    enable_op_determinism=devices.enable_op_determinism,
    enable_tensor_float_32_execution=devices.enable_tensor_float_32_execution,
    get_device_details=devices.get_device_details,
    get_memory_growth=devices.get_memory_growth,
    get_synchronous_execution=devices.get_synchronous_execution,
    get_virtual_device_configuration=devices.get_logical_device_configuration,
    get_visible_devices=devices.get_visible_devices,
    list_logical_devices=devices.list_logical_devices,
    list_physical_devices=devices.list_physical_devices,
    set_memory_growth=devices.set_memory_growth,
    set_synchronous_execution=devices.set_synchronous_execution,
    set_virtual_device_configuration=devices.set_logical_device_configuration,
    set_visible_devices=devices.set_visible_devices,
    tensor_float_32_execution_enabled=devices.tensor_float_32_execution_enabled,
)
