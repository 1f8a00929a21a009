"""Where an iterator over a dataset stands: a variable, for checkpoints to hold."""

from __future__ import annotations

import numpy as np

from ..core.dtypes import UINT64, Array
from ..core.errors import InvalidArgumentError
from ..data.iterator import DatasetIterator
from ..ir.graph import eagerly
from ..keras.training.moments import restart, stateful_in
from ..tensor.variable import Variable


def place_of(iterator: DatasetIterator) -> Variable:
    """The variable that says where an iterator stands now, and sends it where a file says."""
    place: _Place = iterator.place or _Place(iterator)
    iterator.place = place
    return place.noted()


class _Place:
    """How many elements were taken, and what the order of all depended on at the begin."""

    def __init__(self, iterator: DatasetIterator) -> None:
        self.iterator = iterator
        self.stateful = stateful_in(iterator.node)
        if iterator.taken and self.stateful:
            raise InvalidArgumentError(
                "an iterator over a dataset in random order belongs to a checkpoint from its first "
                "element on: make the tf.train.Checkpoint before the loop"
            )
        self.begin = [each.state() for each in self.stateful]
        self.known = self._now()
        with eagerly():
            self.variable = Variable(self.known, trainable=False, name="place")

    def _now(self) -> Array:
        numbers = [self.iterator.taken, *(number for pair in self.begin for number in pair)]
        return np.array(numbers, UINT64)

    def noted(self) -> Variable:
        """The variable, with where the iterator stands now."""
        self.follow()
        self.known = self._now()
        with eagerly():
            self.variable.assign(self.known)
        return self.variable

    def follow(self) -> None:
        """Go where the variable says, if a checkpoint has written it."""
        with eagerly():
            wanted = np.asarray(self.variable)
        if np.array_equal(wanted, self.known):
            return
        taken, *states = wanted.tolist()
        self.begin = [list(pair) for pair in zip(states[::2], states[1::2], strict=True)]
        self.known = wanted
        restart(self.stateful, self.begin)
        self.iterator.restart(taken)
