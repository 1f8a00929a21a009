"""Operations of Keras that are outside of what lamina is for, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ...core.errors import UnknownNameError, nearest

_REASONS = {
    "convolutions are outside of what lamina is for: it is about dense networks": """
        conv conv_transpose depthwise_conv separable_conv unfold fold""",
    "pooling over windows is outside of what lamina is for; keras.ops.max and keras.ops.mean "
    "pool over whole axes": """
        adaptive_average_pool adaptive_max_pool average_pool max_pool""",
    "images are outside of what lamina is for; prepare them with NumPy or Pillow": """
        depth_to_space image space_to_depth""",
    "signals and their spectra are outside of what lamina is for; NumPy has numpy.fft": """
        fft fft2 ifft2 irfft istft rfft stft""",
    "sequences of symbols are outside of what lamina is for": """
        ctc_decode ctc_loss""",
    "attention is outside of what lamina is for: it is about dense networks": """
        dot_product_attention""",
    "complex numbers are left out; keep real and imaginary parts apart, and decompose symmetric "
    "matrices by eigh": """
        eig polar view_as_complex view_as_real""",
}
OUTSIDE = {name: reason for reason, names in _REASONS.items() for name in names.split()}
"""Why an operation is not there, by its name."""


def namespace(module: str, members: Iterable[str]) -> Callable[[str], Any]:
    """The `__getattr__` of the module `module` of keras.ops, whose operations are `members`."""

    def missing(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in OUTSIDE:
            raise UnknownNameError(f"keras.ops.{name} is not there: {OUTSIDE[name]}")
        raise UnknownNameError(f"{module} has no {name!r}.{nearest(name, members)}")

    return missing
