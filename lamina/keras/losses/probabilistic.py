"""Losses for probabilities: cross-entropies of two classes and of several, and kin."""

from __future__ import annotations

from typing import Any

from ...core.callers import warn
from ...core.dtypes import INT32, INT64
from ...core.errors import InvalidArgumentError
from ...ir.bind import quiet
from ...ops import array, math
from ...ops.common import axis_of, floats, move_axis
from ...prims import elementwise as prim
from ...prims.broadcast import fill_like, reshape
from ...prims.index import take_along
from ...tensor.composite import composite
from ...tensor.convert import to_tensor
from ..configurable import register
from ..masks import set_mask
from ..settings import epsilon
from .base import MODULE, FunctionLoss, as_floats, check_same_shape, mean, pair

# Two classes --------------------------------------------------------------------------------------


@register(MODULE, "bce", "BCE")
def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: Any = -1,
) -> Any:
    """The mean of -t log p - (1 - t) log(1 - p) over `axis`.

    Predictions are probabilities p, held within [ε, 1 - ε], or logits z with p = 1 / (1 + e⁻ᶻ).
    `label_smoothing` s moves targets toward 1/2: t becomes t (1 - s) + s / 2.
    """
    with quiet():
        y_true, y_pred = _binary("binary_crossentropy", y_true, y_pred, label_smoothing)
        axes = tuple(axis) if isinstance(axis, list) else axis
        options = {"from_logits": from_logits, "tiny": epsilon(), "axis": axes}
        return _mean_binary(y_true, y_pred, **options)


def _binary(name: str, y_true: Any, y_pred: Any, smoothing: float) -> tuple[Any, Any]:
    y_true, y_pred = pair(y_true, y_pred)
    check_same_shape(name, y_true, y_pred)
    _check_smoothing(smoothing)
    return (y_true * (1.0 - smoothing) + 0.5 * smoothing if smoothing else y_true), y_pred


@composite
def _mean_binary(t: Any, y: Any, *, axis: Any, **options: Any) -> Any:
    """One operation, since eager training spends much of its time here."""
    return mean(_binary_values(t, y, **options), axis)


def _binary_values(t: Any, y: Any, *, from_logits: bool, tiny: float) -> Any:
    """The loss of each entry."""
    if from_logits:
        return math.softplus(y) - t * y
    one = fill_like(y, 1)
    p = prim.minimum(prim.maximum(y, fill_like(y, tiny)), fill_like(y, 1 - tiny))
    of_ones = prim.multiply(t, prim.log(p))
    of_zeros = prim.multiply(prim.subtract(one, t), prim.log(prim.subtract(one, p)))
    return prim.negative(prim.add(of_ones, of_zeros))


def _inside(p: Any) -> Any:
    """Probabilities within [ε, 1 - ε], where logarithms are finite."""
    return math.minimum(math.maximum(p, epsilon()), 1.0 - epsilon())


def _check_smoothing(smoothing: float) -> None:
    if not 0 <= smoothing <= 1:
        raise InvalidArgumentError(f"label_smoothing is a number from 0 to 1; got {smoothing}")


@register(MODULE)
def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: Any = -1,
) -> Any:
    """The cross-entropy times (1 - q)^gamma, q the probability of the right class; its mean.

    With `apply_class_balancing` also times alpha for class 1 and 1 - alpha for class 0.
    Source: T.-Y. Lin et al., "Focal loss for dense object detection", ICCV 2017, equation 5.
    """
    with quiet():
        t, p = _binary("binary_focal_crossentropy", y_true, y_pred, label_smoothing)
        p = math.sigmoid(p) if from_logits else p
        right = t * p + (1.0 - t) * (1.0 - p)
        values = math.pow(1.0 - right, gamma) * _binary_values(
            t, p, from_logits=False, tiny=epsilon()
        )
        if apply_class_balancing:
            values = (t * alpha + (1.0 - t) * (1.0 - alpha)) * values
        return mean(values, axis)


# Several classes ----------------------------------------------------------------------------------


@register(MODULE)
def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """-Σ t log p over the classes along `axis`; targets are probabilities, e.g. one-hot.

    Predictions are probabilities p, divided by their sum and held within [ε, 1 - ε], or logits
    z with p = softmax(z). `label_smoothing` s with k classes: t becomes t (1 - s) + s / k.
    """
    with quiet():
        t, y = _categorical("categorical_crossentropy", y_true, y_pred, label_smoothing, axis)
        if from_logits:
            logarithms = y - math.reduce_logsumexp(y, axis, keepdims=True)
        else:
            logarithms = math.log(_inside(y / math.reduce_sum(y, axis, keepdims=True)))
        return -math.reduce_sum(t * logarithms, axis)


def _categorical(
    name: str, y_true: Any, y_pred: Any, smoothing: float, axis: int
) -> tuple[Any, Any]:
    y_pred = floats(y_pred)
    y_true = as_floats(y_true, y_pred.spec.dtype)
    hint = ""
    if len(y_true.spec.shape) < len(y_pred.spec.shape) or y_true.shape[-1:] == (1,):
        hint = " For labels that are class indices use sparse_categorical_crossentropy."
    check_same_shape(name, y_true, y_pred, hint)
    _check_smoothing(smoothing)
    classes = y_pred.spec.shape[axis_of(axis, len(y_pred.spec.shape))]
    if classes == 1:
        warn(
            f"{name} of one class is always 0; use binary_crossentropy for two classes in one "
            "column"
        )
    if smoothing:
        y_true = y_true * (1.0 - smoothing) + smoothing / classes
    return y_true, y_pred


@register(MODULE)
def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """-alpha Σ t (1 - p)^gamma log p over the classes along `axis` (Lin et al. 2017)."""
    with quiet():
        name = "categorical_focal_crossentropy"
        t, y = _categorical(name, y_true, y_pred, label_smoothing, axis)
        if from_logits:
            y = math.exp(y - math.reduce_logsumexp(y, axis, keepdims=True))
        p = _inside(y / math.reduce_sum(y, axis, keepdims=True))
        return -math.reduce_sum(alpha * math.pow(1.0 - p, gamma) * t * math.log(p), axis)


@register(MODULE)
def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Any:
    """-log p of the class whose index is the target; the classes lie along `axis`.

    y_true: (…) or (…, 1), from 0 to classes - 1; y_pred: (…, classes), as in
    `categorical_crossentropy`. Targets equal to `ignore_class` count nothing. An index that is
    out of range raises an InvalidArgumentError, in traced functions when they run.
    """
    with quiet():
        y = floats(y_pred)
        last = len(y.spec.shape) - 1
        y = move_axis(y, axis_of(axis, last + 1), last)
        labels = _labels(y_true, y, axis)
        valid = None if ignore_class is None else labels != ignore_class
        if valid is not None:
            labels = array.where(valid, labels, 0)
        _check_labels(labels, y.spec.shape[-1])
        chosen = take_along(y, reshape(labels, (*labels.spec.shape, 1)))
        chosen = reshape(chosen, labels.spec.shape)
        if from_logits:
            values = math.reduce_logsumexp(y, -1) - chosen
        else:
            values = -math.log(_inside(chosen / math.reduce_sum(y, -1)))
        if valid is not None:
            values = array.where(valid, values, array.zeros_like(values))
            set_mask(values, valid)
        return values


def _labels(y_true: Any, y: Any, axis: int) -> Any:
    """Class indices as integers in the shape of `y` (classes last) without its classes."""
    labels = to_tensor(y_true)
    wanted = y.spec.shape[:-1]
    rank = len(labels.spec.shape)
    if rank == len(wanted) + 1:
        place = axis_of(axis, rank)
        if labels.spec.shape[place] == 1:
            labels = array.squeeze(labels, place)
    if labels.spec.shape != wanted:
        hint = ""
        if labels.spec.shape == y.spec.shape:
            hint = " For one-hot targets use categorical_crossentropy."
        raise InvalidArgumentError(
            f"sparse_categorical_crossentropy expects one class index a row: y_true of shape "
            f"{tuple(None if type(d) is not int else d for d in wanted)}; got "
            f"{tuple(labels.shape)}.{hint}"
        )
    kind, size = labels.spec.dtype.kind, labels.spec.dtype.itemsize
    return labels if kind in "iu" else array.cast(labels, INT64 if size > 4 else INT32)


def check_targets(loss: Any, targets: Any, output_shape: Any) -> None:
    """Raise where known class indices are not those of an output of `output_shape`."""
    if getattr(loss, "fn", None) is sparse_categorical_crossentropy:
        labels = array.cast(targets, INT64)
        ignored = loss._options.get("ignore_class")
        if ignored is not None:
            labels = array.boolean_mask(labels, labels != ignored)
        _check_labels(labels, output_shape[loss._options.get("axis", -1)])


def _check_labels(labels: Any, classes: int) -> None:
    known = labels.array
    if known is not None and known.size and (known.min() < 0 or known.max() >= classes):
        wrong = known[(known < 0) | (known >= classes)].ravel()[0]
        raise InvalidArgumentError(
            f"sparse_categorical_crossentropy got the label {wrong}; predictions have {classes} "
            f"classes, so labels go from 0 to {classes - 1}. Count classes from 0, or give the "
            "output layer more units."
        )


@register(MODULE)
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """(1 - p^q) / q with p the probability of the class whose index is the target.

    Source: Z. Zhang, M. Sabuncu, "Generalized cross entropy loss for training deep neural
    networks with noisy labels", NeurIPS 2018, equation 6.
    """
    y = floats(y_pred)
    labels = _labels(y_true, y, -1)
    _check_labels(labels, y.spec.shape[-1])
    chosen = take_along(y, reshape(labels, (*labels.spec.shape, 1)))
    return (1.0 - math.pow(reshape(chosen, labels.spec.shape), q)) / q


@register(MODULE, "kld", "KLD", "kullback_leibler_divergence")
def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """Σ t log(t / p) over the last axis; both are held within [ε, 1]."""
    y_true, y_pred = pair(y_true, y_pred)
    t, p = (math.minimum(math.maximum(y, epsilon()), 1.0) for y in (y_true, y_pred))
    return math.reduce_sum(t * math.log(t / p), -1)


# As classes ---------------------------------------------------------------------------------------


@register(MODULE)
class BinaryCrossentropy(FunctionLoss):
    """-t log p - (1 - t) log(1 - p) for targets t of two classes (`binary_crossentropy`).

    Example: `model.compile(loss=tf.keras.losses.BinaryCrossentropy(from_logits=True))`.
    """

    fn = staticmethod(binary_crossentropy)

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: Any = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis
        self._options = {
            "from_logits": from_logits,
            "label_smoothing": label_smoothing,
            "axis": axis,
        }


@register(MODULE)
class BinaryFocalCrossentropy(FunctionLoss):
    """The cross-entropy of two classes with less weight on what is right already."""

    fn = staticmethod(binary_focal_crossentropy)

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: Any = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.apply_class_balancing = apply_class_balancing
        self.alpha = alpha
        self.gamma = gamma
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis
        self._options = {
            "apply_class_balancing": apply_class_balancing,
            "alpha": alpha,
            "gamma": gamma,
            "from_logits": from_logits,
            "label_smoothing": label_smoothing,
            "axis": axis,
        }


@register(MODULE)
class CategoricalCrossentropy(FunctionLoss):
    """-Σ t log p for one-hot targets t (`categorical_crossentropy`)."""

    fn = staticmethod(categorical_crossentropy)

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis
        self._options = {
            "from_logits": from_logits,
            "label_smoothing": label_smoothing,
            "axis": axis,
        }


@register(MODULE)
class CategoricalFocalCrossentropy(FunctionLoss):
    """The cross-entropy of several classes with less weight on what is right already."""

    fn = staticmethod(categorical_focal_crossentropy)

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.alpha = alpha
        self.gamma = gamma
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis
        self._options = {
            "alpha": alpha,
            "gamma": gamma,
            "from_logits": from_logits,
            "label_smoothing": label_smoothing,
            "axis": axis,
        }


class _IndexLoss(FunctionLoss):
    """A loss whose targets are class indices: integers stay what they are."""

    def _targets(self, y_true: Any) -> Any:
        return to_tensor(y_true)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.fn(y_true, y_pred, **self._options)


@register(MODULE)
class SparseCategoricalCrossentropy(_IndexLoss):
    """-log p of the target's class, for targets that are class indices."""

    fn = staticmethod(sparse_categorical_crossentropy)

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis
        self._options = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}


@register(MODULE)
class CategoricalGeneralizedCrossEntropy(_IndexLoss):
    """(1 - p^q) / q of the target's class, which forgives wrong labels."""

    fn = staticmethod(categorical_generalized_cross_entropy)

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        if not 0 < q < 1:
            raise InvalidArgumentError(f"q lies between 0 and 1; got {q}")
        self.q = q
        self._options = {"q": q}


@register(MODULE)
class KLDivergence(FunctionLoss):
    """Σ t log(t / p) of two distributions."""

    fn = staticmethod(kl_divergence)
