"""keras.Function: what lies between symbolic tensors, without being a model."""

from __future__ import annotations

from typing import Any

from ..core import nest
from ..tensor.convert import to_tensor
from .models.functional import Functional
from .naming import unique_name


class Function:
    """A function from values of `inputs` to values of `outputs` (single ones, lists or dicts).

    Unlike a `Model` it has no weights, no training and no files of its own.
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
        self.name = name or unique_name(type(self).__name__)
        self._model = Functional(inputs, outputs)
        self._is_list_of_one = isinstance(outputs, (list, tuple)) and len(outputs) == 1

    @property
    def inputs(self) -> list[Any]:
        return self._model.inputs

    @property
    def outputs(self) -> list[Any]:
        return self._model.outputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes of the results for inputs of these shapes."""
        return self._model.compute_output_shape(input_shape)

    def call(self, inputs: Any) -> Any:
        """The results for `inputs`."""
        found = self._model(nest.map_structure(to_tensor, inputs))
        return [found] if self._is_list_of_one else found  # a model gives that one itself

    __call__ = call
