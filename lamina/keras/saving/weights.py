"""The weights of a model as HDF5: Keras's layout, written and read without trust.

Each layer has a group; its own weights are the datasets `vars/0`, `vars/1` … in it. Groups are
named after attributes (`hidden/vars/0`), those of layers in lists and in Sequential and functional
models after classes (`layers/dense`, `layers/dense_1`), for names of layers differ from run to
run. The optimizer's state is in `optimizer`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property, partial
from typing import IO, Any, NamedTuple

import numpy as np

from ...core.callers import warn
from ...core.errors import DataLossError, InvalidArgumentError
from ...ir.graph import eagerly
from ...tensor.variable import Variable
from ..configurable import FAMILIES, snake_case
from ..layers.container import INTERNAL
from ..layers.layer import Layer
from ..limits import spend
from ..optimizers import Optimizer
from . import keras2
from .checked_hdf5 import checked_hdf5, numbers_of

KIND = "an HDF5 file of weights"
_HIDDEN = INTERNAL | {"_stack", "_own_layers"}
_PROPERTY = (property, cached_property)


class State(NamedTuple):
    """What one layer or optimizer keeps in a file."""

    path: str
    owner: Any
    variables: list[Variable]


# What a model keeps, and under which names --------------------------------------------------------


def states(model: Layer, skip: Iterable[Any] = ()) -> list[State]:
    """The state of the model and of all inside it, each once, in Keras's order.

    The objects in `skip` are left out, with all that is in them alone.
    """
    found: list[State] = []
    _visit(model, "", found, {id(item) for item in skip})
    return found


def _visit(part: Any, path: str, found: list[State], seen: set[int], trained: Any = None) -> None:
    """Find the state of a part; of an optimizer, that for the variables `trained`, if given."""
    if id(part) in seen:
        return
    seen.add(id(part))
    if isinstance(part, Optimizer):
        kept = part.variables if trained is None else part.variables_for(trained)
        found.append(State(path, part, kept))
        if (inner := getattr(part, "inner_optimizer", None)) is not None:
            _visit(inner, f"{path}/inner_optimizer", found, seen, trained)
        items = getattr(part, "optimizers", ())
        _visit_items(items, f"{path}/optimizers", found, seen, set(), trained)
        return
    found.append(State(path, part, part.own_variables()))
    for name, child in children_of(part):
        inner = f"{path}/{name}" if path else name
        if isinstance(child, Layer):
            _visit(child, inner, found, seen)
        elif isinstance(child, Optimizer):
            own = child is getattr(part, "optimizer", None) and hasattr(part, "compiled")
            if own:
                child.build_rest(part.trainable_weights)
            _visit(child, inner, found, seen, part.trainable_weights if own else None)
        else:
            _visit_items(child, inner, found, seen, set())


def _visit_items(
    items: Any, path: str, found: list[State], seen: set[int], ways: set[int], trained: Any = None
) -> None:
    """Layers in a list or dict, named after their classes."""
    if id(items) in ways:
        return
    ways.add(id(items))
    counts: dict[str, int] = {}

    def numbered(name: str) -> str:
        counts[name] = counts.get(name, -1) + 1
        return f"{path}/{name}_{counts[name]}" if counts[name] else f"{path}/{name}"

    for item in items.values() if isinstance(items, dict) else items:
        if isinstance(item, (Layer, Optimizer)):
            _visit(item, numbered(snake_case(type(item).__name__)), found, seen, trained)
        elif isinstance(item, (list, tuple, dict)):
            _visit_items(item, numbered("container"), found, seen, ways)


def children_of(part: Layer) -> Iterator[tuple[str, Any]]:
    """Attributes that may hold state: public ones first, by name; a model's layers too."""
    attributes = {name: value for name, value in vars(part).items() if name not in _HIDDEN}
    models = FAMILIES["keras.models"]
    for name in _properties(type(part)):
        with suppress(Exception):  # one that means nothing yet
            attributes[name] = getattr(part, name)
    if isinstance(part, models["Model"]):
        attributes["layers"] = part.layers
        attributes["optimizer"] = part.optimizer
        if isinstance(part, (models["Functional"], models["Sequential"])):
            yield "layers", part.layers
    for name in sorted(attributes, key=lambda name: (name.startswith("_"), name)):
        if isinstance(attributes[name], (Layer, Optimizer, list, tuple, dict)):
            yield name, attributes[name]


def _properties(cls: type) -> list[str]:
    """Properties that a class has beyond what all models or layers have; Keras looks there, too."""
    models = [FAMILIES["keras.models"][name] for name in ("Functional", "Sequential")]
    bases = models if issubclass(cls, FAMILIES["keras.models"]["Model"]) else [Layer]
    known = {name for base in bases for name in dir(base)}
    return [n for n in dir(cls) if n not in known and isinstance(getattr(cls, n, None), _PROPERTY)]


def stores_itself(owner: Any) -> bool:
    """Whether a class of the user, or of lamina, says itself what is written and read."""
    if not isinstance(owner, Layer):
        return False
    cls = type(owner)
    return (
        cls.save_own_variables is not Layer.save_own_variables
        or cls.load_own_variables is not Layer.load_own_variables
    )


# Writing ------------------------------------------------------------------------------------------


def contents(model: Layer, skip: Iterable[Any] = ()) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The groups of a file of the model's weights: path, the owner's name, arrays by name."""
    for path, owner, variables in states(model, skip):
        store: dict[str, Any] = {}
        if stores_itself(owner):
            owner.save_own_variables(store)
        else:
            store = {str(n): variable.numpy() for n, variable in enumerate(variables)}
        arrays = {name: np.asarray(value) for name, value in store.items()}
        yield (f"{path}/vars" if path else "vars"), owner.name, arrays


def to_bytes(model: Layer, skip: Iterable[Any] = ()) -> bytes:
    """The HDF5 file of the model's weights."""
    return groups_to_bytes(contents(model, skip))


def groups_to_bytes(groups: Iterable[tuple[str, str, Mapping[str, Any]]]) -> bytes:
    """An HDF5 file of groups as `contents` gives them."""
    import h5py

    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for path, name, arrays in groups:
            group = file.require_group(path)
            group.attrs["name"] = name
            for key, array in arrays.items():
                group[key] = array
    return content.getvalue()


# Reading ------------------------------------------------------------------------------------------


def load(
    model: Layer,
    file: IO[bytes],
    where: str,
    skip_mismatch: bool = False,
    skip: Iterable[Any] = (),
) -> None:
    """Let the model have the weights of an HDF5 file; all are checked before any is set.

    With `skip_mismatch`, layers that do not fit keep their weights, and a warning names them.
    """
    with checked_hdf5(file, where, KIND) as h5:
        take_over = weights_in(h5, model, where, skip_mismatch, skip)
    take_over()


def weights_in(
    h5: Any, model: Layer, where: str, skip_mismatch: bool = False, skip: Iterable[Any] = ()
) -> Callable[[], None]:
    """What lets the model have the weights of an open file, which are read and checked now."""
    reader = Reader(h5, where)
    return partial(reader.assign, reader.values(states(model, skip), skip_mismatch))


def fitting(reads: Iterable[Callable[[], list[Any]]], skip_mismatch: bool) -> list[Any]:
    """What all of `reads` give, in one list.

    With `skip_mismatch`, those are left out whose weights do not fit, and a warning names them.
    """
    found: list[Any] = []
    skipped = []
    for read in reads:
        try:
            found += read()
        except InvalidArgumentError as error:
            if not skip_mismatch:
                raise
            skipped.append(str(error))
    if skipped:
        warn("; ".join(skipped[:8]))
    return found


class Reader:
    """Reads datasets of known names and shapes, and nothing that leads out of the file."""

    def __init__(self, h5: Any, where: str) -> None:
        self.h5 = h5
        self.where = where
        self.stores: list[tuple[Any, dict[str, Any]]] = []  # for those that read themselves

    def values(
        self, wanted: list[State], skip_mismatch: bool
    ) -> list[tuple[Variable, np.ndarray[Any, Any]]]:
        """Each variable with its value in the file."""
        return fitting((partial(self._of, state) for state in wanted), skip_mismatch)

    def assign(self, values: list[tuple[Variable, np.ndarray[Any, Any]]]) -> None:
        """Set what was read."""
        with eagerly():
            for variable, value in values:
                variable.assign(value)
            for owner, store in self.stores:
                owner.load_own_variables(store)

    def _of(self, state: State) -> list[tuple[Variable, np.ndarray[Any, Any]]]:
        group = self.group(f"{state.path}/vars" if state.path else "vars")
        count = 0 if group is None else sum(name.isdigit() for name in group)
        variables: list[Any] = state.variables
        if stores_itself(state.owner):
            self.stores.append((state.owner, self._whole(group)))
            return []
        if isinstance(state.owner, Optimizer):
            variables = self._of_optimizer(state, group, count)
        elif count != len(variables):
            raise InvalidArgumentError(
                f"{self.where}: the {type(state.owner).__name__} {state.owner.name!r} has "
                f"{len(variables)} weights, the file has {count} for it (at {state.path!r}). "
                + ("Is it of another model?" if state.owner.built else "Build the model first.")
            )
        found = [
            (variable, self.at(group, str(number), variable, repr(state.owner.name)))
            for number, variable in enumerate(variables)
            if variable is not None
        ]
        return [*found, *keras2.missing_values(state.owner, found)]

    def _whole(self, group: Any) -> dict[str, Any]:
        """All arrays of numbers in a group, by name."""
        store: dict[str, Any] = {}
        for name in () if group is None else tuple(group):
            dataset, place = self._dataset(group, name)
            if dataset.dtype.kind not in "fiub":
                raise DataLossError(f"{place} holds {dataset.dtype}; numbers are expected")
            spend(dataset.shape, dataset.dtype.itemsize)
            store[name] = numbers_of(dataset, place)
        return store

    def _of_optimizer(self, state: State, group: Any, count: int) -> list[Any]:
        """The variables to read: all, or those of an optimizer that made no update yet.

        None stands for what Keras 2 kept, and nobody needs.
        """
        variables = state.variables
        first = [v for v in variables[:2] if not v.spec.shape]
        if count in (0, len(first)):
            return variables[:count]
        shapes = [self._dataset(group, str(number))[0].shape for number in range(count)]
        found = keras2.order_of_shapes(shapes, state.owner, variables)
        if found is not None or count == len(variables):
            return found or variables  # where it does not fit, that is told as of layers
        cure = (
            ""
            if state.owner.built
            else ", as in Keras. A built one takes it, with the learning rate: call "
            "optimizer.build(model.trainable_variables) before load_weights"
        )
        warn(
            f"{self.where}: the optimizer {state.owner.name!r} has {len(variables)} variables, its "
            f"state in the file {count}; it starts anew{cure}"
        )
        return []

    def group(self, path: str) -> Any:
        """The group at `path`, None where there is none."""
        import h5py

        group = self.h5
        for name in path.split("/"):
            group = self._member(group, name)
            if group is None:
                return None
            if not isinstance(group, h5py.Group):
                raise DataLossError(f"{self.where}: {path!r} is not a group")
        return group

    def at(self, group: Any, path: str, variable: Variable, what: str) -> np.ndarray[Any, Any]:
        """The value of a variable in the dataset at `path` below a group."""
        for name in path.split("/")[:-1]:
            group = self._member(group, name)
            if group is None:
                raise DataLossError(f"{self.where}: {path!r} is missing")
        dataset, place = self._dataset(group, path.rpartition("/")[2])
        if dataset.shape != variable.spec.shape:
            raise InvalidArgumentError(
                f"{place} has shape {dataset.shape}; the weight {variable.name!r} of {what} has "
                f"shape {variable.spec.shape}"
            )
        return converted(numbers_of(dataset, place), variable.spec.dtype, place)

    def _member(self, group: Any, name: str) -> Any:
        return group.get(name)

    def _dataset(self, group: Any, name: str) -> tuple[Any, str]:
        """A dataset whose numbers are in the file, and how to call it in messages."""
        import h5py

        dataset = self._member(group, name)
        place = f"{self.where}: {group.name}/{name}"
        if not isinstance(dataset, h5py.Dataset):
            raise DataLossError(f"{place} is missing, or is not a dataset")
        return dataset, place


def converted(
    array: np.ndarray[Any, Any], dtype: np.dtype[Any], place: str
) -> np.ndarray[Any, Any]:
    """`array` as `dtype`; floats and whole numbers are not mixed, nothing overflows."""
    kinds = {"f": "f", "i": "i", "u": "i", "b": "i"}
    if array.ndim == 0 and dtype.kind == "f" and array == 0:
        return array.astype(dtype)  # what Keras's optimizers keep where nothing is to be kept
    if kinds.get(array.dtype.kind) is None or kinds[array.dtype.kind] != kinds.get(dtype.kind):
        raise DataLossError(f"{place} holds {array.dtype}; {dtype} is expected")
    cast: np.ndarray[Any, Any] = array.astype(dtype)
    if dtype.kind != "f" and not np.array_equal(cast, array):
        raise DataLossError(f"{place} holds numbers that {dtype} cannot hold")
    return cast
