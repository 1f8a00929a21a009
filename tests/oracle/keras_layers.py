"""Layers to check: constructor arguments, and what a layer is called on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Shape = tuple[int, ...]


class Row(NamedTuple):
    """One layer with arguments, and the shape of its input, or of each of several.

    `classes`: the inputs are integers below it. `masks`: for each input, whether a mask comes with
    it. `zeros`: some steps of the inputs are all zeros. `smooth` is False where finite differences
    mean nothing. A `layer` among the arguments is a configuration, `layers` are.
    """

    arguments: dict[str, Any]
    shape: Shape | list[Shape]
    adapts: bool = False
    classes: int = 0
    masks: tuple[bool, ...] = ()
    zeros: bool = False
    smooth: bool = True


_TWO: list[Shape] = [(6, 4, 3), (6, 4, 3)]
_THREE: list[Shape] = [(6, 3), (6, 3), (6, 3)]
_SPREAD: list[Shape] = [(6, 4, 3), (6, 3)]
_MERGED = [Row({}, _THREE), Row({}, _SPREAD), Row({}, [(6, 4, 1), (6, 1, 3)])]
_MERGED_MASKS = [Row({}, _TWO, masks=(True, True)), Row({}, _TWO, masks=(False, True))]

ROWS: dict[str, list[Row]] = {
    "Dense": [
        Row({"units": 4}, (6, 3)),
        Row({"units": 4, "activation": "relu", "use_bias": False}, (6, 3)),
        Row(
            {
                "units": 2,
                "activation": "tanh",
                "kernel_regularizer": "l2",
                "bias_initializer": "ones",
                "kernel_constraint": "max_norm",
            },
            (4, 5, 3),
            masks=(True,),
        ),
    ],
    "EinsumDense": [
        Row({"equation": "ab,bc->ac", "output_shape": 4, "bias_axes": "c"}, (6, 3)),
        Row(
            {
                "equation": "abc,cd->abd",
                "output_shape": (None, 4),
                "bias_axes": "d",
                "activation": "tanh",
                "kernel_regularizer": "l2",
                "kernel_constraint": "max_norm",
                "bias_initializer": "ones",
            },
            (5, 2, 3),
        ),
        Row({"equation": "...x,xy->...y", "output_shape": 4, "bias_axes": "y"}, (5, 2, 3)),
        Row(
            {"equation": "abc,cde->abde", "output_shape": (2, 4, 5), "bias_axes": "bde"}, (5, 2, 3)
        ),
        Row({"equation": "abc,cde->abde", "output_shape": (2, 4, 5), "bias_axes": "d"}, (5, 2, 3)),
        Row({"equation": "ab,bcd->acd", "output_shape": (2, 4), "bias_axes": "cd"}, (6, 3)),
        Row({"equation": "bfnh,nhd->bfd", "output_shape": (2, 5)}, (4, 2, 3, 2)),
        Row({"equation": "a,b->ab", "output_shape": 3, "bias_axes": "b"}, (4,)),
        Row({"equation": "ab,b->a", "output_shape": ()}, (4, 3)),
        Row({"equation": "...bc,bc->...b", "output_shape": 3}, (4, 3, 2)),
        Row({"equation": "bc...,cd->bd...", "output_shape": 4, "bias_axes": "d"}, (5, 2, 3)),
        Row(
            {"equation": "bc...,cde->bde...", "output_shape": (4, 2), "bias_axes": "de"},
            (5, 2, 3, 2),
        ),
    ],
    "Embedding": [
        Row({"input_dim": 7, "output_dim": 3}, (6,), classes=7),
        Row({"input_dim": 7, "output_dim": 3, "mask_zero": True}, (6, 4), classes=3),
        Row(
            {
                "input_dim": 5,
                "output_dim": 2,
                "embeddings_initializer": "normal",
                "embeddings_regularizer": "l2",
                "embeddings_constraint": "unit_norm",
            },
            (6, 2, 3),
            classes=5,
        ),
    ],
    "ReversibleEmbedding": [
        Row({"input_dim": 7, "output_dim": 3, "mask_zero": True}, (6, 4), classes=3),
        Row(
            {
                "input_dim": 7,
                "output_dim": 3,
                "tie_weights": False,
                "logit_soft_cap": 2.0,
                "reverse_dtype": "float32",
            },
            (6, 4),
            classes=3,
        ),
    ],
    # Activations
    "Activation": [
        Row({"activation": "softmax"}, (5, 4)),
        Row({"activation": "elu"}, (5, 4, 2), masks=(True,)),
    ],
    "ReLU": [
        Row({}, (5, 4)),
        Row({"max_value": 2.0, "negative_slope": 0.1, "threshold": 0.5}, (5, 4), masks=(True,)),
    ],
    "LeakyReLU": [Row({}, (5, 4)), Row({"negative_slope": 0.1}, (5, 4, 2), masks=(True,))],
    "PReLU": [
        Row({"alpha_initializer": "ones"}, (5, 4)),
        Row(
            {
                "alpha_initializer": {
                    "class_name": "RandomUniform",
                    "config": {"minval": 0.1, "maxval": 0.5, "seed": 1},
                },
                "alpha_regularizer": "l2",
                "alpha_constraint": "non_neg",
                "shared_axes": [1],
            },
            (5, 4, 3),
            masks=(True,),
        ),
        Row({"alpha_initializer": "ones", "shared_axes": 2}, (5, 4, 3)),
    ],
    "ELU": [Row({}, (5, 4)), Row({"alpha": 0.3}, (5, 4, 2), masks=(True,))],
    "Softmax": [
        Row({}, (5, 4)),
        Row({"axis": 1}, (5, 4, 3)),
        Row({"axis": [1, 2]}, (5, 4, 3)),
        Row({"axis": -2}, (5, 4, 1)),
        Row({}, (5, 4), masks=(True,)),
    ],
    # Regularization
    "Dropout": [
        Row({"rate": 0.4, "seed": 3}, (7, 5)),
        Row({"rate": 0, "noise_shape": (None, 1)}, (7, 5, 2), masks=(True,)),
    ],
    "SpatialDropout1D": [Row({"rate": 0.4, "seed": 3}, (4, 5, 2), masks=(True,))],
    "AlphaDropout": [
        Row({"rate": 0.4, "noise_shape": [None, 1]}, (7, 5)),
        Row({"rate": 0.0}, (7, 5)),
    ],
    "GaussianDropout": [Row({"rate": 0.4, "seed": 3}, (7, 5))],
    "GaussianNoise": [Row({"stddev": 0.4, "seed": 3}, (7, 5, 2), masks=(True,))],
    "ActivityRegularization": [Row({"l1": 0.1, "l2": 0.2}, (7, 5))],
    # Masks
    "Identity": [Row({}, (5, 4, 2), masks=(True,))],
    "Masking": [
        Row({}, (5, 4, 2), zeros=True, smooth=False),
        Row({"mask_value": 1.0}, (5, 4, 2), classes=2, smooth=False),
    ],
    # Wrapping
    "TimeDistributed": [
        Row(
            {"layer": {"class_name": "Dense", "config": {"units": 4, "activation": "tanh"}}},
            (5, 4, 3),
        ),
        Row(
            {"layer": {"class_name": "GlobalAveragePooling1D", "config": {}}},
            (5, 2, 4, 3),
            masks=(True,),
        ),
    ],
    "Pipeline": [
        Row(
            {
                "layers": [
                    {"class_name": "Dense", "config": {"units": 4, "activation": "tanh"}},
                    {"class_name": "Softmax", "config": {}},
                ]
            },
            (5, 3),
        ),
    ],
    # Merging
    "Add": [*_MERGED, *_MERGED_MASKS],
    "Subtract": [Row({}, _SPREAD), *_MERGED_MASKS],
    "Multiply": [*_MERGED, *_MERGED_MASKS],
    "Average": [*_MERGED, *_MERGED_MASKS],
    "Maximum": [*_MERGED, *_MERGED_MASKS],
    "Minimum": [*_MERGED, *_MERGED_MASKS],
    "Concatenate": [
        Row({}, _THREE),
        Row({"axis": 1}, [(6, 4, 3), (6, 2, 3)]),
        Row({}, [(6, 4, 3), (6, 4, 1)], masks=(True, False)),
        Row({"axis": 1}, _TWO, masks=(True, True)),
    ],
    "Dot": [
        Row({"axes": 1}, [(6, 3), (6, 3)]),
        Row({"axes": -1, "normalize": True}, [(6, 3), (6, 3)]),
        Row({"axes": 2}, [(6, 4, 3), (6, 5, 3)]),
        Row({"axes": (1, 2)}, [(6, 4, 3), (6, 2, 4)]),
        Row({"axes": (1, 1), "normalize": True}, [(6, 3), (6, 3, 2)]),
        Row({"axes": (2, 1)}, [(6, 2, 3, 4), (6, 3)]),
    ],
    # Reshaping
    "Flatten": [
        Row({}, (4, 3, 2)),
        Row({}, (4,)),
        Row({"data_format": "channels_first"}, (4, 3, 2)),
    ],
    "Reshape": [
        Row({"target_shape": (2, 3)}, (4, 6)),
        Row({"target_shape": [3, -1]}, (4, 2, 6)),
        Row({"target_shape": (-1,)}, (4, 2, 3)),
    ],
    "Permute": [Row({"dims": (2, 1)}, (4, 3, 2)), Row({"dims": [3, 1, 2]}, (4, 3, 2, 5))],
    "RepeatVector": [Row({"n": 3}, (4, 2))],
    "UpSampling1D": [Row({}, (4, 3, 2)), Row({"size": 3}, (4, 3, 2))],
    "Cropping1D": [
        Row({}, (4, 5, 2)),
        Row({"cropping": 2}, (4, 5, 2)),
        Row({"cropping": (0, 2)}, (4, 5, 2)),
    ],
    "ZeroPadding1D": [
        Row({}, (4, 5, 2)),
        Row({"padding": (0, 2)}, (4, 5, 2)),
        Row({"padding": (2, 1), "data_format": "channels_first"}, (4, 5, 2)),
    ],
    # Pooling
    "GlobalAveragePooling1D": [
        Row({}, (4, 5, 2)),
        Row({}, (4, 5, 2), masks=(True,)),
        Row({"keepdims": True}, (4, 5, 2), masks=(True,)),
        Row({"data_format": "channels_first", "keepdims": True}, (4, 5, 2)),
    ],
    "GlobalMaxPooling1D": [
        Row({}, (4, 5, 2)),
        Row({"data_format": "channels_first", "keepdims": True}, (4, 5, 2)),
    ],
    # Preprocessing
    "Normalization": [
        Row({"mean": [1.5], "variance": [4.0]}, (9, 1)),
        Row({}, (9, 3), adapts=True),
        Row({"axis": None}, (9, 3), adapts=True),
        Row({"mean": [1.0, 2.0, 3.0], "variance": [4.0, 5.0, 6.0], "invert": True}, (9, 3)),
    ],
}

WITHOUT_A_ROW = {
    **dict.fromkeys(
        ("HashedCrossing", "Hashing", "IntegerLookup", "StringLookup"),
        "needs TensorFlow in Keras; tests/contract/test_lookups.py",
    ),
    "Lambda": "computes what it is given; tests/unit/keras/test_wrapping.py",
    "Layer": "the base class computes nothing",
    "Wrapper": "the base of wrappers computes nothing",
    "InputLayer": "is fed, not called; tests/unit/keras/test_models.py",
}

WITHOUT_A_NEXT_STEP = {
    **dict.fromkeys(
        ("AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise", "SpatialDropout1D"),
        "draws numbers in training, and not those of Keras",
    ),
    "SpectralNormalization": "sets its kernel in call, which Keras forgets on JAX",
}
"""Layers after whose training step weights need not be those of Keras."""


def inputs(row: Row) -> Any:
    """A batch of the row's shape, or a list of them."""
    several = isinstance(row.shape, list)
    shapes: Any = row.shape if several else [row.shape]
    arrays = [_batch(row, shape, number) for number, shape in enumerate(shapes)]
    return arrays if several else arrays[0]


def _batch(row: Row, shape: Shape, number: int) -> np.ndarray:
    draw = np.random.default_rng([number, len(shape)])
    if row.classes:
        return draw.integers(0, row.classes, shape).astype(np.int32)
    x = draw.normal(1, 2, shape).astype(np.float32)
    if row.zeros:
        x[draw.random(shape[:-1]) < 0.4] = 0
    return x


def masks(row: Row) -> list[Any]:
    """For each input the mask that comes with it, or None; no row of a mask is empty."""
    shapes: Any = row.shape if isinstance(row.shape, list) else [row.shape]
    given = row.masks or (False,) * len(shapes)
    return [
        _mask(shape, number) if wanted else None
        for number, (shape, wanted) in enumerate(zip(shapes, given, strict=True))
    ]


def _mask(shape: Shape, number: int) -> np.ndarray:
    steps = shape[:-1] if len(shape) > 2 else shape
    mask = np.random.default_rng([7, number]).random(steps) < 0.6
    mask[:, 0] = True
    return mask
