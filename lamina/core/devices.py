"""tf.config on the machine's one device, the processor: listing it, and asking more of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .errors import InvalidArgumentError, UnimplementedError


class PhysicalDevice(NamedTuple):
    """Hardware that computes."""

    name: str
    device_type: str


class LogicalDevice(NamedTuple):
    """What programs see of it."""

    name: str
    device_type: str


class LogicalDeviceConfiguration(NamedTuple):
    """How a device would be divided; the processor is not."""

    memory_limit: float | None = None
    experimental_priority: int | None = None
    experimental_device_ordinal: int | None = None


PROCESSOR = PhysicalDevice("/physical_device:CPU:0", "CPU")
_SEEN = LogicalDevice("/device:CPU:0", "CPU")


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The processor; nothing for other types of device."""
    return [PROCESSOR] if device_type in (None, "CPU") else []


def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """The processor; nothing for other types of device."""
    return [_SEEN] if device_type in (None, "CPU") else []


def get_visible_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The processor; nothing for other types of device."""
    return list_physical_devices(device_type)


def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Check that what is wanted is what there is: the processor, and nothing of other types."""
    wanted = list(devices) if isinstance(devices, (list, set)) else [devices]
    for device in wanted:
        _check(device)
    if device_type in (None, "CPU") and PROCESSOR not in wanted:
        raise InvalidArgumentError("the processor computes everything; it cannot be hidden")


def _check(device: Any) -> None:
    if device != PROCESSOR:
        raise InvalidArgumentError(
            f"the only device is {PROCESSOR.name}; got {getattr(device, 'name', device)!r}"
        )


def get_logical_device_configuration(device: Any) -> list[LogicalDeviceConfiguration] | None:
    """None: the processor is not divided."""
    _check(device)
    return None


def set_logical_device_configuration(
    device: Any, logical_devices: Sequence[LogicalDeviceConfiguration]
) -> None:
    """Raise unless the processor stays in one piece."""
    _check(device)
    if len(logical_devices) != 1:
        raise UnimplementedError(
            f"the processor is one device; it cannot be divided into {len(logical_devices)}"
        )


def get_device_details(device: Any) -> dict[str, Any]:
    """Nothing is told of a processor."""
    _check(device)
    return {}


def _no_graphics(device: Any) -> Any:
    _check(device)
    raise InvalidArgumentError("the growth of memory can be set for graphics processors only")


def set_memory_growth(device: Any, enable: bool) -> None:
    """Raise: there is no graphics processor, whose memory alone may grow."""
    _no_graphics(device)


def get_memory_growth(device: Any) -> bool:
    """Raise: there is no graphics processor."""
    return bool(_no_graphics(device))


def enable_op_determinism() -> None:
    """The same seed gives the same bits on every run, without being asked."""


def set_synchronous_execution(enable: bool) -> None:
    """Raise unless operations are to be done when they return, as they are."""
    if not enable:
        raise UnimplementedError("operations are done when they return; there is no other way")


def get_synchronous_execution() -> bool:
    """True: operations are done when they return."""
    return True


def get_soft_device_placement() -> bool:
    """True: everything is placed where it can be computed."""
    return True


def set_soft_device_placement(enabled: bool) -> None:
    """All placements can be followed or raise (`tf.device`), so both answers are right."""


def tensor_float_32_execution_enabled() -> bool:
    """False: float32 is computed with all its digits."""
    return False


def enable_tensor_float_32_execution(enabled: bool) -> None:
    """Raise where float32 should be computed with fewer digits."""
    if enabled:
        raise UnimplementedError("float32 is computed with all its digits on a processor")
