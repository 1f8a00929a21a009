"""tf.train.Checkpoint: the variables of any objects, written and brought back."""

from __future__ import annotations

import os
import time
import weakref
from typing import Any

import numpy as np

from ..core.dtypes import INT64, Array
from ..core.errors import InvalidArgumentError
from ..core.files import FilePath
from ..core.pending import WAITING, resume
from ..data.iterator import DatasetIterator
from ..ir.graph import eagerly
from ..tensor.variable import Variable
from . import files
from .objects import Node, Tracked, is_trackable, object_graph, parts_of, variables_in
from .places import place_of


class CheckpointOptions:
    """How checkpoints are written; here there is one way, and nothing to choose."""


class Checkpoint(Tracked):
    """Objects by name, whose variables are saved and restored together.

    Objects are modules, layers, models, optimizers, metrics, generators, variables, iterators of
    datasets, other checkpoints, and lists, tuples and dicts of them. What is restored is matched
    by the names of attributes, beginning at those of the checkpoint. Variables that do not exist
    yet get their values when they are made.

        checkpoint = tf.train.Checkpoint(model=model, optimizer=optimizer)
        path = checkpoint.save("folder/name")
        checkpoint.restore(path)
    """

    _root: Any
    _parts: dict[str, Any]
    _restoring: Any

    def __init__(self, root: Any = None, **kwargs: Any) -> None:
        for name, value in {**({} if root is None else {"root": root}), **kwargs}.items():
            if not is_trackable(value):
                raise InvalidArgumentError(
                    f"Checkpoint expects objects with variables; {name!r} is a "
                    f"{type(value).__name__}. Put a number into a tf.Variable; of a dataset, it is "
                    "iter(dataset) that has a place."
                )
        set_attribute = object.__setattr__
        set_attribute(self, "_root", root)
        set_attribute(self, "_parts", dict(kwargs))
        set_attribute(self, "_restoring", None)
        for name, value in kwargs.items():
            setattr(self, name, value)

    @property
    def root(self) -> Any:
        return self if self._root is None else self._root

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if isinstance(value, DatasetIterator):
            place_of(value)  # from its first element on
        if is_trackable(value):
            self._parts[name] = value
            if WAITING:
                resume()

    @property
    def save_counter(self) -> Variable:
        """How many times `save` was called, a variable of the checkpoint."""
        if "save_counter" not in self._parts:
            with eagerly():
                counter = Variable(np.array(0, INT64), trainable=False, name="save_counter")
            self._parts["save_counter"] = counter
        found: Variable = self._parts["save_counter"]
        return found

    def tracked_parts(self) -> dict[str, Any]:
        """The parts of the root and the named ones, under one set of names."""
        return {**({} if self._root is None else parts_of(self._root)), **self._parts}

    # Writing

    def write(self, file_prefix: FilePath, options: CheckpointOptions | None = None) -> str:
        """Write to `file_prefix` (.npz is added), with no number and no note in the folder."""
        prefix = os.fspath(file_prefix)
        nodes, variables = object_graph(self)
        values = {key: np.asarray(variable) for key, variable in variables.items()}
        files.write(prefix, nodes, values)
        return prefix

    def save(self, file_prefix: FilePath, options: CheckpointOptions | None = None) -> str:
        """Write to `file_prefix` and a number, which counts up; it becomes the folder's latest."""
        with eagerly():
            self.save_counter.assign_add(1)
        prefix = f"{os.fspath(file_prefix)}-{int(self.save_counter)}"
        self.write(prefix, options)
        files.write_state(os.path.dirname(prefix) or ".", [prefix], [time.time()])
        return prefix

    # Reading

    def read(
        self, save_path: FilePath, options: CheckpointOptions | None = None
    ) -> CheckpointLoadStatus:
        """Bring back what `write` wrote; see `restore`."""
        return self._start(os.fspath(save_path))

    def restore(
        self, save_path: FilePath | None, options: CheckpointOptions | None = None
    ) -> CheckpointLoadStatus | InitializationOnlyStatus:
        """Let variables have the values of a checkpoint; None changes nothing.

        The result tells whether everything was found: `assert_consumed()`. NotFoundError: no such
        file. InvalidArgumentError: a shape differs.
        """
        if save_path is None:
            return InitializationOnlyStatus()
        self.save_counter  # noqa: B018 (made, so that its value comes back)
        return self._start(os.fspath(save_path))

    def _start(self, path: str) -> CheckpointLoadStatus:
        nodes, values = files.read(path)
        if self._restoring is not None:
            self._restoring.stop()
        restoring = _Restoring(nodes, values)
        object.__setattr__(self, "_restoring", restoring)
        restoring.match([(0, self)])
        if restoring.unused():
            WAITING.append(restoring.go_on)
        return CheckpointLoadStatus(restoring)


def write_weights(model: Any, prefix: str) -> None:
    """Write the checkpoint of a model; it becomes its folder's latest."""
    Checkpoint(model).write(prefix)
    files.write_state(os.path.dirname(prefix) or ".", [prefix], [time.time()])


def read_weights(model: Any, prefix: str) -> CheckpointLoadStatus:
    """Let a model have the weights of a checkpoint, those it will make later, too."""
    return Checkpoint(model).read(prefix)


class _Restoring:
    """Values on their way to variables, some of which may not exist yet."""

    def __init__(self, nodes: list[Node], values: dict[str, Array]) -> None:
        self.nodes = nodes
        self._values = values
        self.given: dict[str, weakref.ref[Variable]] = {}  # by key
        self._holders: dict[tuple[int, int], Any] = {}  # places and what stands there, weakly
        self._stopped = False

    def stop(self) -> None:
        """Let what is missing be missing."""
        self._stopped = True

    def go_on(self) -> bool:
        """Give values to the variables that exist by now; True where nothing is left to do."""
        alive = [(place, ref()) for (place, _), ref in self._holders.items()]
        known = [(place, thing) for place, thing in alive if thing is not None]
        if self._stopped or not known:
            return True
        self.match(known)
        return not self.unused()

    def match(self, queue: list[tuple[int, Any]]) -> None:
        """Follow names from nodes to things, and give variables their values."""
        seen: set[tuple[int, int]] = set()
        kept = []  # ids are of things that live
        while queue:
            place, thing = queue.pop(0)
            if (place, id(thing)) in seen:
                continue
            seen.add((place, id(thing)))
            kept.append(thing)
            node = self.nodes[place]
            if node.key is not None and isinstance(thing, Variable):
                self._give(node.key, thing)
                continue
            if not isinstance(thing, (list, tuple, dict)):  # those are found through their holders
                self._holders[place, id(thing)] = weakref.ref(thing)
            if isinstance(thing, Checkpoint) and thing.root is not thing:
                queue.append((place, thing.root))
            parts = parts_of(thing)
            queue += [(child, parts[n]) for n, child in node.children.items() if n in parts]

    def _give(self, key: str, variable: Variable) -> None:
        if key in self.given:
            return
        value = self._values[key]
        if value.shape != tuple(variable.shape):
            raise InvalidArgumentError(
                f"{key.partition('/.')[0]} has shape {value.shape} in the checkpoint; the "
                f"variable {variable.name!r} has shape {tuple(variable.shape)}"
            )
        with eagerly():
            variable.assign(value)
        self.given[key] = weakref.ref(variable)

    def unused(self) -> list[str]:
        """Names of values that no variable took."""
        keys = [node.key for node in self.nodes if node.key is not None]
        return [key.partition("/.")[0] for key in keys if key not in self.given]

    def left_alone(self) -> list[Variable]:
        """Variables for which the file had nothing."""
        given = {id(variable()) for variable in self.given.values()}
        found = {}
        for holder in self._holders.values():
            thing = holder()
            if thing is not None:
                found.update({id(variable): variable for variable in variables_in(thing)})
        return [variable for number, variable in found.items() if number not in given]


class CheckpointLoadStatus:
    """What became of a restoration."""

    def __init__(self, restoring: _Restoring) -> None:
        self._restoring = restoring

    def assert_consumed(self) -> CheckpointLoadStatus:
        """AssertionError unless every value has its variable and every variable its value."""
        unused = self._restoring.unused()
        if unused:
            raise AssertionError(
                f"{len(unused)} values of the checkpoint have no variable: "
                f"{', '.join(unused[:8])}{', …' if len(unused) > 8 else ''}"
            )
        return self.assert_existing_objects_matched()

    def assert_existing_objects_matched(self) -> CheckpointLoadStatus:
        """AssertionError unless every variable that exists has got a value."""
        left = [v for v in self._restoring.left_alone() if v.name != "save_counter:0"]
        if left:
            raise AssertionError(
                f"{len(left)} variables have no value in the checkpoint: "
                f"{', '.join(repr(v.name) for v in left[:8])}{', …' if len(left) > 8 else ''}"
            )
        return self

    def assert_nontrivial_match(self) -> CheckpointLoadStatus:
        """AssertionError where no variable at all has got a value."""
        if not self._restoring.given:
            raise AssertionError("nothing in the checkpoint fits the objects of this program")
        return self

    def expect_partial(self) -> CheckpointLoadStatus:
        """Nothing is missed: values without a variable are never complained of here."""
        return self


class InitializationOnlyStatus:
    """The status of a restoration from nothing."""

    def assert_consumed(self) -> None:
        """There was nothing to consume."""
        raise AssertionError("no checkpoint was named, so nothing was restored")

    assert_existing_objects_matched = assert_nontrivial_match = assert_consumed

    def expect_partial(self) -> InitializationOnlyStatus:
        """Nothing is missed."""
        return self
