"""What a data set is handed out as: plain NumPy arrays with their names."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


class Examples:
    """Rows with named features and one target: `features, target = examples`.

    `features` is float32 of shape (rows, columns), `target` int32 of shape (rows,).
    """

    __slots__ = ("description", "feature_names", "features", "target", "target_name")

    def __init__(
        self,
        features: np.ndarray,
        target: np.ndarray,
        feature_names: tuple[str, ...],
        target_name: str,
        description: str = "",
    ) -> None:
        self.features = features
        self.target = target
        self.feature_names = feature_names
        self.target_name = target_name
        self.description = description

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter((self.features, self.target))

    def __repr__(self) -> str:
        rows, columns = self.features.shape
        return f"<Examples: {rows} rows, {columns} features, target {self.target_name!r}>"

    def columns(self) -> dict[str, np.ndarray]:
        """Every column by name, the target last: `pandas.DataFrame(examples.columns())`."""
        named = dict(zip(self.feature_names, self.features.T))
        return {**named, self.target_name: self.target}
