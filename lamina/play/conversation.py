"""What the page asks for, and what it gets: each request is answered once, in JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..core.errors import InvalidArgumentError, OpError, describe
from .code import program
from .run import GRID, Run
from .settings import CHOICES, MOST_LAYERS, MOST_UNITS, RANGES, Settings, read_settings

MOST_RUNS = 2
MOST_BYTES = 4 * 2**20  # of a table of one's own
_MOST_STEPS = 20_000  # in one request
_MOST_POINTS = 600  # that are drawn


class Conversation:
    """One page's networks; not for several threads."""

    def __init__(self) -> None:
        self._runs: dict[int, Run] = {}

    def answer(self, text: str | bytes) -> str:
        """The answer to a request; a bad one is answered by {"error": what is wrong}."""
        try:
            return json.dumps(self._answer(json.loads(text)), allow_nan=False)
        except OpError as error:
            return json.dumps({"error": str(error)})
        except (ValueError, RecursionError) as error:
            return json.dumps({"error": f"that was no request: {error}"})

    def _answer(self, request: Any) -> dict[str, Any]:
        if not isinstance(request, Mapping):
            raise InvalidArgumentError(f"a request has names and values; got {describe(request)}")
        do = request.get("do")
        if do == "begin":
            return {
                "choices": CHOICES, "ranges": RANGES, "defaults": vars(Settings()), "grid": GRID,
                "most": {"layers": MOST_LAYERS, "units": MOST_UNITS, "bytes": MOST_BYTES},
            }  # fmt: skip
        if do == "new":
            place = _whole(request, "run", 0, MOST_RUNS - 1)
            self._runs[place] = run = Run(read_settings(request.get("settings")))
            return {"new": place, **_described(run), "frames": self._frames()}
        if do == "drop":
            self._runs.pop(_whole(request, "run", 0, MOST_RUNS - 1), None)
            return {"frames": self._frames()}
        if do == "train":
            steps = _whole(request, "steps", 1, _MOST_STEPS)
            for run in self._runs.values():
                run.train(steps)
            return {"frames": self._frames()}
        if do == "rewind":
            for run in self._runs.values():
                run.rewind(_whole(request, "place", 0, 10**9))
            return {"frames": self._frames()}
        if do == "landscape":
            found = {place: _finite(run.landscape()) for place, run in self._runs.items()}
            return {"landscapes": found}
        raise InvalidArgumentError(f"there is nothing to do called {describe(do)}")

    def _frames(self) -> dict[int, dict[str, Any]]:
        return {place: _frame(run) for place, run in self._runs.items()}


def _whole(request: Mapping[str, Any], name: str, low: int, high: int) -> int:
    value = request.get(name)
    if type(value) is not int or not low <= value <= high:
        raise InvalidArgumentError(
            f"{name} is a whole number from {low} to {high}; got {describe(value)}"
        )
    return value


def _described(run: Run) -> dict[str, Any]:
    """What stays the same while a run trains."""
    problem = run.problem
    points = [
        np.column_stack([x[:_MOST_POINTS, :2], y[:_MOST_POINTS]]).round(3).tolist()
        for x, y in ((problem.x, problem.y), (problem.test_x, problem.test_y))
    ]
    return {
        "columns": problem.names,
        "points": points,
        "rows": [len(problem.x), len(problem.test_x)],
        "code": program(run.settings, problem),
    }


def _frame(run: Run) -> dict[str, Any]:
    """What a run is at now."""
    losses = [[state.step, *map(_number, state.losses)] for state in run.states]
    if run.step != run.states[-1].step:
        losses.append([run.step, *map(_number, run.losses())])
    *hidden, last = run.pictures()
    pictures = [_shades(part, signed=True) for part in hidden] + [_shades(last, signed=False)]
    return {
        "step": run.step,
        "losses": losses,
        "states": [state.step for state in run.states],
        "pictures": pictures,
        "weights": [_finite(kernel.round(4).tolist()) for kernel in run.weights()],
    }


def _shades(values: npt.NDArray[np.float32], signed: bool) -> str:
    """One byte a place, base64: 128 is 0 and each unit's greatest size 1 or 255; or 0 to 1."""
    finite = np.nan_to_num(values, posinf=1e30, neginf=-1e30)
    if signed:
        size = np.abs(finite).max(axis=(1, 2), keepdims=True)
        shares = 0.5 + 0.5 * finite / np.where(size > 0, size, 1)
    else:
        shares = np.clip(finite, 0, 1)
    return base64.b64encode(np.round(shares * 255).astype(np.uint8).tobytes()).decode()


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _finite(value: Any) -> Any:
    """The value with None where JSON has no word for a number."""
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return _number(value)
