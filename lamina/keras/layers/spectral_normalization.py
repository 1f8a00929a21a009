"""Weights divided by their largest singular value."""

from __future__ import annotations

from typing import Any

from ...core.errors import InvalidArgumentError
from ...ops import array, gradients, linalg, math
from ..configurable import register
from ..initializers import TruncatedNormal
from .input_spec import InputSpec
from .wrapping import Wrapper


@register("keras.layers")
class SpectralNormalization(Wrapper):
    """A layer whose kernel W becomes W / σ at each step of training, σ its spectral norm.

    σ = v W uᵀ after `power_iterations` of v ← u Wᵀ / ‖u Wᵀ‖, u ← v W / ‖v W‖; u is kept from step
    to step. The layer has a `kernel` or, as Embedding, `embeddings`. A kernel of zeros stays.

    Source: T. Miyato et al., "Spectral normalization for generative adversarial networks",
    arXiv:1802.05957.
    """

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        if power_iterations <= 0:
            raise InvalidArgumentError(
                f"power_iterations is a positive number; got {power_iterations!r}"
            )
        self.power_iterations = power_iterations

    def build(self, input_shape: Any = None) -> None:
        """Build the layer inside, and make u."""
        super().build(input_shape)
        if input_shape:
            self.input_spec = InputSpec(min_ndim=1, axes={-1: input_shape[-1]})
        names = [name for name in ("kernel", "embeddings") if hasattr(self.layer, name)]
        if not names:
            raise InvalidArgumentError(
                f"SpectralNormalization needs a layer with a kernel or embeddings; "
                f"{type(self.layer).__name__} has neither"
            )
        self.kernel = getattr(self.layer, names[0])
        self.vector_u = self.add_weight(
            name="vector_u",
            shape=(1, self.kernel.shape[-1]),
            initializer=TruncatedNormal(stddev=0.02),
            dtype=self.kernel.dtype,
            trainable=False,
        )

    def call(self, inputs: Any, training: Any = False) -> Any:
        """What the layer inside gives; in training, its kernel is normalized first."""
        if training:
            vector, kernel = self.normalized_weights()
            self.vector_u.assign(vector)
            self.kernel.assign(kernel)
        outputs = self.layer(inputs)
        # Keras casts the vectors of an Embedding to the dtype of its indices, which makes them 0.
        return outputs if inputs.spec.dtype.kind != "f" else array.cast(outputs, inputs.dtype)

    def normalized_weights(self) -> tuple[Any, Any]:
        """The next u, and the kernel divided by its spectral norm; both without gradient."""
        shape = tuple(self.kernel.shape)
        kernel = gradients.stop_gradient(self.kernel)
        matrix = array.reshape(kernel, (-1, shape[-1]))
        u = gradients.stop_gradient(self.vector_u)
        for _ in range(self.power_iterations):
            v = _unit(linalg.matmul(u, matrix, transpose_b=True))
            u = _unit(linalg.matmul(v, matrix))
        sigma = math.reduce_sum(linalg.matmul(v, matrix) * u)
        empty = math.reduce_all(math.equal(matrix, 0.0))
        divided = kernel / array.where(empty, 1.0, sigma)
        return array.where(empty, self.vector_u, u), divided


def _unit(x: Any) -> Any:
    return x * math.minimum(math.rsqrt(math.reduce_sum(x * x)), 1e7)
