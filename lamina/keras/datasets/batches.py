"""The archives of CIFAR: batches of pictures of 3 × 32 × 32, pickled, read without running them."""

from __future__ import annotations

import io
import tarfile
from typing import Any

import numpy as np

from ...core.dtypes import Array
from ...core.errors import DataLossError
from ..settings import image_data_format
from .files import ArrayUnpickler


def batches(content: bytes, names: list[str], label: str) -> tuple[Array, Array]:
    """Pictures and labels (rows, 1) of the batches `names` in an archive, both uint8."""
    images, labels = [], []
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for name in names:
            file = archive.extractfile(name)
            if file is None:
                raise DataLossError(f"{name} is no file")
            batch: dict[bytes, Any] = ArrayUnpickler(file, encoding="bytes").load()
            images.append(np.asarray(batch[b"data"], np.uint8).reshape(-1, 3, 32, 32))
            labels.append(np.asarray(batch[label.encode()], np.uint8).reshape(-1, 1))
    pictures = np.concatenate(images)
    if image_data_format() == "channels_last":
        pictures = pictures.transpose(0, 2, 3, 1)
    return pictures, np.concatenate(labels)
