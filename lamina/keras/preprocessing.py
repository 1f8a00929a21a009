"""keras.preprocessing: sequences of numbers; images and texts are outside of what lamina is for."""

from __future__ import annotations

from ..core.outside import lacking
from ..core.spaces import Space
from .utils import pad_sequences, timeseries_dataset_from_array

sequence = Space("lamina.keras.preprocessing.sequence", pad_sequences=pad_sequences)

__all__ = ["sequence", "timeseries_dataset_from_array"]

__getattr__ = lacking("keras.preprocessing", __all__)
