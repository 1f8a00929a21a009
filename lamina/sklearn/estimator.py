"""What estimators of networks share: checked data, targets, weights, training, predictions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from ..core.dtypes import Array
from ..core.errors import InvalidArgumentError, describe
from ..data.order import draw_seed
from ..keras.callbacks import Callback
from ..keras.layers import BatchNormalization
from ..ops.random_state import drawing
from ..tabular.training import DivergedError
from .parameters import listed
from .rows import checked_weights, merged, relative, weigh_classes
from .sparse import Batches, fitting, is_sparse, parts
from .targets import Labels, Scale, checked_labels

_HEARD = frozenset(
    (
        *("batch_size", "callbacks", "class_weight", "early_stopping", "epochs", "fit", "patience"),
        *("predict", "random_state", "tol", "validation_fraction", "validation_split", "verbose"),
        "warm_start",
    )
)
"""Parameters, and prefixes of some, that each training hears; all others make the network."""
_RATES = ("learning_rate", "optimizer__learning_rate")


class NetworkEstimator(BaseEstimator):
    """A network as an estimator; subclasses say how it is made."""

    epochs: int
    batch_size: Any
    callbacks: Any
    random_state: Any
    verbose: Any
    warm_start: bool

    n_features_in_: int
    history_: dict[str, list[float]]
    model_: Any
    n_iter_: int
    n_outputs_: int
    _made_of: dict[str, Any]
    _network: Any
    _seed: int
    _target: Any

    def _take(self, values: dict[str, Any]) -> None:
        """Keep the arguments of a constructor as they are, as scikit-learn expects it."""
        for name, value in values.items():
            if name != "self":
                setattr(self, name, value)

    # What subclasses say ------------------------------------------------------------------------

    def _check(self) -> None:
        """Raise for parameters that cannot be used, before any work."""

    def _rows_in_batch(self, rows: int) -> int:
        """The size of a batch where there are so many rows."""
        raise NotImplementedError

    def _make(self, x: Array, y: Array, weights: Array | None) -> None:
        """Make `_network`, compiled, and `model_`, for these rows."""
        raise NotImplementedError

    def _encoded(self, y: Array) -> Array:
        """Checked targets as the network is trained on them."""
        raise NotImplementedError

    def _checked_target(self, y: Any, goes_on: bool, classes: Any, weights: Array | None) -> Any:
        """Targets in numbers; a training that does not go on decides on `_target`."""
        raise NotImplementedError

    def _weighted(self, y: Array, weights: Array | None) -> Array | None:
        """Weights of rows, those of classes included."""
        return weights

    def _held_out(self) -> float:
        """The share of rows to validate on."""
        return 0.0

    def _strata(self, y: Array) -> Any:
        """What the rows to validate on should hold in the share of all rows."""
        return None

    def _own_callbacks(self, validates: bool) -> list[Any]:
        return []

    def _given_callbacks(self) -> list[Any]:
        return listed(self.callbacks)

    def _trained(self) -> None:
        """What is left to do after a training."""

    def _prediction_options(self) -> dict[str, Any]:
        return {"verbose": 0}

    # Training -----------------------------------------------------------------------------------

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        *,
        epochs: int,
        goes_on: bool,
        classes: Any = None,
        validates: bool = True,
        **options: Any,
    ) -> Any:
        self._check()
        if goes_on:
            self._go_on()
        x, y = self._checked(X, y, reset=not goes_on)
        weights = checked_weights(sample_weight, x.shape[0])
        if not goes_on and hasattr(self, "model_"):
            del self.model_  # an error from here on leaves nothing half new
        y = self._checked_target(y, goes_on, classes, weights)
        weights = self._weighted(y, weights)
        if weights is not None:  # rows that count for nothing are not there
            x, y, weights = (part[weights > 0] for part in (x, y, weights))
            if not len(weights):
                raise InvalidArgumentError("no row counts: the weights of all their classes are 0")
        if not goes_on or not hasattr(self, "_seed"):
            self._seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        given = options.pop("validation_data", None)
        share = self._held_out() if validates and given is None else 0.0
        rows, held = self._divided((x, y, weights), share)
        if given is not None:
            held = self._to_validate(*given)
        with drawing((self._seed, self.n_iter_ if goes_on else 0)):
            rows = self._prepared(rows, goes_on, options)
            try:
                self._train(rows, held, {"epochs": epochs, **options})
            except DivergedError:
                del self.model_  # there is no number in it any more
                raise
        return self

    def _of_network(self) -> dict[str, Any]:
        """The parameters that made the network; all others are heard in each training."""
        found = self.get_params(deep=False).items()
        return {name: value for name, value in found if name.partition("__")[0] not in _HEARD}

    def _go_on(self) -> None:
        """Let a training go on: with another learning rate, if need be, but the same network."""
        now = self._of_network()
        changed = [name for name, value in now.items() if not _same(value, self._made_of.get(name))]
        for name in changed:
            if name not in _RATES or now[name] is None:
                raise InvalidArgumentError(
                    f"{name} was {describe(self._made_of.get(name))} when this network was made, "
                    f"and is {describe(now[name])}. Training goes on with the network as it is: "
                    "set it back, or train a clone."
                )
            self._network.optimizer.learning_rate = now[name]
        self._made_of = now

    def _prepared(self, rows: Any, goes_on: bool, options: dict[str, Any]) -> Any:
        """Make the network unless training goes on; the rows that it is to be trained on."""
        count = rows[0].shape[0]
        one_batch = count <= self._rows_in_batch(count) and not is_sparse(rows[0])
        together = merged(*rows) if one_batch else rows
        if not goes_on:
            self.history_, self.n_iter_, self._made_of = {}, 0, self._of_network()
            self._make(*together)
        self._seed_layers()
        layers = self._network._flatten_layers()
        knows = any(isinstance(layer, BatchNormalization) for layer in layers)
        return rows if knows or options.get("validation_split") else together

    def _train(self, rows: Any, held: Any, options: dict[str, Any]) -> None:
        own = [*self._own_callbacks(held is not None), _Finite()]
        given = [*self._given_callbacks(), *listed(options.pop("callbacks", None))]
        options = {"verbose": self.verbose, **self._feeding(rows, held, options), **options}
        before = self._network.history
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # _Finite sees what comes of it
                self._network.fit(callbacks=[*own, *given], **options)
        finally:  # what was trained before Ctrl-C or an error is not lost
            if self._network.history is not before:
                self._remember(self._network.history)
            self._trained()

    def _remember(self, history: Any) -> None:
        for name, values in history.history.items():
            self.history_.setdefault(name, []).extend(values)
        self.n_iter_ += len(history.epoch)

    def _feeding(self, rows: Any, held: Any, options: dict[str, Any]) -> dict[str, Any]:
        """Arguments of the network's `fit`: rows to train on, and those to validate on."""
        rows, held = (
            None if part is None else (part[0], self._encoded(part[1]), relative(part[2]))
            for part in (rows, held)
        )
        size = options.pop("batch_size", None) or self._rows_in_batch(rows[0].shape[0])
        if is_sparse(rows[0]):
            found: dict[str, Any] = {"x": Batches(rows, size, draw_seed()), "shuffle": False}
        else:
            found = dict(zip(("x", "y", "sample_weight"), rows, strict=True), batch_size=size)
        if held is None:
            return found
        sparse = is_sparse(held[0])
        kept = Batches(held, size) if sparse else tuple(part for part in held if part is not None)
        return {**found, "validation_data": kept}

    def _to_validate(self, X: Any, y: Any, sample_weight: Any = None) -> tuple[Any, Any, Any]:
        """Rows that were given to validate on, checked as those to train on are."""
        x, y = self._checked(X, y, reset=False)
        y = self._checked_target(y, goes_on=True, classes=None, weights=None)
        return x, y, checked_weights(sample_weight, x.shape[0])

    def _seed_layers(self) -> None:
        """Let layers draw from the seed of this training: a copy or pickle goes on alike."""
        for part in self._network._flatten_layers():
            seeds = getattr(part, "seed_generator", None)
            if seeds is not None:
                seeds.state.assign(np.array([draw_seed(), 0], np.uint32))

    def _divided(self, rows: Any, share: float) -> tuple[Any, Any]:
        """Rows to train on, and those to validate on."""
        if not share:
            return rows, None
        places = np.arange(rows[0].shape[0])
        first, second = train_test_split(
            places, test_size=share, random_state=self._seed, stratify=self._strata(rows[1])
        )
        return tuple(
            tuple(None if part is None else part[chosen] for part in rows)
            for chosen in (first, second)
        )  # type: ignore[return-value]

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[Any, Any]:
        """Features as float32, dense where they fit, and targets as they are."""
        with np.errstate(over="ignore"):  # what is too large is found right after
            x, y = validate_data(
                self,
                X,
                y,
                reset=reset,
                accept_sparse="csr",
                dtype=np.float32,
                multi_output=True,
                y_numeric=isinstance(self, RegressorMixin),
            )
        return fitting(x), y

    # Afterwards ---------------------------------------------------------------------------------

    @property
    def loss_curve_(self) -> list[float]:
        """The loss of each epoch, penalties included."""
        return self._curve("loss")

    @property
    def best_loss_(self) -> float:
        """The lowest loss of an epoch; on the rows to validate on, where there are such."""
        return min(self.history_.get("val_loss") or self._curve("loss"))

    def _curve(self, name: str) -> list[float]:
        check_is_fitted(self, "model_")
        if name not in self.history_:
            raise AttributeError(
                f"{type(self).__name__} has no {name!r} in its history: it was trained without "
                "rows to validate on"
            )
        return self.history_[name]

    def _outputs(self, X: Any) -> Array:
        check_is_fitted(self, "model_")
        with np.errstate(over="ignore"):
            x = validate_data(self, X, reset=False, accept_sparse="csr", dtype=np.float32)
        options = self._prediction_options()
        if not is_sparse(x):
            return np.asarray(self.model_.predict(x, **options))
        return np.concatenate([self.model_.predict(part, **options) for part in parts(x)])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.non_deterministic = False
        return tags


def _same(value: Any, other: Any) -> bool:
    return value is other or repr(value) == repr(other)


class _Finite(Callback):
    """Ends a training whose loss is no number any more."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        for name, value in (logs or {}).items():
            if name in ("loss", "val_loss") and not math.isfinite(value):
                raise DivergedError(
                    f"The {name} became {value} in epoch {epoch + 1}. Try a smaller learning_rate, "
                    "another activation or loss, or scale the targets."
                )


class NetworkClassifier(ClassifierMixin, NetworkEstimator):
    """A network that gives classes."""

    class_weight: Any
    classes_: Any
    _target: Labels

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Any:
        """Train for one epoch on some rows, after those that came before.

        `classes` names all classes, in the first call at least; without it they are those of `y`.
        "balanced" classes are so among the rows of each call.
        """
        goes_on = hasattr(self, "model_")
        known: Any = self.classes_ if goes_on else None
        if goes_on and classes is not None and not np.array_equal(np.unique(classes), known):
            raise InvalidArgumentError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
                f"{known!r}"
            )
        return self._fit(
            X, y, sample_weight, epochs=1, goes_on=goes_on, classes=classes, validates=False
        )

    def _checked_target(self, y: Any, goes_on: bool, classes: Any, weights: Array | None) -> Any:
        y = checked_labels(y)
        if not goes_on:
            self._target = Labels(y, classes)
            self.classes_ = self._target.classes
        return self._target.codes(y)

    def _weighted(self, y: Array, weights: Array | None) -> Array | None:
        found: Array | None = weigh_classes(self.class_weight, self._target, y, weights)
        return found

    def _strata(self, y: Array) -> Any:
        return None if self._target.several else y

    def _encoded(self, y: Array) -> Array:
        return self._target.encode(y, self.n_outputs_, self._network.loss)

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, in the order of `classes_`."""
        outputs = self._outputs(X)
        return self._target.probabilities(outputs)

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> Array:
        """The likeliest class of each row."""
        found = self.predict_proba(X)
        return self._target.decode(found)

    @property
    def validation_scores_(self) -> list[float]:
        """The accuracy on the rows to validate on, after each epoch."""
        return self._curve("val_accuracy")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class NetworkRegressor(RegressorMixin, NetworkEstimator):
    """A network that gives numbers, in one column or several."""

    _target: Scale

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train for one epoch on some rows, after those that came before."""
        goes_on = hasattr(self, "model_")
        return self._fit(X, y, sample_weight, epochs=1, goes_on=goes_on, validates=False)

    def _checked_target(self, y: Any, goes_on: bool, classes: Any, weights: Array | None) -> Any:
        if y.dtype.kind not in "biuf":
            raise InvalidArgumentError(f"y holds numbers; got {describe(y)}")
        if np.abs(y).max() > np.finfo(np.float32).max:
            raise InvalidArgumentError("Input y contains a value too large for dtype('float32')")
        if not goes_on:
            self._target = Scale(y, weights, self._standardizes_target())
        return y

    def _standardizes_target(self) -> bool:
        return False

    def _encoded(self, y: Array) -> Array:
        return self._target.encode(y)

    def predict(self, X: Any) -> Array:
        """The numbers that the network gives for each row."""
        outputs = self._outputs(X)
        return self._target.decode(outputs)

    @property
    def validation_scores_(self) -> list[float]:
        """R² on the rows to validate on, after each epoch."""
        return self._curve("val_r2_score")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
