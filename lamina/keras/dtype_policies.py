"""keras.dtype_policies: which dtype a layer computes in, and which its variables have."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from typing import Any

from ..core.dtypes import DTYPES, as_dtype
from ..core.errors import (
    AlreadyExistsError,
    ArgumentTypeError,
    InvalidArgumentError,
    UnimplementedError,
    UnknownNameError,
    nearest,
)
from .configurable import Configurable, custom_object_scope, deserialize_nested, register
from .configurable import deserialize as _deserialize
from .configurable import serialize as _serialize
from .limits import checked_pattern
from .settings import floatx

MODULE = "keras.dtype_policies"
_QUANTIZED = ("int8", "int4", "float8", "gptq", "awq")


@register(MODULE)
class DTypePolicy(Configurable):
    """The dtypes of a layer, by name: "float32" (or another dtype) for both.

    "mixed_float16" computes in float16 with variables of float32, which are cast when they are
    read within the layer's call. `name=None` is the policy in force. Processors have few
    instructions for float16: it is right, but slower than float32.
    """

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = dtype_policy().name
        if not isinstance(name, str):
            raise ArgumentTypeError(
                f"the name of a DTypePolicy is a string, e.g. 'mixed_float16'; got {name!r:.80}"
            )
        self._name = name
        self._compute_dtype, self._variable_dtype = _dtypes_of(name)

    @property
    def name(self) -> str:
        return self._name

    @property
    def compute_dtype(self) -> str:
        """The dtype that floats are cast to before `call`, and that results have."""
        return self._compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of the variables that the layer makes."""
        return self._variable_dtype

    @property
    def quantization_mode(self) -> None:
        """None: weights are floats."""
        return None

    def get_config(self) -> dict[str, Any]:
        """The name."""
        return {"name": self.name}

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self._name}">'

    def __eq__(self, other: Any) -> bool:
        same = isinstance(other, DTypePolicy) and not isinstance(other, DTypePolicyMap)
        return same and self._name == other._name

    def __hash__(self) -> int:
        return hash(self._name)


@register(MODULE)
class FloatDTypePolicy(DTypePolicy):
    """Another name of `DTypePolicy`."""


def _dtypes_of(name: str) -> tuple[str, str]:
    """The dtypes to compute in and of variables."""
    compute = name.removeprefix("mixed_")
    mixed = compute != name
    if compute == "bfloat16" and compute not in DTYPES:
        raise UnimplementedError(
            f"the dtype policy {name!r}: lamina does not compute in bfloat16; use 'mixed_float16' "
            "or 'float32'"
        )
    if re.match(rf"({'|'.join(_QUANTIZED)})_from_", name):
        raise UnimplementedError(
            f"the dtype policy {name!r}: weights are floats, and not quantized; use 'float32'"
        )
    if mixed and compute != "float16":
        raise InvalidArgumentError(
            f"a DTypePolicy is the name of a dtype or 'mixed_float16'; got {name!r}"
        )
    try:
        dtype = as_dtype(compute).name
    except ArgumentTypeError:
        known = ("mixed_float16", *DTYPES)
        raise InvalidArgumentError(
            f"{name!r} is no DTypePolicy; expected one of {', '.join(known)}.{nearest(name, known)}"
        ) from None
    return dtype, "float32" if mixed else dtype


@register(MODULE)
class DTypePolicyMap(DTypePolicy, MutableMapping[str, DTypePolicy]):
    """Policies of layers by their paths, or by regular expressions that match the whole path.

    What matches nothing has `default_policy` (None: the policy in force).
    """

    def __init__(
        self, default_policy: Any = None, policy_map: dict[str, Any] | None = None
    ) -> None:
        if isinstance(default_policy, DTypePolicyMap):
            raise InvalidArgumentError("the default_policy of a DTypePolicyMap is a DTypePolicy")
        if policy_map is not None and not isinstance(policy_map, dict):
            raise ArgumentTypeError(f"policy_map is a dict; got {type(policy_map).__name__}")
        self._default = None if default_policy is None else get(default_policy)
        self._policies: dict[str, DTypePolicy] = {}
        for key, policy in (policy_map or {}).items():
            self[key] = policy

    @property
    def default_policy(self) -> DTypePolicy:
        return get(self._default)

    @property
    def name(self) -> str:
        return f"map_{self.default_policy.name}"

    @property
    def compute_dtype(self) -> str:
        return self.default_policy.compute_dtype

    @property
    def variable_dtype(self) -> str:
        return self.default_policy.variable_dtype

    def __getitem__(self, key: str) -> DTypePolicy:
        if key in self._policies:
            return self._policies[key]
        matching = [pattern for pattern in self._policies if re.fullmatch(pattern, key)]
        if len(matching) > 1:
            raise InvalidArgumentError(
                f"the path {key!r} matches several keys of the DTypePolicyMap: {matching}"
            )
        return self._policies[matching[0]] if matching else self.default_policy

    def __setitem__(self, key: str, policy: Any) -> None:
        if key in self._policies:
            raise AlreadyExistsError(
                f"the DTypePolicyMap has {key!r} already: {self._policies[key]}"
            )
        self._policies[checked_pattern(key)] = get(policy)

    def __delitem__(self, key: str) -> None:
        del self._policies[key]

    def __contains__(self, key: object) -> bool:
        return key in self._policies

    def __iter__(self) -> Iterator[str]:
        return iter(self._policies)

    def __len__(self) -> int:
        return len(self._policies)

    def __eq__(self, other: Any) -> bool:
        same = isinstance(other, DTypePolicyMap) and self._default == other._default
        return same and self._policies == other._policies

    def __hash__(self) -> int:
        return hash((self._default, tuple(self._policies)))

    def get_config(self) -> dict[str, Any]:
        """The default policy and the others."""
        return {
            "default_policy": None if self._default is None else serialize(self._default),
            "policy_map": {key: serialize(policy) for key, policy in self._policies.items()},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A map of what `get_config` gave."""
        return cls(**{name: deserialize_nested(value) for name, value in config.items()})

    def __repr__(self) -> str:
        inside = ", ".join(f"{key!r}: {policy.name}" for key, policy in self._policies.items())
        return f"<DTypePolicyMap default_policy={self.default_policy.name}, {{{inside}}}>"


# The policy in force -----------------------------------------------------------------------------

_GLOBAL: list[DTypePolicy | None] = [None]


def dtype_policy() -> DTypePolicy:
    """The policy of layers that are made without a dtype; that of `floatx()` at first."""
    return _GLOBAL[0] or DTypePolicy(floatx())


def set_dtype_policy(policy: Any) -> None:
    """Set the policy of layers that are made from now on without a dtype."""
    _GLOBAL[0] = None if policy is None else get(policy)


# By name -----------------------------------------------------------------------------------------


def get(identifier: Any) -> DTypePolicy:
    """The policy that a name, a dtype or a configuration means; None is the one in force."""
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        found: DTypePolicy = deserialize(identifier)
        return found
    if isinstance(identifier, str):
        return DTypePolicy(identifier)
    try:
        return DTypePolicy(as_dtype(identifier).name)
    except ArgumentTypeError:
        raise InvalidArgumentError(
            f"a dtype is a name, a dtype or a DTypePolicy; got {identifier!r:.80}"
        ) from None


def serialize(dtype_policy: DTypePolicy) -> Any:
    """The configuration of a policy."""
    return _serialize(dtype_policy)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """The policy of what `serialize` gave, here or in Keras."""
    if "Quant" in str(config.get("class_name")):
        raise UnimplementedError(
            f"the dtype policy {config['class_name']}: weights are floats, and not quantized"
        )
    with custom_object_scope(custom_objects):
        return _deserialize(config)


__all__ = [
    "DTypePolicy",
    "DTypePolicyMap",
    "FloatDTypePolicy",
    "deserialize",
    "get",
    "serialize",
]


def __getattr__(name: str) -> Any:
    if name.endswith("DTypePolicy"):
        raise UnknownNameError(
            f"keras.dtype_policies.{name} is not there: weights are floats, and not quantized"
        )
    raise UnknownNameError(f"keras.dtype_policies has no {name!r}.{nearest(name, __all__)}")
