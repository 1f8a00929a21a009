"""Keras's metrics beside ours: for each name, arguments and the kind of sample to compare on.

Every metric that lamina registers needs a row; the contract suite says so.
"""

from __future__ import annotations

from typing import Any

RELATIVE, ABSOLUTE = 1e-5, 1e-6

Row = tuple[str, dict[str, Any]]

_COUNTS: list[Row] = [
    ("chances", {}),
    ("flat chance", {"thresholds": 0.3}),
    ("chance", {"thresholds": [0.2, 0.8, 0.5]}),
    ("chance", {"thresholds": [number / 12 for number in range(13)]}),
]
_SHARES: list[Row] = [
    *_COUNTS,
    ("onehot", {"top_k": 2}),
    ("onehot", {"class_id": 1}),
    ("onehot", {"class_id": 1, "top_k": 2}),
]

ROWS: dict[str, list[Row]] = {
    "Accuracy": [("equal or not", {})],
    "BinaryAccuracy": [("chances", {}), ("flat chance", {"threshold": 0.3})],
    "CategoricalAccuracy": [("onehot", {})],
    "SparseCategoricalAccuracy": [("classes", {}), ("class column", {})],
    "TopKCategoricalAccuracy": [("onehot", {"k": 2})],
    "SparseTopKCategoricalAccuracy": [
        ("classes", {"k": 2}),
        ("ranked", {"k": 2, "from_sorted_ids": True}),
    ],
    "TruePositives": _COUNTS,
    "FalsePositives": _COUNTS,
    "TrueNegatives": _COUNTS,
    "FalseNegatives": _COUNTS,
    "Precision": _SHARES,
    "Recall": _SHARES,
    "AUC": [
        ("chance", {}),
        ("chances", {}),
        ("flat chance", {"num_thresholds": 7}),
        ("chance", {"curve": "PR"}),
        ("chance", {"curve": "PRGAIN"}),
        ("chance", {"curve": "PR", "summation_method": "majoring"}),
        ("chance", {"summation_method": "minoring", "num_thresholds": 11}),
        ("chance", {"thresholds": [0.9, 0.25, 0.6]}),
        ("logits", {"from_logits": True}),
        ("chances", {"multi_label": True}),
        ("chances", {"multi_label": True, "num_labels": 3, "label_weights": [1.0, 2.0, 0.5]}),
        ("chances", {"multi_label": True, "curve": "PR", "num_thresholds": 5}),
        ("chances", {"label_weights": [1.0, 2.0, 0.5]}),
    ],
    "SensitivityAtSpecificity": [("chance", {"specificity": 0.4})],
    "SpecificityAtSensitivity": [("chance", {"sensitivity": 0.6, "num_thresholds": 20})],
    "PrecisionAtRecall": [("chance", {"recall": 0.5}), ("onehot", {"recall": 0.5, "class_id": 2})],
    "RecallAtPrecision": [("chance", {"precision": 0.6}), ("chance", {"precision": 0.5,
                                                                       "num_thresholds": 1})],
    "MeanSquaredError": [("numbers", {})],
    "RootMeanSquaredError": [("numbers", {})],
    "MeanAbsoluteError": [("numbers", {})],
    "MeanAbsolutePercentageError": [("numbers", {})],
    "MeanSquaredLogarithmicError": [("positive", {})],
    "CosineSimilarity": [("numbers", {}), ("numbers", {"axis": -1})],
    "LogCoshError": [("numbers", {})],
    "PearsonCorrelation": [("numbers", {})],
    "ConcordanceCorrelation": [("numbers", {})],
    "R2Score": [
        ("numbers", {}),
        ("numbers", {"class_aggregation": "variance_weighted_average"}),
        ("numbers", {"class_aggregation": None}),
        ("numbers", {"num_regressors": 3}),
    ],
    "F1Score": [("onehot", {}), ("chances", {"average": "micro", "threshold": 0.4})],
    "FBetaScore": [
        ("onehot", {"beta": 2.0, "average": "weighted"}),
        ("chances", {"beta": 0.5, "average": "macro", "threshold": 0.5}),
    ],
    "Hinge": [("signs", {}), ("logits", {})],
    "SquaredHinge": [("signs", {})],
    "CategoricalHinge": [("onehot logits", {})],
    "KLDivergence": [("shares", {})],
    "Poisson": [("positive", {})],
    "BinaryCrossentropy": [
        ("chances", {}),
        ("logits", {"from_logits": True, "label_smoothing": 0.1}),
    ],
    "CategoricalCrossentropy": [
        ("onehot", {}),
        ("onehot logits", {"from_logits": True, "label_smoothing": 0.1}),
    ],
    "SparseCategoricalCrossentropy": [
        ("classes", {}),
        ("classes logits", {"from_logits": True}),
        ("classes", {"ignore_class": 2}),
    ],
    "IoU": [
        ("two classes", {"num_classes": 3, "target_class_ids": [0, 2]}),
        ("two classes", {"num_classes": 3, "target_class_ids": [1], "ignore_class": 0,
                         "dtype": "float32"}),
    ],
    "BinaryIoU": [("chance", {}), ("flat chance", {"threshold": 0.3, "target_class_ids": [1]})],
    "MeanIoU": [("two classes", {"num_classes": 4}),
                ("classes", {"num_classes": 4, "sparse_y_pred": False})],
    "OneHotIoU": [("onehot", {"num_classes": 4, "target_class_ids": [0, 3]})],
    "OneHotMeanIoU": [("onehot", {"num_classes": 4, "dtype": "float32"})],
}  # fmt: skip

# These take single values instead of targets and predictions.
OF_VALUES = ("Mean", "Sum")
# These are made by tests of their own: bases and what wraps a function.
ABSTRACT = ("Metric", "MeanMetricWrapper")
