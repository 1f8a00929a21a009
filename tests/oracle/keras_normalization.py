"""Normalization layers to check."""

from __future__ import annotations

from tests.oracle.keras_layers import Row

_RENORM = {"renorm": True, "renorm_clipping": {"rmax": 3.0, "rmin": 0.3, "dmax": 5.0}}

ROWS: dict[str, list[Row]] = {
    "BatchNormalization": [
        Row({}, (6, 3)),
        Row({"axis": 1, "momentum": 0.9, "scale": False, "gamma_regularizer": "l2"}, (5, 4, 3)),
        Row({"center": False, "epsilon": 0.01, "moving_mean_initializer": "ones"}, (6, 3)),
        Row({}, (5, 4, 3), masks=(True,)),
        Row({**_RENORM, "moving_variance_initializer": "ones"}, (6, 3)),
    ],
    "LayerNormalization": [
        Row({}, (6, 4)),
        Row({}, (5, 4, 3), masks=(True,)),
        Row({"axis": [-1, 1], "gamma_initializer": "random_normal"}, (5, 3, 4)),
        Row({"axis": 1, "scale": False, "beta_initializer": "ones"}, (5, 3, 4)),
        Row({"center": False, "epsilon": 1e-5, "gamma_constraint": "non_neg"}, (6, 4)),
    ],
    "GroupNormalization": [
        Row({"groups": 2}, (6, 4)),
        Row({"groups": -1, "beta_initializer": "ones"}, (5, 3, 4)),
        Row({"groups": 3, "axis": 1, "gamma_initializer": "random_normal"}, (5, 6, 4)),
    ],
    "RMSNormalization": [
        Row({}, (6, 4)),
        Row({"axis": [1, 2], "epsilon": 1e-3}, (5, 3, 4)),
    ],
    "SpectralNormalization": [
        Row({"layer": {"class_name": "Dense", "config": {"units": 4}}}, (6, 3)),
    ],
    "UnitNormalization": [Row({}, (6, 4)), Row({"axis": [1, -1]}, (5, 3, 4))],
}
