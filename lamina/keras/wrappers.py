"""keras.wrappers: models as estimators of scikit-learn, for its pipelines and searches.

The classes are made when they are first asked for, since their bases are scikit-learn's.
"""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import numpy as np

from ..core.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    UnknownNameError,
    nearest,
)
from ..core.offers import offered
from ..core.packages import needed
from .models import Model
from .models.cloning import clone_model

_DOCUMENTATION = {
    "SKLearnClassifier": """A compiled model, or a function that makes one, as a classifier.

    `model(X, y, **model_kwargs)` gives the model where it is a function. Labels of any kind are
    given to it as one column a class; `predict` gives labels, `decision_function` the outputs.
    """,
    "SKLearnRegressor": """A compiled model, or a function that makes one, as a regressor.

    `model(X, y, **model_kwargs)` gives the model where it is a function.
    """,
    "SKLearnTransformer": """A compiled model, or a function that makes one, as a transformer.

    `model(X, y, **model_kwargs)` gives the model where it is a function; `transform` gives its
    outputs.
    """,
}
__all__ = ["SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]  # noqa: F822 (made later)


class _Target:
    """Targets in the shape that a model is trained on, and back."""

    def __init__(self, y: Any, by_class: bool) -> None:
        self.line = y.ndim == 1
        self.classes = np.unique(y) if by_class else None

    def forth(self, y: Any) -> Any:
        column = y.reshape(-1, 1) if y.ndim == 1 else y
        if self.classes is None:
            return column
        return (column == self.classes).astype(np.float64)

    def back(self, y: Any) -> Any:
        if self.classes is not None:
            return self.classes[np.argmax(y, axis=1)]
        return y[:, 0] if self.line and y.ndim == 2 and y.shape[1] == 1 else y


class _Estimator:
    """What the three wrappers share."""

    _by_class = False
    history_: Any
    model_: Any
    _target: _Target

    def __init__(
        self,
        model: Any,
        warm_start: bool = False,
        model_kwargs: dict[str, Any] | None = None,
        fit_kwargs: dict[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs

    def __sklearn_clone__(self) -> Any:
        model = self.model if _is_function(self.model) else copy.deepcopy(self.model)
        return type(self)(model, self.warm_start, self.model_kwargs, self.fit_kwargs)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.non_deterministic = True
        for kind in (tags.classifier_tags, tags.regressor_tags):
            if kind is not None:
                kind.poor_score = True
        if tags.transformer_tags is not None:
            tags.transformer_tags.preserves_dtype = []
        return tags

    @property
    def epoch_(self) -> Any:
        """The epochs of the last training."""
        return self.history_.epoch if hasattr(self, "history_") else 0

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Any:
        """Train a fresh model (the last one, with `warm_start`) on rows and their targets."""
        X, y = _checked(self, X, y, multi_output=not self._by_class)
        self._check_target(y)
        if not (self.warm_start and hasattr(self, "model_")):
            self._target = _Target(y, self._by_class)
            self.model_ = self._fresh(X, self._target.forth(y))
        if self._target.classes is not None:
            self.classes_ = self._target.classes
        options = {**(self.fit_kwargs or {}), **kwargs}
        self.history_ = self.model_.fit(X, self._target.forth(y), **options)
        return self

    def _check_target(self, y: Any) -> None:
        from sklearn.utils.multiclass import type_of_target

        found = type_of_target(y)
        if found == "unknown":
            raise InvalidArgumentError(f"Unknown label type: {y!r:.80}")
        if self._by_class:
            if found not in ("binary", "multiclass"):
                raise InvalidArgumentError(
                    f"only binary and multiclass target types are supported; got {found}"
                )
            if len(np.unique(y)) == 1:
                raise InvalidArgumentError("a classifier can't train when one class is present")

    def _fresh(self, X: Any, y: Any) -> Any:
        if isinstance(self.model, Model):
            model = clone_model(self.model)
            if self.model.compiled and not model.compiled:
                model.compile_from_config(self.model.get_compile_config())
        else:
            model = self.model(X=X, y=y, **(self.model_kwargs or {}))
        if not model.compiled or not model.loss or not model.optimizer:
            raise FailedPreconditionError(
                "the model must be compiled, with a loss and an optimizer"
            )
        return model

    def _outputs(self, X: Any) -> Any:
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)
        return self.model_.predict(_checked(self, X, reset=False), verbose=0)

    def predict(self, X: Any) -> Any:
        """The targets that the model predicts."""
        return self._target.back(self._outputs(X)) if hasattr(self, "_target") else self._outputs(X)


class _Classifier(_Estimator):
    _by_class = True

    def decision_function(self, X: Any) -> Any:
        """The outputs of the model, a column a class."""
        return self._outputs(X)


class _Regressor(_Estimator):
    pass


class _Transformer(_Estimator):
    def transform(self, X: Any) -> Any:
        """The outputs of the model."""
        return self._outputs(X)


def _is_function(model: Any) -> bool:
    return callable(model) and not isinstance(model, Model)


def _checked(estimator: Any, *arrays: Any, **options: Any) -> Any:
    from sklearn.utils.validation import validate_data

    return validate_data(estimator, *arrays, **options)


@cache
def _made(name: str) -> Any:
    """A wrapper with scikit-learn's own class as its base."""
    with needed(f"keras.wrappers.{name}", "scikit-learn", extra="sklearn"):
        from sklearn import base
    kind: dict[str, tuple[type, Any]] = {
        "SKLearnClassifier": (_Classifier, base.ClassifierMixin),
        "SKLearnRegressor": (_Regressor, base.RegressorMixin),
        "SKLearnTransformer": (_Transformer, base.TransformerMixin),
    }
    own, mixin = kind[name]
    members = {"__doc__": _DOCUMENTATION[name], "__module__": __name__}
    return type(name, (own, mixin, base.BaseEstimator), members)


def __getattr__(name: str) -> Any:
    if name in __all__:
        return _made(name)
    if name == "scikit_learn":  # as Keras 2 had it: KerasClassifier and KerasRegressor
        return offered("scikit_learn")
    raise UnknownNameError(f"keras.wrappers has no {name!r}.{nearest(name, __all__)}")
