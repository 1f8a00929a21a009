"""Losses and metrics as `compile` takes them: one, one an output, by name."""

from __future__ import annotations

from typing import Any

from ...core import nest
from ...core.errors import InvalidArgumentError, nearest
from ...ir.graph import eagerly
from ...ops import array
from .. import losses as losses_module
from .. import metrics as metrics_module
from ..losses.probabilistic import check_targets
from ..metrics import Mean
from .structures import is_deep, leveled, path_names


def per_output(given: Any, names: list[str] | None, count: int, what: str) -> list[Any]:
    """`given` for each of `count` outputs: a dict by name, a list, or one for all."""
    if isinstance(given, dict):
        if names is None or len(names) != count:
            if count == 1 and len(given) == 1:
                return list(given.values())
            raise InvalidArgumentError(f"{what} by name needs a model whose outputs have names")
        unknown = [name for name in given if name not in names]
        if unknown:
            raise InvalidArgumentError(
                f"{what} names the output {unknown[0]!r}; the model has {', '.join(names)}."
                f"{nearest(unknown[0], names)}"
            )
        return [given.get(name) for name in names]
    if isinstance(given, (list, tuple)):
        if len(given) != count:
            raise InvalidArgumentError(
                f"{what} has {len(given)} entries; the model has {count} outputs"
            )
        return list(given)
    return [given] * count


class CompiledLoss:
    """The losses of all outputs, weighted and added."""

    def __init__(self, loss: Any, loss_weights: Any, output_names: list[str] | None) -> None:
        self.given = loss
        self.loss_weights = loss_weights
        self.output_names = output_names
        for leaf in nest.flatten(loss):
            if leaf not in losses_module.SHAPE_DEPENDENT:
                losses_module.get(leaf)  # unknown names are told now, not at the first batch
        self._functions: list[Any] | None = None
        self._trackers: list[Any] = []

    @property
    def metrics(self) -> list[Any]:
        """The mean loss of each output, where several have one."""
        return [tracker for tracker in self._trackers if tracker is not None]

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The total loss, a scalar."""
        outputs = nest.flatten(y_pred)
        count = len(outputs)
        names = _names(y_pred, self.output_names)
        each = self._of_outputs(y_pred, names)
        targets = _aligned(y_true, y_pred, names, each)
        if self._functions is None:
            self._functions = [
                losses_module.resolve(*item) for item in zip(each, targets, outputs, strict=True)
            ]
        self._track(names, each)
        weights = self._output_weights(y_pred, names, count)
        row_weights = _sample_weights(sample_weight, y_pred, names)
        total = None
        for index, function in enumerate(self._functions):
            if function is None:
                continue
            value = function(targets[index], outputs[index], row_weights[index])
            if self._trackers:
                rows = array.shape(outputs[index])[0]
                self._trackers[index].update_state(value, sample_weight=rows)
            if weights[index] is not None:
                value = value * weights[index]
            total = value if total is None else total + value
        if total is None:
            raise InvalidArgumentError("no output has a loss")
        return total

    def check(self, y_true: Any, y_pred: Any) -> None:
        """Tell of targets that no output can have, before training starts."""
        outputs = nest.flatten(y_pred)
        names = _names(y_pred, self.output_names)
        if isinstance(y_true, dict) and names is not None and not is_deep(y_pred):
            self._check_names(y_true, names)
        each = self._of_outputs(y_pred, names)
        targets = _aligned(y_true, y_pred, names, each)
        self._track(names, each)
        for wanted, target, output in zip(each, targets, outputs, strict=True):
            if wanted is not None:
                loss = losses_module.resolve(wanted, target, output)
                check_targets(loss, target, output.shape)

    def _of_outputs(self, y_pred: Any, names: list[str] | None) -> list[Any]:
        """What was given as the loss of each output; a list of one loss is that loss."""
        given = leveled(self.given, y_pred, "loss")
        each = per_output(given, names, len(nest.flatten(y_pred)), "loss")
        return [
            loss[0] if isinstance(loss, (list, tuple)) and len(loss) == 1 else loss for loss in each
        ]

    def _track(self, names: list[str] | None, each: list[Any]) -> None:
        """Make the means of the outputs' own losses, before a step is traced."""
        if self._trackers or names is None:
            return
        if sum(loss is not None for loss in each) < 2:
            return
        with eagerly():
            self._trackers = [
                None if loss is None else Mean(name=f"{name}_loss")
                for name, loss in zip(names, each, strict=True)
            ]

    def _check_names(self, y_true: dict[str, Any], names: list[str]) -> None:
        """Targets by name must be those of outputs, and all that have a loss."""
        by_name = isinstance(self.given, dict)
        wanted = [name for name in names if not by_name or self.given.get(name) is not None]
        odd = [name for name in y_true if name not in names]
        if odd or any(name not in y_true for name in wanted):
            raise InvalidArgumentError(
                f"y has targets for {', '.join(map(repr, y_true))}; the model's outputs are "
                f"{', '.join(map(repr, names))}.{nearest(odd[0], names) if odd else ''}"
            )

    def _output_weights(self, y_pred: Any, names: list[str] | None, count: int) -> list[Any]:
        if self.loss_weights is None:
            return [None] * count
        if isinstance(self.loss_weights, (int, float)):
            return [float(self.loss_weights)] * count
        given = leveled(self.loss_weights, y_pred, "loss_weights")
        return per_output(given, names, count, "loss_weights")


def _names(y_pred: Any, names: list[str] | None) -> list[str] | None:
    """The names of the outputs: the keys of a dict of them, else those of their layers.

    Several outputs of a subclass's `call` are output_1, output_2 …, as TensorFlow 2 calls them.
    """
    if is_deep(y_pred):
        return path_names(y_pred, names)
    if isinstance(y_pred, dict):
        return sorted(y_pred)
    count = len(nest.flatten(y_pred))
    if count == 1 or (names is not None and len(names) == count):
        return names
    return [f"output_{i + 1}" for i in range(count)]


def _aligned(
    y_true: Any, y_pred: Any, names: list[str] | None, losses: list[Any] | None = None
) -> list[Any]:
    """The targets in the order of the outputs; None for an output that has none.

    Where some outputs have no loss, `y_true` may be the targets of the others.
    """
    count = len(nest.flatten(y_pred))
    if isinstance(y_true, dict) and not is_deep(y_pred):
        found = per_output(y_true, names, count, "y")
    else:
        found = nest.flatten(y_true)
    if losses is not None and len(found) != count:
        given = iter(found)
        if len(found) == sum(loss is not None for loss in losses):
            found = [None if loss is None else next(given) for loss in losses]
    if len(found) != count:
        raise InvalidArgumentError(f"the model has {count} outputs; y has {len(found)} parts")
    return found


def _sample_weights(sample_weight: Any, y_pred: Any, names: list[str] | None) -> list[Any]:
    count = len(nest.flatten(y_pred))
    if sample_weight is None or not nest.is_nested(sample_weight):
        return [sample_weight] * count
    given = leveled(sample_weight, y_pred, "sample_weight")
    return per_output(given, names, count, "sample_weight")


class CompiledMetrics:
    """The metrics of all outputs, made when the first predictions show their shapes."""

    def __init__(self, metrics: Any, weighted_metrics: Any, output_names: list[str] | None) -> None:
        self.given = metrics
        self.given_weighted = weighted_metrics
        self.output_names = output_names
        self._groups: list[tuple[list[Any], list[Any]]] | None = None
        for leaf in nest.flatten((metrics, weighted_metrics)):
            if isinstance(leaf, str) and leaf not in metrics_module.SHAPE_DEPENDENT:
                metrics_module.get(leaf)  # an unknown name is told now

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Make the metrics for targets and outputs like these."""
        if self._groups is not None:
            return
        outputs = nest.flatten(y_pred)
        names = _names(y_pred, self.output_names)
        if self.given is None and self.given_weighted is None:
            self._groups = []
            return
        targets = _aligned(y_true, y_pred, names)
        self._groups = []
        if is_deep(y_pred):
            names = self.output_names or names  # as Keras, which calls losses by their places
        both = [leveled(given, y_pred, "metrics") for given in (self.given, self.given_weighted)]
        taken: set[str] = set()
        with eagerly():
            for index, (target, output) in enumerate(zip(targets, outputs, strict=True)):
                if target is None:
                    self._groups.append(([], []))
                    continue
                prefix = f"{names[index]}_" if names and len(outputs) > 1 else ""
                plain, weighted = (
                    [
                        metrics_module.resolve(metric, target, output)
                        for metric in _of_output(given, names, len(outputs), index)
                    ]
                    for given in both
                )
                _name_apart(plain, prefix, "", taken)
                _name_apart(weighted, prefix, "weighted_", taken)
                self._groups.append((plain, weighted))

    @property
    def metrics(self) -> list[Any]:
        """All metrics made so far; those of several outputs by name, as `evaluate` gives them."""
        groups = self._groups or []
        found = [metric for plain, weighted in groups for metric in (*plain, *weighted)]
        return sorted(found, key=lambda metric: metric.name) if len(groups) > 1 else found

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch; sample weights go to the weighted metrics only."""
        self.build(y_true, y_pred)
        if not self._groups:
            return
        outputs = nest.flatten(y_pred)
        names = _names(y_pred, self.output_names)
        targets = _aligned(y_true, y_pred, names)
        weights = _sample_weights(sample_weight, y_pred, names)
        for index, (plain, weighted) in enumerate(self._groups):
            for metric in plain:
                metric.update_state(targets[index], outputs[index])
            for metric in weighted:
                metric.update_state(targets[index], outputs[index], sample_weight=weights[index])


def _of_output(given: Any, names: list[str] | None, count: int, index: int) -> list[Any]:
    """The metrics meant for one output."""
    if given is None:
        return []
    if isinstance(given, dict):
        found = per_output(given, names, count, "metrics")[index]
    elif isinstance(given, (list, tuple)) and count > 1:
        nested = any(isinstance(item, (list, tuple, dict)) for item in given)
        found = per_output(given, names, count, "metrics")[index] if nested else list(given)
        if not nested and len(given) == count:
            found = given[index]
    elif isinstance(given, (list, tuple)) and len(given) == 1 and nest.is_nested(given[0]):
        found = given[0]  # a list of the one output's metrics
    else:
        found = given
    if found is None:
        return []
    return list(found) if isinstance(found, (list, tuple)) else [found]


def _name_apart(metrics: list[Any], prefix: str, mark: str, taken: set[str]) -> None:
    """Give names that no two results share: `mae`, then `mae_1`, or `weighted_mae` beside it.

    Files have the names that the metrics had before.
    """
    for metric in metrics:
        own = vars(metric).setdefault("_given_name", metric.name)
        name = prefix + own
        if name in taken:
            name = stem = f"{prefix}{mark}{own}"
            number = 1
            while name in taken:
                name = f"{stem}_{number}"
                number += 1
        taken.add(name)
        metric.name = name
