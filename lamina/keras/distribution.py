"""keras.distribution: there is one device, the processor."""

from __future__ import annotations

from typing import Any

from ..core.errors import UnknownNameError, nearest


def list_devices(device_type: str | None = None) -> list[str]:
    """The devices of a type ("cpu"): `["cpu:0"]`; none for others."""
    return ["cpu:0"] if device_type is None or str(device_type).lower() == "cpu" else []


def get_device_count(device_type: str | None = None) -> int:
    """How many devices of a type there are."""
    return len(list_devices(device_type))


__all__ = ["get_device_count", "list_devices"]

_REFUSED = (
    *("DataParallel", "DeviceMesh", "LayoutMap", "ModelParallel", "TensorLayout", "distribution"),
    *("distribute_tensor", "initialize", "set_distribution"),
)


def __getattr__(name: str) -> Any:
    if name in _REFUSED:
        raise UnknownNameError(
            f"keras.distribution.{name} is not there: lamina computes on one machine's processor, "
            "with as many threads as lamina.config.threads says; leave it out"
        )
    raise UnknownNameError(f"keras.distribution has no {name!r}.{nearest(name, __all__)}")
