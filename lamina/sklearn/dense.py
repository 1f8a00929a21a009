"""Dense networks as estimators: everything is said in the constructor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.dtypes import Array
from ..core.errors import InvalidArgumentError
from ..keras import losses, optimizers
from ..keras.callbacks import Callback, EarlyStopping
from ..keras.optimizers.schedules import LearningRateSchedule
from . import network, parameters
from .estimator import NetworkClassifier, NetworkEstimator, NetworkRegressor
from .targets import OF_UNIT, loss_name, moments

_FULL_BATCH = 200
Named = str | Callable[..., Any]
"""What is meant by its name, or given as it is."""


class _Dense(NetworkEstimator):
    """What the two dense estimators share."""

    layers: Any
    activation: Any
    dropout: Any
    batch_normalization: bool
    initializer: Any
    l1: float
    l2: float
    standardize: bool
    loss: Any
    optimizer: Any
    learning_rate: Any
    metrics: Any
    early_stopping: bool
    validation_fraction: float
    patience: int
    tol: float | None

    _score: str

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train on rows and their targets; with `warm_start`, on from the last training."""
        goes_on = self.warm_start and hasattr(self, "model_")
        return self._fit(X, y, sample_weight, epochs=self.epochs, goes_on=goes_on)

    def _check(self) -> None:
        values = vars(self).copy()
        units = network.hidden_layers(self.layers)
        values["layers"] = units
        for name in ("activation", "dropout"):
            values[name] = parameters.for_each(getattr(self, name), len(units), name)
        parameters.check(values, type(self).__name__)
        optimizers.get(self.optimizer)
        losses.get(self._loss())

    def _loss(self) -> Any:
        """The loss that is meant, where a name stands for it before the target is known."""
        return None if self.loss == "auto" else self.loss

    def _rows_in_batch(self, rows: int) -> int:
        return min(rows, _FULL_BATCH) if self.batch_size == "auto" else int(self.batch_size)

    def _network_for(self, x: Array, weights: Array | None, outputs: int, activation: Any) -> Any:
        """The network, its first layer knowing how features are scaled."""
        made = network.build(self, x.shape[1], outputs, activation)
        if self.standardize:
            network.standardize(made.layers[0], *moments(x, weights), x.shape[0])
        return made

    def _held_out(self) -> float:
        return self.validation_fraction if self.early_stopping else 0.0

    def _own_callbacks(self, validates: bool) -> list[Any]:
        if self.tol is None and not validates:
            return []
        monitor, least = "val_loss" if validates else "loss", self.tol or 0.0
        stopping = EarlyStopping(
            monitor, least, self.patience, mode="min", restore_best_weights=validates
        )
        return [stopping]


class DenseClassifier(_Dense, NetworkClassifier):
    """A dense network that gives classes: of two, of many, or several at once.

    Parameters
    ----------
    layers : units of each hidden layer.
    activation : its name or a function; a list gives one for each hidden layer.
    dropout : share of units dropped after each hidden layer in training; a list gives one each.
    batch_normalization : whether hidden layers normalize each batch before their activation.
    initializer : of the kernels.
    l1, l2 : penalties of all kernels: the sum of absolute values, and of squares.
    standardize : whether the network scales features to mean 0 and variance 1 of the rows of the
        first training. The scaling is its first layer: `model_` takes features as they are.
    loss : its name, a `Loss` or a function of targets and outputs.
        "auto" is the cross-entropy of two or of many classes. Targets are 0 and 1 in one column
        for two classes, else a column a class; class numbers for losses named "sparse_…".
    class_weight : None, a dict from labels to weights, or "balanced": each class counts alike.
    optimizer : its name or an `Optimizer`, of which each training has a fresh copy.
    learning_rate : a number or a schedule; None is the optimizer's own.
    batch_size : rows in a step; "auto" is 200, or all where there are fewer.
    epochs : passes over the rows, at most.
    metrics : measured in each epoch beside the loss and accuracy; in `history_`.
    early_stopping : whether `validation_fraction` of the rows is kept to validate on. Training
        then ends by the loss on these, with the weights of the best epoch.
    patience, tol : training ends after so many epochs in which the loss did not improve by `tol`.
        With None, only early stopping ends it before `epochs`.
    warm_start : whether `fit` goes on from the last training.
    callbacks : of Keras's kind, heard in each training.
    random_state : an integer or a RandomState makes weights, order of rows and dropout repeatable.
    verbose : 0 for none, 1 for a progress bar, 2 for a line an epoch.

    Attributes
    ----------
    model_ : the trained `lamina.keras` model, for `save`, `predictor` and so on.
    history_ : a list of values, one an epoch, for each measure. `loss_curve_`, `best_loss_` and
        `validation_scores_` (accuracy) are taken from it.
    n_iter_ : epochs trained.
    n_features_in_, feature_names_in_, n_outputs_, out_activation_, classes_ : as in scikit-learn.

    Errors: scikit-learn's for data that do not fit; InvalidArgumentError for a parameter;
    DivergedError where the loss becomes infinite or NaN.

    Example:
        DenseClassifier((64, 32), dropout=0.2, class_weight="balanced").fit(X, y)
    """

    _score = "accuracy"

    def __init__(
        self,
        layers: int | Sequence[int] = (64, 32),
        *,
        activation: Named | Sequence[Named] = "relu",
        dropout: float | Sequence[float] = 0.0,
        batch_normalization: bool = False,
        initializer: Named = "glorot_uniform",
        l1: float = 0.0,
        l2: float = 0.0,
        standardize: bool = True,
        loss: Named = "auto",
        class_weight: dict[Any, float] | str | None = None,
        optimizer: str | optimizers.Optimizer = "adam",
        learning_rate: float | LearningRateSchedule | None = None,
        batch_size: int | str = "auto",
        epochs: int = 200,
        metrics: Any | Sequence[Any] = (),
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        tol: float | None = 1e-4,
        warm_start: bool = False,
        callbacks: Sequence[Callback] | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int | str = 0,
    ) -> None:
        self._take(locals())

    def _make(self, x: Array, y: Array, weights: Array | None) -> None:
        labels, loss = self._target, self.loss
        if loss == "auto":
            many = "binary" if labels.several or labels.is_binary else "categorical"
            loss = f"{many}_crossentropy"
        if getattr(loss, "from_logits", False):
            raise InvalidArgumentError(
                f"the loss of a {type(self).__name__} is given probabilities; got "
                f"{type(loss).__name__}(from_logits=True): leave from_logits out"
            )
        single = labels.is_binary and not loss_name(loss).startswith(("categorical", "sparse"))
        self.n_outputs_ = 1 if single else len(labels.classes)
        self.out_activation_ = "sigmoid" if single or labels.several else "softmax"
        self._network = self._network_for(x, weights, self.n_outputs_, self.out_activation_)
        self.model_ = self._network
        network.compile_network(self._network, self, loss, self._score)


class DenseRegressor(_Dense, NetworkRegressor):
    """A dense network that gives numbers, one or several a row.

    Parameters
    ----------
    layers : units of each hidden layer.
    activation : its name or a function; a list gives one for each hidden layer.
    output_activation : of the last layer.
    dropout : share of units dropped after each hidden layer in training; a list gives one each.
    batch_normalization : whether hidden layers normalize each batch before their activation.
    initializer : of the kernels.
    l1, l2 : penalties of all kernels: the sum of absolute values, and of squares.
    standardize : whether the network scales features to mean 0 and variance 1 of the rows of the
        first training. The scaling is its first layer: `model_` takes features as they are.
    standardize_target : whether the network is trained on targets of mean 0 and variance 1. "auto"
        does so for the squared and the absolute error, whose scale alone depends on the unit, with
        a linear output. Predictions are in the unit of the target either way.
    loss : its name, a `Loss` or a function of targets and outputs.
    optimizer : its name or an `Optimizer`, of which each training has a fresh copy.
    learning_rate : a number or a schedule; None is the optimizer's own.
    batch_size : rows in a step; "auto" is 200, or all where there are fewer.
    epochs : passes over the rows, at most.
    metrics : measured in each epoch beside the loss and R²; in `history_`.
    early_stopping : whether `validation_fraction` of the rows is kept to validate on. Training
        then ends by the loss on these, with the weights of the best epoch.
    patience, tol : training ends after so many epochs in which the loss did not improve by `tol`.
        With None, only early stopping ends it before `epochs`.
    warm_start : whether `fit` goes on from the last training.
    callbacks : of Keras's kind, heard in each training.
    random_state : an integer or a RandomState makes weights, order of rows and dropout repeatable.
    verbose : 0 for none, 1 for a progress bar, 2 for a line an epoch.

    Attributes
    ----------
    model_ : the trained `lamina.keras` model, for `save`, `predictor` and so on.
    history_ : a list of values, one an epoch, for each measure. `loss_curve_`, `best_loss_` and
        `validation_scores_` (R²) are taken from it.
    n_iter_ : epochs trained.
    n_features_in_, feature_names_in_, n_outputs_, out_activation_ : as in scikit-learn.

    Errors: scikit-learn's for data that do not fit; InvalidArgumentError for a parameter;
    DivergedError where the loss becomes infinite or NaN.

    Example:
        DenseRegressor(loss="poisson", output_activation="exponential").fit(X, counts)
    """

    _score = "r2_score"

    def __init__(
        self,
        layers: int | Sequence[int] = (64, 32),
        *,
        activation: Named | Sequence[Named] = "relu",
        output_activation: Named = "linear",
        dropout: float | Sequence[float] = 0.0,
        batch_normalization: bool = False,
        initializer: Named = "glorot_uniform",
        l1: float = 0.0,
        l2: float = 0.0,
        standardize: bool = True,
        standardize_target: bool | str = "auto",
        loss: Named = "mean_squared_error",
        optimizer: str | optimizers.Optimizer = "adam",
        learning_rate: float | LearningRateSchedule | None = None,
        batch_size: int | str = "auto",
        epochs: int = 200,
        metrics: Any | Sequence[Any] = (),
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        tol: float | None = 1e-4,
        warm_start: bool = False,
        callbacks: Sequence[Callback] | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int | str = 0,
    ) -> None:
        self._take(locals())

    def _make(self, x: Array, y: Array, weights: Array | None) -> None:
        scale = self._target
        self.n_outputs_, self.out_activation_ = len(scale.centre), self.output_activation
        self._network = self._network_for(x, weights, self.n_outputs_, self.output_activation)
        network.compile_network(self._network, self, self.loss, self._score)
        self.model_ = self._whole()

    def _whole(self) -> Any:
        """The model that is to give numbers in the unit of the target."""
        return network.twin(self._network) if self._target.standardized else self._network

    def _trained(self) -> None:
        scale = self._target
        if scale.standardized:
            network.take_unit(self.model_, self._network, scale.centre, scale.spread)

    def _standardizes_target(self) -> bool:
        linear = self.output_activation in (None, "linear")
        if self.standardize_target == "auto":
            return linear and loss_name(self.loss) in OF_UNIT
        if self.standardize_target and not linear:
            raise InvalidArgumentError(
                "standardize_target needs a linear output; got output_activation="
                f"{self.output_activation!r:.60}"
            )
        return bool(self.standardize_target)

    def __getstate__(self) -> Any:
        state = dict(super().__getstate__())
        if "model_" in state:  # it shares its layers with the network, which is pickled
            state["model_"] = None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "_network" in state:
            self.model_ = self._whole()
            self._trained()
