"""Models that a function builds as estimators, their parameters routed by prefix."""

from __future__ import annotations

import inspect
from typing import Any

from ..core.dtypes import Array
from ..core.errors import FailedPreconditionError, InvalidArgumentError, nearest
from ..keras import activations, losses, metrics, optimizers
from ..keras.models import Model, clone_model
from .estimator import NetworkClassifier, NetworkEstimator, NetworkRegressor
from .network import fresh
from .parameters import listed

ROUTES = ("model", "compile", "optimizer", "loss", "metrics", "callbacks", "fit", "predict")
"""What parameters named route__name are for."""
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
"""Kinds of arguments that have no name."""


class _Built(NetworkEstimator):
    """What the two wrappers share."""

    model: Any
    loss: Any
    optimizer: Any
    metrics: Any
    validation_split: float

    _parameters: dict[str, Any]  # beyond the constructor's names

    def _take(self, values: dict[str, Any]) -> None:
        self._parameters = values.pop("parameters")
        super()._take(values)

    # Parameters ---------------------------------------------------------------------------------

    @classmethod
    def _get_param_names(cls) -> list[str]:
        """Names in the constructor; those of the class below, too, where it hands `**others` on."""
        found: set[str] = set()
        for kind in cls.__mro__:
            if "__init__" in vars(kind):
                _, *known = inspect.signature(vars(kind)["__init__"]).parameters.values()
                found.update(each.name for each in known if each.kind not in _VARIADIC)
                if inspect.Parameter.VAR_KEYWORD not in [each.kind for each in known]:
                    break
        return sorted(found)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters, those routed and those of the build function included."""
        return {**super().get_params(deep), **self._parameters}

    def set_params(self, **params: Any) -> Any:
        """Set parameters; what a name is for, `fit` finds out."""
        for name, value in params.items():
            if name in self._get_param_names():
                setattr(self, name, value)
            else:
                self._parameters = {**self._parameters, name: value}
        return self

    def _routed(self, route: str) -> dict[str, Any]:
        start = f"{route}__"
        found = self.get_params(deep=False).items()
        return {name.removeprefix(start): value for name, value in found if name.startswith(start)}

    def _check(self) -> None:
        maker = self._maker()
        if not callable(maker):
            raise InvalidArgumentError(
                f"model is a function that builds a model, or a model; got {maker!r:.80}"
            )
        own, free = self._get_param_names(), [*_arguments(maker), "build_fn"]
        for name in self._parameters:
            route, mark, rest = name.partition("__")
            if not (mark and rest and route in ROUTES) and name not in free:
                starts = ", ".join(f"{each}__" for each in ROUTES)
                raise InvalidArgumentError(
                    f"Invalid parameter {name!r} for estimator {type(self).__name__}: it is none "
                    f"of {', '.join(own)}, no argument of the build function, and does not begin "
                    f"with {starts}.{_route_of(name) or nearest(name, [*own, *free])}"
                )

    def _maker(self) -> Any:
        """The model or the function that builds it, however it is given in code for SciKeras."""
        if self.model is not None:
            return self.model
        return self._parameters.get("build_fn", getattr(self, "_keras_build_fn", None))

    # The model ----------------------------------------------------------------------------------

    def _make(self, x: Array, y: Array, weights: Array | None) -> None:
        made, compiled_here = self._built(x)
        if not isinstance(made, Model):
            raise InvalidArgumentError(
                f"the build function must return a model; got {type(made).__name__}"
            )
        if not made.built:
            made.build((None, x.shape[1]))
        outputs = made.compute_output_shape((None, x.shape[1]))
        if not isinstance(outputs, tuple) or len(outputs) != 2:
            raise InvalidArgumentError(
                f"the model must give one row of outputs for each row; its output shape is "
                f"{outputs}"
            )
        self._network = self.model_ = made
        self.n_outputs_ = outputs[-1]
        if not made.compiled:
            made.compile(**self._compile_arguments(outputs[-1]))
        elif self._has_compile_arguments() and not compiled_here:
            raise InvalidArgumentError(
                "the build function compiles the model itself, so optimizer, loss, metrics and "
                "what is routed to them would change nothing: let it take compile_kwargs, or "
                "return a model that is not compiled"
            )
        if made.loss is None or made.optimizer is None:
            raise FailedPreconditionError("the model must have a loss and an optimizer")
        self._encoded(y[:1])  # tells of outputs that do not fit

    def _built(self, x: Array) -> tuple[Any, bool]:
        """The model, and whether the build function was given what it should compile with."""
        meta, maker = self._meta(x), self._maker()
        super()._take(meta)
        if isinstance(maker, Model):
            return clone_model(maker), False
        known = _arguments(maker)
        given = {name: fresh(value) for name, value in self._asked_for(known).items()}
        given.update(self._routed("model"))
        own = {"meta": meta, "compile_kwargs": None}
        if "compile_kwargs" in known:
            own["compile_kwargs"] = self._compile_arguments(None)
        given.update({name: value for name, value in own.items() if name in known})
        return maker(**given), "compile_kwargs" in known

    def _asked_for(self, names: list[str]) -> dict[str, Any]:
        """Parameters of such names that have a value."""
        found = self.get_params(deep=False)
        return {name: found[name] for name in names if found.get(name) is not None}

    def _meta(self, x: Array) -> dict[str, Any]:
        """What a build function may want to know of the data."""
        return {"n_features_in_": x.shape[1], "X_shape_": x.shape, **self._meta_of_target()}

    def _meta_of_target(self) -> dict[str, Any]:
        raise NotImplementedError

    def _default_loss(self, outputs: int) -> str:
        raise NotImplementedError

    def _has_compile_arguments(self) -> bool:
        """Whether there is something to compile with that the build function does not ask for."""
        names = {"loss", "optimizer", "metrics"}.difference(_arguments(self._maker()))
        routed = [self._routed(route) for route in ("compile", "optimizer", "loss", "metrics")]
        return bool(self._asked_for(list(names))) or any(routed)

    def _compile_arguments(self, outputs: int | None) -> dict[str, Any]:
        """What to compile with; for a model with so many outputs a loss that fits."""
        loss = self.loss
        if loss is None:
            loss = self._default_loss(self._usual_outputs() if outputs is None else outputs)
        measures = _configured_all(self.metrics, metrics, self._routed("metrics"))
        found = {
            "optimizer": _configured(
                self.optimizer or "adam", optimizers, self._routed("optimizer")
            ),
            "loss": _configured(loss, losses, self._routed("loss")),
            "weighted_metrics": None if self.metrics is None else measures,
        }
        return {**found, **self._routed("compile")}

    def _usual_outputs(self) -> int:
        raise NotImplementedError

    # Training and predictions -------------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **options: Any) -> Any:
        """Train a model built anew, or the last one (`warm_start`), with `options` of its `fit`."""
        goes_on = self.warm_start and hasattr(self, "model_")
        options = {**self._routed("fit"), **options}
        epochs = options.pop("epochs", self.epochs)
        return self._fit(X, y, sample_weight, epochs=epochs, goes_on=goes_on, **options)

    def _rows_in_batch(self, rows: int) -> int:
        size = int(self._routed("fit").get("batch_size") or self.batch_size or 32)
        return rows if size == -1 else size

    def _held_out(self) -> float:
        return self.validation_split

    def _given_callbacks(self) -> list[Any]:
        return _configured_all(self.callbacks, None, self._routed("callbacks"))

    def _prediction_options(self) -> dict[str, Any]:
        return {"verbose": 0, **self._routed("predict")}


class KerasClassifier(_Built, NetworkClassifier):
    """A model that a function builds, as a classifier.

    The function takes what is routed to it as model__name, parameters whose names it asks for,
    `meta` (a dict of n_features_in_, n_classes_, n_outputs_expected_, target_type_ …) and
    `compile_kwargs`. A model that it does not compile is compiled with `optimizer` ("adam"),
    `loss` (a cross-entropy that fits the outputs) and `metrics`. One output is the probability of
    the second of two classes; else there is one a class. Losses `from_logits` are told apart.

    Parameters named optimizer__name, loss__name, metrics__name, callbacks__name, compile__name,
    fit__name and predict__name go to those. `model` may be a model, too; each training begins
    with a clone. `batch_size` is 32 where none is given, -1 all rows. `validation_split` is a
    share of the rows, drawn with each class in its share; `fit` takes `validation_data`, too. The
    other parameters are those of `DenseClassifier`, and so are the attributes.

    Example:
        KerasClassifier(build, model__units=32, optimizer__learning_rate=0.01, epochs=20).fit(X, y)
    """

    def __init__(
        self,
        model: Any = None,
        *,
        optimizer: Any = None,
        loss: Any = None,
        metrics: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        validation_split: float = 0.0,
        class_weight: Any = None,
        callbacks: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: Any = 0,
        **parameters: Any,
    ) -> None:
        self._take(locals())

    def _meta_of_target(self) -> dict[str, Any]:
        labels = self._target
        kind = "multilabel-indicator" if labels.several else "multiclass"
        return {
            "n_classes_": len(labels.classes),
            "classes_": labels.classes,
            "n_outputs_expected_": self._usual_outputs(),
            "target_type_": "binary" if labels.is_binary else kind,
        }

    def _usual_outputs(self) -> int:
        return 1 if self._target.is_binary else len(self._target.classes)

    def _default_loss(self, outputs: int) -> str:
        single = outputs == 1 or self._target.several
        return "binary_crossentropy" if single else "categorical_crossentropy"

    def _outputs(self, X: Any) -> Array:
        found = super()._outputs(X)
        if not getattr(self._network.loss, "from_logits", False):
            return found
        single = found.shape[1] == 1 or self._target.several
        squash = activations.sigmoid if single else activations.softmax
        return squash(found).numpy()  # type: ignore[no-any-return]


class KerasRegressor(_Built, NetworkRegressor):
    """A model that a function builds, as a regressor, of one target or several.

    As `KerasClassifier`; `meta` holds n_features_in_ and n_outputs_expected_, and the loss is the
    mean squared error unless one is given.

    Example:
        KerasRegressor(build, model__units=32, loss="mean_absolute_error", epochs=20).fit(X, y)
    """

    def __init__(
        self,
        model: Any = None,
        *,
        optimizer: Any = None,
        loss: Any = None,
        metrics: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        validation_split: float = 0.0,
        callbacks: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: Any = 0,
        **parameters: Any,
    ) -> None:
        self._take(locals())

    def _meta_of_target(self) -> dict[str, Any]:
        kind = "continuous" if self._target.line else "continuous-multioutput"
        return {"n_outputs_expected_": self._usual_outputs(), "target_type_": kind}

    def _usual_outputs(self) -> int:
        return len(self._target.centre)

    def _default_loss(self, outputs: int) -> str:
        return "mean_squared_error"

    def _encoded(self, y: Array) -> Array:
        if self.n_outputs_ != self._usual_outputs():
            raise InvalidArgumentError(
                f"the model has {self.n_outputs_} outputs for {self._usual_outputs()} targets"
            )
        return super()._encoded(y)


def _arguments(model: Any) -> list[str]:
    """Names of the arguments of a build function that callers choose or the estimator fills in."""
    if isinstance(model, Model) or not callable(model):
        return []
    known = inspect.signature(model).parameters.values()
    return [parameter.name for parameter in known if parameter.kind not in _VARIADIC]


def _route_of(name: str) -> str:
    """A hint where a parameter is an argument of a method that it could be routed to."""
    for route in ("fit", "compile", "predict"):
        if name in inspect.signature(getattr(Model, route)).parameters:
            return f" Did you mean {f'{route}__{name}'!r}?"
    return ""


def _configured(item: Any, family: Any, arguments: dict[str, Any]) -> Any:
    """What a name, a class or an object stands for, with the arguments routed to it."""
    if isinstance(item, type):
        return item(**arguments)
    if not arguments:
        return fresh(item)
    if isinstance(item, str) and family is not None:
        camel = "".join(part.capitalize() for part in item.split("_"))
        item = getattr(family, camel) if hasattr(family, camel) else family.get(item)
        if isinstance(item, type):
            return item(**arguments)
    if not hasattr(item, "from_config"):
        raise InvalidArgumentError(
            f"{', '.join(arguments)} cannot be routed to {item!r:.60}, which is no class; give "
            "one, such as keras.losses.BinaryCrossentropy or keras.callbacks.EarlyStopping"
        )
    return fresh(item, **arguments)


def _configured_all(items: Any, family: Any, arguments: dict[str, Any]) -> list[Any]:
    """Some items, with arguments routed to all (name), or to one by its key or place (0__name)."""
    known = dict(items if isinstance(items, dict) else enumerate(listed(items)))
    starts = tuple(f"{key}__" for key in known)
    for_all = {name: value for name, value in arguments.items() if not name.startswith(starts)}
    if for_all and not known:
        raise InvalidArgumentError(f"{next(iter(for_all))} is routed to nothing: none are given")
    found = []
    for start, item in zip(starts, known.values(), strict=True):
        own = {name: value for name, value in arguments.items() if name.startswith(start)}
        own = {name.removeprefix(start): value for name, value in own.items()}
        found.append(_configured(item, family, {**for_all, **own}))
    return found
