"""`import tensorflow` gives lamina: modules under other names, made when they are imported."""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType, TracebackType
from typing import Any

from ..core.errors import FailedPreconditionError, InvalidArgumentError, UnknownNameError
from ..ops.version import VERSION

TARGETS = {"tensorflow": "lamina", "keras": "lamina.keras", "tf_keras": "lamina.keras"}
"""What can be imported under another name, and what it is here."""


class Alias(ModuleType):
    """A module that has the names of another object, `target`."""

    def __init__(self, name: str, target: Any) -> None:
        super().__init__(name, getattr(target, "__doc__", None))
        self.__dict__["_target"] = target
        if name == "tensorflow":
            self.__version__ = VERSION

    def __getattr__(self, name: str) -> Any:
        if name in ("__path__", "__file__", "__wrapped__"):
            raise AttributeError(name)
        return getattr(self.__dict__["_target"], name)

    def __dir__(self) -> list[str]:
        return sorted({*dir(self.__dict__["_target"]), *self.__dict__} - {"_target"})

    def __repr__(self) -> str:
        return f"<module {self.__name__!r}: {self.__dict__['_target']!r}>"


class _Finder:
    """Finds modules below one name; asked before Python looks at files."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """How `fullname` is made, None where it is not below our name."""
        top, _, rest = fullname.partition(".")
        if top != self.name:
            return None
        found = _resolved(top, rest, fullname)
        # A package without a place on disk, so that its own submodules are asked of us, too.
        loader: Any = _Loader(found)  # importlib.abc, its base by rights, takes long to import
        return ModuleSpec(fullname, loader, is_package=True)

    def invalidate_caches(self) -> None:
        """Nothing is kept."""


class _Loader:
    def __init__(self, target: Any) -> None:
        self.target = target

    def create_module(self, spec: ModuleSpec) -> Alias:
        return Alias(spec.name, self.target)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: the names are the target's."""


def _resolved(top: str, rest: str, fullname: str) -> Any:
    found: Any = importlib.import_module(TARGETS[top])
    for part in rest.split(".") if rest else ():
        try:
            found = getattr(found, part)
        except AttributeError as error:
            # A ModuleNotFoundError with a name would be taken for "no such submodule" by
            # `from tensorflow import x`, and its message lost.
            raise ModuleNotFoundError(f"cannot import {fullname!r}: {error}") from None
    if not isinstance(found, ModuleType) and (isinstance(found, type) or callable(found)):
        raise ModuleNotFoundError(
            f"cannot import {fullname!r}: it is a {type(found).__name__}, not a module; "
            f"write `from {fullname.rpartition('.')[0]} import {fullname.rpartition('.')[2]}`"
        )
    return found


class Installation:
    """What `install_as` did: `uninstall()`, or the end of a `with` block, undoes it."""

    def __init__(self, finders: list[_Finder]) -> None:
        self._finders = finders

    def uninstall(self) -> None:
        """Take the names away again; modules that hold them keep them."""
        for finder in self._finders:
            sys.meta_path.remove(finder)
            for name in [name for name in sys.modules if name.partition(".")[0] == finder.name]:
                del sys.modules[name]
        self._finders = []

    def __enter__(self) -> Installation:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.uninstall()


def install_as(*names: str) -> Installation:
    """Let `import tensorflow` (or "keras", "tf_keras") give lamina, submodules included.

    `tensorflow.__version__` is then the TensorFlow whose behaviour is meant. A name that is
    ours already stays so. FailedPreconditionError: another module of that name is imported.

        with lamina.install_as("tensorflow"):
            from tensorflow.keras.layers import Dense
    """
    wanted = names or ("tensorflow",)
    for name in wanted:
        if name not in TARGETS:
            raise UnknownNameError(
                f"lamina stands in for {', '.join(TARGETS)}; it cannot be installed as {name!r}"
            )
        if name in sys.modules and not isinstance(sys.modules[name], Alias):
            raise FailedPreconditionError(
                f"{name} is imported already ({sys.modules[name]!r}); call "
                f"lamina.install_as({name!r}) before anything imports it"
            )
    if len(set(wanted)) < len(wanted):
        raise InvalidArgumentError(f"a name is given twice: {', '.join(wanted)}")
    ours = {finder.name for finder in sys.meta_path if isinstance(finder, _Finder)}
    finders = [_Finder(name) for name in wanted if name not in ours]
    sys.meta_path[:0] = finders
    return Installation(finders)
