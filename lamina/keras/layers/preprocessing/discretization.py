"""Numbers as the bins that they fall into."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.dtypes import INT32, Array
from ....core.errors import FailedPreconditionError, InvalidArgumentError
from ....ops import array, math
from ...configurable import register
from ...limits import spend_besides
from ..context import CALLS
from .base import (
    Preprocessing,
    as_values,
    batches_of,
    checked_mode,
    encoded,
    is_array,
    refuse_sparse,
    refuse_steps,
)


@register("keras.layers")
class Discretization(Preprocessing):
    """The number of boundaries that are ≤ x, for each x; as an integer or as a vector.

    The boundaries are given, or learned: `adapt` puts them where `num_bins` bins have equally
    many of the data, up to a share `epsilon` of them.

    Example: `tf.keras.layers.Discretization([0.0, 1.0])([-1.0, 0.5, 3.0])` gives 0, 1, 2.
    """

    def __init__(
        self,
        bin_boundaries: Any = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype, **kwargs)
        self.sparse = refuse_sparse(sparse)
        self.output_mode = checked_mode(output_mode, "Discretization")
        if num_bins is not None and num_bins < 0:
            raise InvalidArgumentError(f"num_bins is not negative; got {num_bins}")
        if (num_bins is None) == (bin_boundaries is None):
            raise InvalidArgumentError(
                "Discretization takes either bin_boundaries, or num_bins and adapt(data); got "
                f"bin_boundaries={bin_boundaries!r}, num_bins={num_bins!r}"
            )
        spend_besides((num_bins or 0,), "a list of bins", 32)
        self.bin_boundaries = None if bin_boundaries is None else _checked(bin_boundaries)
        self.num_bins = num_bins
        self.epsilon = epsilon
        self._summary = _nothing()

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learn boundaries from an array, or from `steps` batches of a stream.

        An array is looked at as a whole, whatever `batch_size`, which TensorFlow 2 has, says.
        """
        if self.num_bins is None:
            raise FailedPreconditionError(
                "a Discretization with bin_boundaries does not adapt; give num_bins= instead"
            )
        if is_array(data):
            refuse_steps(steps)
        self.reset_state()
        for batch in [data] if is_array(data) else batches_of(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Count a batch."""
        values = as_values(data)
        if values.dtype.kind not in "fiub":
            raise InvalidArgumentError("Discretization learns from numbers; got strings")
        summary = _summarize(values.astype(np.float32), self.epsilon)
        merged = np.concatenate((summary, self._summary), axis=1)
        self._summary = _compress(merged[:, np.argsort(merged[0])], self.epsilon)

    def finalize_state(self) -> None:
        """Take the boundaries of what was counted."""
        if self.num_bins is not None and self._summary.size:
            self.bin_boundaries = _compress(self._summary, 1.0 / self.num_bins)[0, :-1].tolist()
            self._learned()

    def reset_state(self) -> None:
        """Forget what was counted."""
        self._summary = _nothing()

    def call(self, inputs: Any) -> Any:
        """The bins of the inputs."""
        boundaries = self.bin_boundaries
        if boundaries is None and CALLS.only_types:
            boundaries = [0.0] * ((self.num_bins or 1) - 1)
        if boundaries is None:
            raise FailedPreconditionError(
                f"the layer {self.name!r} has no boundaries yet: call adapt(data), or give "
                "bin_boundaries="
            )
        if inputs.spec.dtype.kind != "f":
            inputs = array.cast(inputs, self.compute_dtype)
        edges = np.asarray(boundaries, np.float64).astype(inputs.spec.dtype)
        reached = math.logical_not(array.expand_dims(inputs, -1) < edges)  # so NaN is last
        indices = math.reduce_sum(array.cast(reached, INT32), -1)
        dtype = INT32 if self.output_mode == "int" else self.compute_dtype
        return encoded(indices, self.output_mode, len(edges) + 1, dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments; boundaries that were learned stand beside the number of bins."""
        config = super().get_config()
        del config["trainable"]
        return {**config, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer made of what `get_config` gave, here or in Keras."""
        known = dict(config)
        learned = known.pop("bin_boundaries", None) if known.get("num_bins") is not None else None
        layer = super().from_config(known)
        if learned is not None:
            layer.bin_boundaries = _checked(learned)
        return layer


def _checked(boundaries: Any) -> list[float]:
    values = np.asarray(boundaries)
    if values.ndim != 1 or values.dtype.kind not in "fiu" or (np.diff(values) < 0).any():
        raise InvalidArgumentError(
            f"bin_boundaries is a list of numbers in rising order; got {boundaries!r:.80}"
        )
    found: list[float] = values.tolist()
    return found


# Quantiles of a stream: values, and how many of the data each stands for ------------------------


def _nothing() -> Array:
    return np.empty((2, 0), np.float32)


def _summarize(values: Array, epsilon: float) -> Array:
    """About 1 / ε of the sorted values, equally far apart, with their weights."""
    ordered = np.sort(values, axis=None)
    step = max(ordered.size / (1.0 / epsilon), 1)
    chosen = ordered[int(step - 1) :: int(step)]
    return np.stack([chosen, np.full_like(chosen, step)])


def _compress(summary: Array, epsilon: float) -> Array:
    """A summary by about 1 / ε values, interpolated between shares of the total weight."""
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    total = summary[1].cumsum()
    reached = total / total[-1]
    values = np.interp(shares, reached, summary[0])
    counts = np.interp(shares, reached, total)
    weights = np.diff(counts, prepend=0)
    return np.stack((values, weights)).astype(np.float32)
