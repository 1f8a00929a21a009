"""How far training is: a live bar in a terminal, a plain line elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ...core.output import encodable, is_terminal
from ..settings import is_interactive_logging_enabled
from .base import Callback, Logs, say

_PAUSE = 0.1  # seconds from one drawing of the bar to the next
_NARROWEST, _WIDEST = 10, 30  # of the bar, in columns


class ProgbarLogger(Callback):
    """The display of `fit`, `evaluate` and `predict`.

    verbose=1: in a terminal, a bar with the number of steps, the time per step and the measures,
    that stays when the epoch is over; elsewhere a line an epoch. verbose=2: a line an epoch.
    """

    def __init__(self) -> None:
        super().__init__()
        self._live: Any = None
        self._title = ""
        self._training = False
        self._done = 0
        self._start = self._drawn = 0.0
        self._seconds = 0.0  # of the steps themselves, without what follows them

    @property
    def hears_batches(self) -> bool:
        """Batches matter to a bar, and where their number is not known beforehand."""
        return self._is_live() or not self._steps()

    def _is_live(self) -> bool:
        wanted = (self.params or {}).get("verbose", 1) == 1 and is_interactive_logging_enabled()
        return wanted and is_terminal()

    # Hooks

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._training = False
        self.close()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        epochs = (self.params or {}).get("epochs")
        of_all = f"/{epochs}" if epochs else ""
        self._open(f"Epoch {epoch + 1:{len(str(epochs or ''))}}{of_all}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._finish(logs or {})

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._advance(batch, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if self._training:
            self._seconds = time.perf_counter() - self._start
        else:
            self._open("")

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        if not self._training:
            self._advance(batch, logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        if not self._training:
            self._finish(logs or {})

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._open("")

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        self._advance(batch, None)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._finish({})

    def close(self) -> None:
        """Leave the screen as it is and give the cursor back."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _release(self) -> None:
        self.close()

    # Drawing

    def _open(self, title: str) -> None:
        self.close()
        self._title = title
        self._done = 0
        self._seconds = 0.0
        self._start = self._drawn = time.perf_counter()
        if self._is_live():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(self._line({}), console=Console(), auto_refresh=False)
            self._live.start()

    def _advance(self, batch: int, logs: Any) -> None:
        self._done = batch + 1
        now = time.perf_counter()
        if self._live is not None and now - self._drawn >= _PAUSE:
            self._drawn = now
            self._live.update(self._line(logs() if callable(logs) else logs or {}), refresh=True)

    def _finish(self, logs: Mapping[str, Any]) -> None:
        self._seconds = self._seconds or time.perf_counter() - self._start
        self._done = self._steps() or self._done
        if self._live is not None:
            self._live.update(self._line(logs), refresh=True)
            self.close()
        else:
            head = [self._title, self._count(), self._pace()]
            say(" - ".join([part for part in head if part] + measures_of(logs, ": ")))

    def _steps(self) -> int | None:
        return (self.params or {}).get("steps")

    def _count(self) -> str:
        steps = self._steps()
        if not steps:
            return f"{self._done} steps" if self._done else ""
        return f"{self._done:{len(str(steps))}}/{steps}"

    def _pace(self) -> str:
        seconds = self._seconds or time.perf_counter() - self._start
        return f"{duration(seconds / self._done)}/step" if self._done else ""

    def _line(self, logs: Mapping[str, Any]) -> Any:
        return ProgressLine(
            self._title, self._count(), self._done, self._steps(), self._pace(), logs
        )


class ProgressLine:
    """Title, count, bar, pace and measures, on one line of the terminal where they fit."""

    def __init__(
        self,
        title: str,
        count: str,
        done: int,
        steps: int | None,
        pace: str,
        logs: Mapping[str, Any],
        widest: int = _WIDEST,
    ) -> None:
        self.widest = widest
        self.head = " ".join(part for part in (title, count) if part)
        self.share = done / steps if steps else 0.0
        self.pace = pace
        self.measures = measures_of(logs, " ")

    def __rich_console__(self, console: Any, options: Any) -> Any:
        from rich.text import Text

        width = options.max_width
        pace, *measures = (encodable(t, console.encoding) for t in [self.pace, *self.measures])
        tail = "  ".join([pace, *measures])
        room = width - len(self.head) - len(tail) - 3
        if room >= _NARROWEST or not measures:
            yield self._with_bar(min(room, self.widest), tail, console)
            return
        room = width - len(self.head) - len(pace) - 3
        yield self._with_bar(min(room, self.widest), pace, console)
        for line in _filled(measures, width - 2):
            yield Text(f"  {line}", no_wrap=True, overflow="ellipsis")

    def _with_bar(self, width: int, tail: str, console: Any) -> Any:
        from rich.text import Text

        full = round(self.share * width)
        sign = encodable("━", console.encoding)
        rest = sign if console.color_system and not console.no_color else " "  # or it looks full
        line = Text(f"{self.head} ", no_wrap=True, overflow="ellipsis")
        line.append(sign * full, style="green").append(rest * (width - full), style="bright_black")
        return line.append(f" {tail}")


def _filled(words: list[str], width: int) -> list[str]:
    """`words`, two blanks apart, in lines of at most `width` columns."""
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 2 + len(word) <= width:
            lines[-1] += f"  {word}"
        else:
            lines.append(word)
    return lines


def measures_of(logs: Mapping[str, Any], between: str) -> list[str]:
    """Names and values, at least four digits of each; those of validation after the others."""
    names = sorted(logs, key=lambda name: name.startswith("val_"))
    return [f"{name}{between}{_number(logs[name])}" for name in names]


def _number(value: Any) -> str:
    try:
        number = float(value)
        if 1e4 <= abs(number) < 1e9:  # counts, as of true negatives
            return f"{number:.0f}"
        return f"{number:#.4g}".removesuffix(".")
    except (TypeError, ValueError):
        return str(value)


def duration(seconds: float) -> str:
    """A time in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds / 1e-6:.0f}µs"
