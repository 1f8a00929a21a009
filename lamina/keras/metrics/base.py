"""Metrics: numbers gathered batch by batch in variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ...core.errors import FailedPreconditionError
from ...ir.graph import eagerly
from ...ops import array, math
from ...ops.common import count_of
from ...tensor.autograph.conversion import traced
from ...tensor.variable import Variable
from .. import initializers
from ..configurable import Configurable, register, serialize, snake_case
from ..limits import spend_besides
from ..losses.base import (
    apply_mask,
    as_floats,
    dtype_name,
    function_config,
    same_rank,
)
from ..masks import get_mask
from ..naming import unique_name
from ..scopes import standing_for

MODULE = "keras.metrics"


@register(MODULE)
class Metric(Configurable):
    """A number (or numbers) about all batches since the last reset.

    Subclasses make their state with `add_variable` and define `update_state` and `result`.

    Example:
        class Largest(tf.keras.metrics.Metric):
            def __init__(self, name="largest", **kwargs):
                super().__init__(name=name, **kwargs)
                self.top = self.add_variable((), "zeros", name="top")

            def update_state(self, y_true, y_pred, sample_weight=None):
                self.top.assign(tf.maximum(self.top, tf.reduce_max(y_pred)))

            def result(self):
                return self.top
    """

    dtype_kinds: ClassVar[str] = "f"

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self._variables: list[Variable] = []
        self._metrics: list[Metric] = []
        self.name = name or unique_name(type(self).__name__)
        self._dtype = dtype_name(dtype, self.dtype_kinds)

    @property
    def dtype(self) -> str:
        return self._dtype

    # State

    def add_variable(
        self,
        shape: Any,
        initializer: Any = None,
        dtype: Any = None,
        aggregation: Any = "sum",
        name: str | None = None,
    ) -> Any:
        """A variable of the metric's state, zeros unless `initializer` says otherwise.

        `aggregation` would say how copies on several devices are joined; there is one device.
        """
        self._check_made()
        spend_besides(tuple(shape), f"the state of the metric {self.name!r}")
        make = initializers.get("zeros" if initializer is None else initializer)
        with eagerly():
            value = make(tuple(shape), dtype=dtype or self._dtype)
            variable = Variable(value, trainable=False, name=name or "variable")
        variable._owner = self.name
        self._variables.append(variable)
        return variable

    def add_weight(
        self,
        shape: Any = (),
        initializer: Any = None,
        dtype: Any = None,
        name: str | None = None,
        aggregation: Any = "sum",
    ) -> Any:
        """`add_variable` by its former name; a first argument that is a text is the name."""
        if isinstance(shape, str):
            shape, name = (), shape
        return self.add_variable(shape, initializer, dtype, aggregation, name)

    @property
    def variables(self) -> list[Any]:
        """The state, and that of metrics among the attributes."""
        self._check_made()
        self._follow(list(vars(self).values()))
        inner = [variable for metric in self._metrics for variable in metric.variables]
        return [*self._variables, *inner]

    def __setattr__(self, name: str, value: Any) -> None:
        self._follow(value)
        super().__setattr__(name, value)

    def _follow(self, value: Any) -> None:
        """Count variables and metrics among the attributes (also in lists and dicts) as state."""
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, (list, tuple)):
            for item in value:
                self._follow(item)
        elif isinstance(value, (Variable, Metric)):
            self._check_made()
            known: list[Any] = self._variables if isinstance(value, Variable) else self._metrics
            if all(item is not value for item in known):
                known.append(value)

    def _check_made(self) -> None:
        if "_variables" not in self.__dict__:
            raise FailedPreconditionError(
                f"{type(self).__name__}.__init__ must call super().__init__() before it makes or "
                "uses state"
            )

    def reset_state(self) -> None:
        """Zero all state."""
        for variable in self.variables:
            variable.assign(array.zeros(variable.shape, variable.dtype))

    def reset_states(self) -> None:
        """`reset_state` by its former name."""
        self.reset_state()

    # State from outside

    def stateless_update_state(self, metric_variables: Any, *args: Any, **kwargs: Any) -> list[Any]:
        """The values that `update_state` would give the variables, for values of them now."""
        own = self.variables
        with standing_for(own, metric_variables, "metric_variables") as values:
            self.update_state(*args, **kwargs)
            return list(map(values, own))

    def stateless_result(self, metric_variables: Any) -> Any:
        """The result for these values of the variables."""
        with standing_for(self.variables, metric_variables, "metric_variables"):
            return self.result()

    def stateless_reset_state(self) -> list[Any]:
        """The values that `reset_state` would give the variables."""
        own = self.variables
        with standing_for(own, own, "metric_variables") as values:
            self.reset_state()
            return list(map(values, own))

    # What subclasses say

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Take in a batch."""
        raise NotImplementedError(f"{type(self).__name__} does not define update_state")

    def result(self) -> Any:
        """The metric's value now."""
        raise NotImplementedError(f"{type(self).__name__} does not define result")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, with the present dtype and the name before `compile`."""
        own = {"name": vars(self).get("_given_name", self.name), "dtype": self._dtype}
        arguments = {name: serialize(value) for name, value in self._told().items()}
        return {**arguments, **{key: own[key] for key in own if key in arguments}}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def per_row(
    values: Any, sample_weight: Any, reduce: Callable[..., Any], dtype: str
) -> tuple[Any, Any]:
    """Weighted values and weights, each reduced to one number a row; weights may be None."""
    mask = get_mask(values)
    values = as_floats(values, dtype)
    weights = None
    if sample_weight is not None:
        weights = apply_mask(as_floats(sample_weight, dtype), mask, dtype, "sum")
        values, weights = same_rank(values, weights)
        rank = len(weights.spec.shape)
        values = _from_axis(reduce, values, rank)
        weights = array.broadcast_to(weights, values.spec.shape)
        values = values * weights
        weights = _from_axis(reduce, weights, 1) if rank > 1 else weights
    return _from_axis(reduce, values, 1), weights


def _from_axis(reduce: Callable[..., Any], x: Any, first: int) -> Any:
    axes = list(range(first, len(x.spec.shape)))
    return reduce(x, axes) if axes else x


@register(MODULE)
class Sum(Metric):
    """The weighted sum of all values."""

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable((), name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add `values`, times `sample_weight`."""
        rows, _ = per_row(values, sample_weight, math.reduce_sum, self.dtype)
        self.total.assign_add(math.reduce_sum(rows))

    def result(self) -> Any:
        """The sum so far."""
        return self.total.read_value()


class RunningMean(Metric):
    """What keeps a weighted mean of values; 0 before the first."""

    def __init__(self, dtype: Any, name: str | None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable((), name="total")
        self.count = self.add_variable((), name="count")

    def _add(self, values: Any, sample_weight: Any) -> None:
        """Count `values`; rows of several values count by their mean."""
        rows, weights = per_row(values, sample_weight, math.reduce_mean, self.dtype)
        self.total.assign_add(math.reduce_sum(rows))
        if weights is not None:
            self.count.assign_add(math.reduce_sum(weights))
        else:
            axes = (0,) if rows.spec.shape else ()
            self.count.assign_add(count_of(rows, axes, rows.spec.dtype))

    def result(self) -> Any:
        """The mean so far."""
        return math.divide_no_nan(self.total, self.count)


@register(MODULE)
class Mean(RunningMean):
    """The weighted mean of all values; 0 before the first."""

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(dtype, name)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Count `values`; rows of several values count by their mean."""
        self._add(values, sample_weight)


class FunctionMetric(RunningMean):
    """The mean of a function of targets and predictions, with its options."""

    fn: ClassVar[Any]

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(dtype, name or snake_case(type(self).__name__))
        self._options: dict[str, Any] = {}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count the function's value on a batch."""
        values = traced(self.fn)(y_true, y_pred, **self._options)
        weights = apply_mask(sample_weight, get_mask(y_pred), self.dtype, "sum")
        self._add(values, weights)


@register(MODULE)
class MeanMetricWrapper(FunctionMetric):
    """The mean of `fn(y_true, y_pred, **kwargs)`."""

    def __init__(
        self,
        fn: Callable[..., Any],
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name or unique_name(type(self).__name__), dtype)
        self.fn = fn  # type: ignore[misc]
        self._options = kwargs

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; the function as Keras writes it."""
        return {**super().get_config(), "fn": function_config(self.fn)}
