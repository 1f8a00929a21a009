"""Where a training stands: all that it takes to go on as if it had never been interrupted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...core import nest
from ...core.callers import raising_line, warn
from ...core.errors import ArgumentTypeError, DataLossError, FailedPreconditionError, OpError
from ...core.showing import shown
from ...ir.graph import eagerly
from ...ops.random_state import process_state, restart_process
from .. import losses
from ..losses import SHAPE_DEPENDENT
from ..optimizers.schedules import LearningRateSchedule
from ..optimizers.state import OptimizerState
from ..place import Place
from ..random import SeedGenerator
from . import moments
from .pieces import Feed
from .stepper import Logs, Stepper

State = dict[str, Any]
_FORMAT = 2
_DATA = "training", "validation"
_COUNT = re.compile(r"_\d+$")  # at the end of names that a process makes one after the other


class Standing:
    """The place that a call of `fit` has come to.

    `state()` gives it as plain data at the end of a batch or an epoch, when all callbacks have
    heard of it; `restore` takes it over, in another process, too. It holds weights, the state of
    optimizers, metrics, callbacks and random numbers, the place in the data, and the history.
    """

    def __init__(
        self,
        model: Any,
        feed: Feed,
        validation: Feed | None,
        callbacks: list[Any],
        stepper: Stepper,
    ) -> None:
        self._model, self.callbacks, self._stepper = model, callbacks, stepper
        self.feeds = [feed] if validation is None else [feed, validation]
        self.epoch = self.batch = 0  # the epoch to go on in, and how many batches of it are done
        self.logs: Logs = {}
        self.is_over = False  # whether what was restored had been told to stop
        self._start: State | None = None  # the data's and the random numbers' at that epoch's begin
        self._restored: State | None = None
        self._fits: State | None = None
        self._where = ""  # the file that was restored
        self.leaves: Callable[[], None] | None = None
        """What is called between steps, and may end the training."""

    # While training goes on

    def begin(self) -> int:
        """The epoch begins; how many of its batches were done before an interruption."""
        found, self._restored = self._restored, None
        if found is None or not found["batch"]:
            self._start = self._now()
            return 0
        with _refusing(self._where):
            self._let_be(found)  # again: hooks of the epoch's begin have run
            self._go_to(found["start"], found["start"]["random"])
        self._start, self.batch = found["start"], found["batch"]
        self._restored = found
        return self.batch

    def settle(self) -> None:
        """The data are where they were: random numbers go on, too."""
        found, self._restored = self._restored, None
        if found is not None:
            with _refusing(self._where):
                moments.go_back(found["random"], others=not self.feeds[0].streams)

    def reach(self, batch: int) -> None:
        """So many batches of the epoch are done."""
        self.batch = batch

    def end(self, epoch: int, logs: Logs) -> None:
        """An epoch has ended, and all have heard of it."""
        self.epoch, self.batch, self.logs = epoch + 1, 0, logs
        self._start = None

    def leave(self) -> None:
        """Save and end, if a signal asks for it."""
        if self.leaves is not None:
            self.leaves()

    def leave_within(self) -> None:
        """The same between the steps of an epoch."""
        if self.batch:
            self.leave()

    def _now(self) -> State:
        for feed in self.feeds[1:]:
            feed.restart()  # as validation does
        return {
            "random": moments.now(),
            "feeds": [feed.position() for feed in self.feeds],
            "stateful": [[each.state() for each in feed.stateful] for feed in self.feeds],
        }

    def place(self) -> Place | None:
        """For a model's file: None within an epoch, where only a backup can go on."""
        if self.batch:
            return None
        data = [[each.state() for each in feed.stateful] for feed in self.feeds]
        layers = [each.state() for each in _generators(self._model)]
        return Place(self.epoch, **process_state(), layers=layers, data=data)

    def go_on(self, place: Place | None) -> None:
        """Draw random numbers as the training did that came to `place`, if this is that epoch."""
        if place is None or place.epoch != self.epoch:
            return
        for feed in self.feeds:
            feed.forget_sample()
        restart_process(place.process)
        known = [_generators(self._model), *(feed.stateful for feed in self.feeds)]
        kept = [place.layers, *place.data]
        if list(map(len, known)) == list(map(len, kept)):
            for stateful, states in zip(known, kept, strict=True):
                moments.restart(stateful, states)

    # Writing

    def state(self) -> State:
        """All of it, as plain data."""
        model = self._model
        logs = self._stepper.logs() if self.batch else self.logs
        start = self._now() if self._start is None else self._start
        self._fits = self._fits or self._description()
        return {
            "format": _FORMAT,
            "fits": self._fits,
            "epoch": self.epoch,
            "batch": self.batch,
            "logs": dict(logs),
            "stopped": bool(model.stop_training),
            "variables": [np.array(variable) for variable in _variables(model)],
            "metrics": [np.array(variable) for variable in _of_metrics(model)],
            "optimizers": [self._of_optimizer(each) for each in _optimizers(model)],
            "start": start,
            "random": moments.now(),
            "callbacks": self._of_callbacks(),
        }

    def _of_optimizer(self, optimizer: Any) -> State:
        places = {id(v): place for place, v in enumerate(_variables(self._model))}
        built = [places.get(id(variable), -1) for variable in _trained_by(optimizer)]
        values = [np.array(variable) for variable in optimizer.variables]
        return {"built": built if optimizer.built else None, "variables": values}

    def _of_callbacks(self) -> list[list[Any]]:
        return [[type(each).__name__, moments.state_of(each)] for each in self.callbacks]

    def _description(self) -> State:
        """What must not have changed."""
        layers = [_layer_in_words(layer) for layer in self._model._flatten_layers()]
        shapes = [f"{v.dtype} {tuple(v.shape)}" for v in _variables(self._model)]
        return {
            "layers": layers,
            "variables": shapes,
            "optimizers": [_optimizer_in_words(each) for each in _optimizers(self._model)],
            "loss": _losses_in_words(self._model.loss),
            "metrics": [_COUNT.sub("", metric.name) for metric in self._model.metrics],
            "data": {
                name: feed.describe(batches=name == _DATA[0])  # validation begins by itself
                for name, feed in zip(_DATA, self.feeds, strict=False)
            },
        }

    # Going on

    def restore(self, state: State, where: str) -> None:
        """Take `state` over, which was found in `where`.

        FailedPreconditionError says what does not fit, DataLossError what is damaged: the weights
        are then what they were.
        """
        form = state.get("format") if isinstance(state, dict) else None
        if type(form) is not type(_FORMAT) or form != _FORMAT:
            raise DataLossError(
                f"{where} holds no training, or one of another version of lamina. Begin anew in "
                "another folder, or take the file away"
            )
        self._where = where
        with _refusing(where), _unchanged(self._model):
            _check_counts(state)
            self._compare(state["fits"], where)
            self._check_shapes(state)
            self._let_be(state)
            if not state["batch"]:
                self._go_to(state["start"], state["random"])
        self.epoch, self.batch, self.logs = state["epoch"], state["batch"], state["logs"]
        self._restored, self.is_over = state, state["stopped"] and not state["batch"]

    def _compare(self, described: State, where: str) -> None:
        """FailedPreconditionError: what is described in a file is another training."""
        self.feeds = [
            feed.as_described(described["data"].get(name, {}))
            for name, feed in zip(_DATA, self.feeds, strict=False)
        ]
        difference = _difference(described, self._description())
        if difference:
            raise FailedPreconditionError(
                f"{where} holds a training that is not this one: {shown(difference, 400)}. Go on "
                "with what the training was begun with, or begin anew in another folder"
            )

    def _let_be(self, state: State) -> None:
        """Weights, optimizers, metrics and callbacks as they were."""
        model = self._model
        with eagerly():
            _assign(_variables(model), state["variables"])
            for optimizer, found in zip(_optimizers(model), state["optimizers"], strict=True):
                if found["built"] is not None:
                    _assign(optimizer.variables, found["variables"])
            if state["batch"]:  # an epoch begins with new ones
                _assign(_of_metrics(model), state["metrics"])
                self._stepper.take_results(state["logs"])
        model.stop_training = state["stopped"]
        self._restore_callbacks(state["callbacks"])

    def _check_shapes(self, state: State) -> None:
        """Make what optimizers keep, and tell of what has another shape than it had."""
        _check(_variables(self._model), state["variables"], "the weights")
        with eagerly():
            for optimizer, found in zip(_optimizers(self._model), state["optimizers"], strict=True):
                if found["built"] is not None:
                    self._build(optimizer, found["built"])
                    _check(optimizer.variables, found["variables"], f"what {optimizer.name} keeps")
        if state["batch"]:
            if len(_of_metrics(self._model)) < len(state["metrics"]):
                self._stepper.trace(self.feeds[0].sample())  # some are made by the first batch
            _check(_of_metrics(self._model), state["metrics"], "metrics")

    def _build(self, optimizer: Any, places: list[int]) -> None:
        if optimizer.built:
            return
        if min(places, default=0) < 0:
            raise FailedPreconditionError(
                f"{type(optimizer).__name__} trains variables that the model does not know: "
                "keep them in attributes of the model or its layers"
            )
        known = _variables(self._model)
        optimizer.build([known[place] for place in places])

    def _restore_callbacks(self, states: list[list[Any]]) -> None:
        waiting = list(self.callbacks)
        for name, state in states:
            found = next((each for each in waiting if type(each).__name__ == name), None)
            if found is not None:
                waiting.remove(found)
            if state is None:
                continue
            if found is None or not hasattr(found, "set_state"):
                warn(
                    f"the training that is resumed had a {name}, whose state is lost: fit has no "
                    "such callback now"
                )
                continue
            found.set_state(state)

    def _go_to(self, start: State, random: moments.Moment) -> None:
        """Let data be where an epoch began, and random numbers at the moment `random`."""
        ahead = False
        for feed, position in zip(self.feeds, start["feeds"], strict=True):
            feed.go_to(position)
            if feed.draws_ahead and position["running"]:
                ahead = ahead or moments.have_drawn(position["running"]["began"])
        moments.go_back(random, others=not ahead)
        pairs = zip(start["feeds"], start["stateful"], strict=True)
        for feed, (position, states) in zip(self.feeds, pairs, strict=True):
            if position.get("running") is None:  # else the pass has come to where they are
                moments.restart(feed.stateful, states)


@contextmanager
def _refusing(where: str) -> Iterator[None]:
    """Whatever a file with wrong content brings about is an error that names the file.

    Errors of people's own code, which makes data and takes over states, are theirs.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, OpError) and not isinstance(error, DataLossError):
            raise
        if raising_line(error) is not None:
            raise
        raise DataLossError(
            f"{where} is damaged: {shown(_words(error))}. Begin anew in another folder, or "
            "take the file away"
        ) from error


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, OpError) else f"{type(error).__name__}: {error}"


@contextmanager
def _unchanged(model: Any) -> Iterator[None]:
    """After an error, the weights are what they were."""
    variables = _variables(model)
    before = [np.array(variable) for variable in variables]
    try:
        yield
    except BaseException:
        with eagerly():
            _assign(variables, before)
        raise


def _check_counts(state: State) -> None:
    if not isinstance(state["logs"], dict) or not isinstance(state["stopped"], bool):
        raise ValueError(f"logs {state['logs']!r:.80}, stopped {state['stopped']!r:.80}")
    for name in ("epoch", "batch"):
        if type(state[name]) is not int or state[name] < 0:
            raise ValueError(f"{name} {state[name]!r}")


def _variables(model: Any) -> list[Any]:
    """Weights and the state of random numbers."""
    found: list[Any] = model.variables
    return found


def _generators(model: Any) -> list[moments.Drawn]:
    """The sources of random numbers in a model, each once."""
    layers = model._flatten_layers()
    found = [p for layer in layers for p in layer._parts() if isinstance(p, SeedGenerator)]
    return list({id(generator): moments.Drawn(generator) for generator in found}.values())


def _optimizers(model: Any) -> list[Any]:
    """The one of `compile`, and those in attributes of a model with steps of its own."""
    own = [value for value in vars(model).values() if isinstance(value, OptimizerState)]
    found = [each for each in (model.optimizer, *own) if each is not None]
    return list({id(each): each for each in found}.values())


def _trained_by(optimizer: Any) -> list[Any]:
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    found: list[Any] = inner._trainable_variables
    return found


def _of_metrics(model: Any) -> list[Any]:
    return [variable for metric in model.metrics for variable in metric.variables]


def _check(variables: list[Any], values: list[Any], what: str) -> None:
    shapes = [tuple(v.shape) for v in variables], [np.shape(value) for value in values]
    if shapes[0] != shapes[1]:
        raise FailedPreconditionError(
            f"in the interrupted training, {what} had the shapes {shapes[1]!s:.200}; here they "
            f"are {shapes[0]!s:.200}. Make it with the options that it had; variables that a "
            "training step makes must exist before fit"
        )
    if any(np.asarray(value).dtype.kind not in "biuf" for value in values):
        raise DataLossError(f"{what} of the interrupted training are not all numbers")


def _assign(variables: list[Any], values: list[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _optimizer_in_words(optimizer: Any) -> str:
    inner = getattr(optimizer, "inner_optimizer", None)
    if inner is not None:
        return f"{type(optimizer).__name__} of {_optimizer_in_words(inner)}"
    rate = getattr(optimizer, "_learning_rate", None)
    schedule = f" with {type(rate).__name__}" if isinstance(rate, LearningRateSchedule) else ""
    return f"{type(optimizer).__name__}{schedule}"


def _losses_in_words(given: Any) -> list[str]:
    """The loss of each output, by its full name."""
    found = [loss if loss in SHAPE_DEPENDENT else losses.get(loss) for loss in nest.flatten(given)]
    names = [getattr(loss, "name", None) or getattr(loss, "__name__", loss) for loss in found]
    return [str(name) for name in names]


def _layer_in_words(layer: Any) -> str:
    """A layer's class and plain settings, without its name: names count up in a process."""
    try:
        config = layer.get_config() if not layer._layers_inside() else {}
    except (ArgumentTypeError, NotImplementedError, TypeError, ValueError):
        config = {}
    plain = {
        key: value
        for key, value in config.items()
        if key != "name" and isinstance(value, (bool, int, float, str))
    }
    settings = ", ".join(f"{key}={value!r}" for key, value in plain.items())
    return f"{type(layer).__name__}({settings})"


def _difference(before: Any, now: Any, name: str = "") -> str:
    """The first difference in words; empty where there is none."""
    if isinstance(before, dict) and isinstance(now, dict):
        keys = {**before, **now}
        found = (_difference(before.get(k), now.get(k), f"{name} {k}".strip()) for k in keys)
        return next(filter(None, found), "")
    if isinstance(before, list) and isinstance(now, list):
        if len(before) != len(now):
            return f"it has {len(before)} {name}, and this one has {len(now)}"
        pairs = enumerate(zip(before, now, strict=True))
        different = ((i, one, other) for i, (one, other) in pairs if one != other)
        return next((f"{name}, number {i}, was {a} and is {b}" for i, a, b in different), "")
    before, now = (_kind(value) for value in (before, now))
    return "" if before == now else f"{name} was {before} and is {now}"


def _kind(value: Any) -> Any:
    """What data are, in place of all that is known of them."""
    return value["kind"] if isinstance(value, dict) else value
