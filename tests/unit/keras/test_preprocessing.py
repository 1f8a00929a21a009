"""keras.preprocessing: what is about numbers is there, images and texts say why not."""

from __future__ import annotations

import pytest

from lamina import keras


def test_sequences_of_numbers() -> None:
    assert keras.preprocessing.sequence.pad_sequences is keras.utils.pad_sequences
    found = keras.preprocessing.sequence.pad_sequences([[1], [2, 3]])
    assert found.tolist() == [[0, 1], [2, 3]]


@pytest.mark.parametrize(
    ("name", "message"),
    [("image", "Pillow"), ("text_dataset_from_directory", "texts"), ("sequenc", "mean 'sequence'")],
)
def test_the_rest_says_why_not(name: str, message: str) -> None:
    with pytest.raises(AttributeError, match=message):
        getattr(keras.preprocessing, name)
    with pytest.raises(AttributeError, match="no 'TimeseriesGenerator'"):
        _ = keras.preprocessing.sequence.TimeseriesGenerator
