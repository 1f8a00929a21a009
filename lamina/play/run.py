"""One network in training: steps, what there is to see of them, and the way back."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..keras import layers, optimizers, regularizers
from ..keras.initializers import GlorotUniform, HeNormal
from ..keras.losses import binary_crossentropy
from ..keras.models import Model
from ..ops.reduction import reduce_mean
from ..tensor.convert import to_tensor
from ..tensor.function import function as compiled
from .problems import Problem, make_problem
from .settings import HE, Settings

_DIVERGED = 1e15  # a weight of that size
GRID = 40  # points along each side of the pictures
_MOST_KEPT = 240  # states to go back to
_SPAN = 2.2  # standard deviations from the middle to the border of a picture
_LANDSCAPE = 25  # points along each side
_FEW_STEPS = 50  # between two states, at least, where many steps are taken at once
_MOST_ROWS = 200_000  # that are put in order at once
_MOST_SEEN = 1000  # rows from which a landscape is computed


class State(NamedTuple):
    """All that training continues from."""

    step: int
    weights: list[npt.NDArray[Any]]
    rest: list[npt.NDArray[Any]]  # the optimizer's slots, the counters of dropout
    losses: tuple[float, float]


class Run:
    """A network that is trained some steps at a time.

    `states` are kept from time to time, the first at step 0; `rewind` goes back to one.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.problem: Problem = make_problem(
            settings.problem, settings.rows, settings.noise, settings.seed, settings.table,
            settings.target,
        )  # fmt: skip
        self.model, self._outputs = _network(settings, self.problem.x.shape[1])
        self.model.compile(optimizer(settings), "binary_crossentropy")
        self.model.optimizer.build(self.model.trainable_weights)
        self.step = 0
        self._every = 1  # steps between states that are kept
        self._grid = _plane(self.problem)
        self.states = [self._state()]
        x, y = to_tensor(self.problem.x[:_MOST_SEEN]), to_tensor(self.problem.y[:_MOST_SEEN])
        self._loss = compiled(lambda: reduce_mean(binary_crossentropy(y, self.model(x))))

    def train(self, steps: int) -> None:
        """Take so many steps, in the order of rows that the seed gives."""
        end = self.step + steps
        while self.step < end:
            apart = max(_FEW_STEPS, self.step // 5)  # so the beginning is seen in detail
            self._train(min(apart, max(1, _MOST_ROWS // self._batch_size()), end - self.step))

    def _train(self, steps: int) -> None:
        rows, size = self._rows(self.step, steps), self._batch_size()
        self.model.fit(
            self.problem.x[rows], self.problem.y[rows], batch_size=size, shuffle=False, verbose=0
        )
        self.step += steps
        if self.step - self.states[-1].step >= self._every:
            self.states.append(self._state())
        if len(self.states) > _MOST_KEPT:
            self.states = [*self.states[:-1:2], self.states[-1]]
            self._every *= 2

    def rewind(self, place: int) -> None:
        """Go back to `states[place]`; what came after is forgotten."""
        place = min(max(place, 0), len(self.states) - 1)
        del self.states[place + 1 :]
        state = self.states[place]
        self.model.set_weights(state.weights)
        for variable, value in zip(self._rest(), state.rest, strict=True):
            variable.assign(value)
        self.step = state.step

    def losses(self) -> tuple[float, float]:
        """The loss on the rows that are learned from, and on the others."""
        problem = self.problem
        pairs = ((problem.x, problem.y), (problem.test_x, problem.test_y))
        found = [self.model.evaluate(x, y, batch_size=1024, verbose=0) for x, y in pairs]
        return float(found[0]), float(found[1])

    def pictures(self) -> list[npt.NDArray[np.float32]]:
        """What each unit says at each place of the plane: (units, GRID, GRID) for each layer."""
        values = self._outputs.predict(self._grid, verbose=0)
        values = values if isinstance(values, list) else [values]
        return [np.asarray(part).T.reshape(-1, GRID, GRID) for part in values]

    def weights(self) -> list[npt.NDArray[np.float32]]:
        """The kernel of each layer, (inputs, units)."""
        return [np.asarray(layer.kernel) for layer in self.model.layers if hasattr(layer, "kernel")]

    def landscape(self) -> dict[str, Any]:
        """The loss in the plane along which the weights moved most, and the way through it."""
        flat = np.stack([_flat(state.weights) for state in self.states])
        flat = flat[np.abs(flat).max(axis=1) < _DIVERGED]
        if len(flat) < 3:
            return {"grid": [], "path": []}
        center = flat[-1]
        _, _, axes = np.linalg.svd(flat - center, full_matrices=False)
        plane = axes[:2]
        path = (flat - center) @ plane.T
        low, high = path.min(axis=0), path.max(axis=0)
        margin = 0.25 * max(float(np.max(high - low)), 1e-3)
        sides = [np.linspace(a - margin, b + margin, _LANDSCAPE) for a, b in zip(low, high)]
        kept = self.model.get_weights()
        try:
            grid = [[self._loss_at(center, plane, (a, b)) for a in sides[0]] for b in sides[1]]
        finally:
            self.model.set_weights(kept)
        bounds = [[float(side[0]), float(side[-1])] for side in sides]
        return {"grid": grid, "bounds": bounds, "path": path.round(5).tolist()}

    def _loss_at(self, center: Any, plane: Any, place: tuple[float, float]) -> float:
        moved = center + place[0] * plane[0] + place[1] * plane[1]
        self.model.set_weights(_shaped(moved, self.states[-1].weights))
        return float(self._loss())

    def _state(self) -> State:
        rest = [np.array(variable) for variable in self._rest()]
        weights = [np.array(part) for part in self.model.get_weights()]
        return State(self.step, weights, rest, self.losses())

    def _rest(self) -> list[Any]:
        counters = [variable for variable in self.model.variables if "seed" in variable.path]
        return [*counters, *self.model.optimizer.variables]

    def _batch_size(self) -> int:
        return min(self.settings.batch_size, len(self.problem.x))

    def _rows(self, first: int, steps: int) -> npt.NDArray[np.intp]:
        """The rows of steps `first` to `first + steps`: one shuffled order after the other."""
        size = self._batch_size()
        count = len(self.problem.x) // size  # steps an epoch; the rest has its turn in another
        orders = [
            np.random.default_rng((self.settings.seed, epoch)).permutation(len(self.problem.x))[
                : count * size
            ]
            for epoch in range(first // count, (first + steps - 1) // count + 1)
        ]
        begin = (first % count) * size
        return np.concatenate(orders)[begin : begin + steps * size]


def optimizer(settings: Settings) -> Any:
    """The optimizer that was chosen."""
    if settings.optimizer == "momentum":
        return optimizers.SGD(settings.learning_rate, momentum=0.9)
    found = optimizers.get(settings.optimizer)
    found.learning_rate = settings.learning_rate
    return found


def _network(settings: Settings, columns: int) -> tuple[Any, Any]:
    """The model, and another that gives what every layer says."""
    value = inputs = layers.Input((columns,))
    said = []
    penalty = None
    if settings.regularizer != "none":
        penalty = getattr(regularizers, settings.regularizer.upper())(settings.penalty)
    initial = HeNormal if settings.activation in HE else GlorotUniform
    for place, units in enumerate(settings.layers):
        value = layers.Dense(
            units, settings.activation, kernel_regularizer=penalty,
            kernel_initializer=initial(seed=settings.seed + place),
        )(value)  # fmt: skip
        said.append(value)
        if settings.dropout:
            value = layers.Dropout(settings.dropout, seed=settings.seed + place)(value)
    last = GlorotUniform(seed=settings.seed + len(settings.layers))
    value = layers.Dense(1, "sigmoid", kernel_initializer=last, kernel_regularizer=penalty)(value)
    return Model(inputs, value), Model(inputs, [*said, value])


def _plane(problem: Problem) -> npt.NDArray[np.float32]:
    """Places in the plane of the first two columns; the others stand at their mean, 0."""
    side = np.linspace(-_SPAN, _SPAN, GRID, dtype=np.float32)
    grid = np.zeros((GRID * GRID, problem.x.shape[1]), np.float32)
    grid[:, 0], grid[:, 1] = np.tile(side, GRID), np.repeat(side[::-1], GRID)
    return grid


def _flat(weights: list[npt.NDArray[Any]]) -> npt.NDArray[np.float64]:
    return np.concatenate([part.ravel().astype(np.float64) for part in weights])


def _shaped(
    vector: npt.NDArray[np.float64], like: list[npt.NDArray[Any]]
) -> list[npt.NDArray[Any]]:
    parts = np.split(vector, np.cumsum([part.size for part in like])[:-1])
    return [part.reshape(kind.shape).astype(kind.dtype) for part, kind in zip(parts, like)]
