"""The program `lamina`: its commands, and what the user sees when something goes wrong."""

from __future__ import annotations

import functools
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer

from ..core.errors import OpError
from ..core.output import ALIKE
from ..core.release import VERSION
from .export import export
from .inspect import inspect
from .play import play
from .predict import predict
from .screen import printable
from .scripts import run
from .tour import tour
from .train import train

BAD_INPUT = 2
INTERNAL_ERROR = 1
INTERRUPTED = 130  # 128 + SIGINT, as shells report it

app = typer.Typer(
    name="lamina",
    help="Train a neural network on a table, predict with it, look into model files, or run "
    "a script of TensorFlow's.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class StoppedError(Exception):
    """Ctrl-C, before there was anything to keep."""


class TerminatedError(BaseException):
    """SIGTERM; its argument is the exit status. No `except Exception` holds it up."""


def _stoppable(command: Callable[..., int]) -> Callable[..., int]:
    """`command` with Ctrl-C as an exception of ours: typer would leave without a word.

    It also keeps the line breaks of docstrings, which belong to the code.
    """

    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> int:
        try:
            return command(*arguments, **options)
        except KeyboardInterrupt:
            raise StoppedError from None

    paragraphs = (command.__doc__ or "").split("\n\n")
    run.__doc__ = "\n\n".join(" ".join(lines.split()) for lines in paragraphs)  # for any width
    return run


app.command(no_args_is_help=True)(_stoppable(train))
app.command(no_args_is_help=True)(_stoppable(predict))
app.command(no_args_is_help=True)(_stoppable(export))
app.command(no_args_is_help=True)(_stoppable(inspect))
app.command(
    no_args_is_help=True,
    context_settings={"allow_interspersed_args": False, "ignore_unknown_options": True},
)(run)
app.command()(_stoppable(tour))
app.command()(_stoppable(play))


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"lamina {VERSION}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show where in the code an error arose.")
    ] = False,
) -> None:
    pass  # --version has acted by now; `main` looks for --debug itself


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (None: the process's own) and return the exit status.

    0 done; 1 an error inside lamina; 2 bad input, told in one line on stderr; 130 Ctrl-C;
    143 SIGTERM.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=ALIKE)  # a name the terminal can't show is no error
    try:
        with _terminable():
            status = app(words, prog_name="lamina", standalone_mode=False)
    except (StoppedError, KeyboardInterrupt):
        return _fail("stopped; nothing was saved", INTERRUPTED)
    except TerminatedError as error:
        return _fail("terminated", error.args[0])
    except BrokenPipeError:  # `lamina predict … | head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if "--debug" in words:
            traceback.print_exc()
        return _report(error)
    return status if isinstance(status, int) else 0


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM as an exception, so that what is half-written goes."""

    def terminate(number: int, frame: object) -> NoReturn:
        raise TerminatedError(128 + number)

    if threading.current_thread() is not threading.main_thread():  # others may not set handlers
        yield
        return
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _report(error: Exception) -> int:
    if isinstance(error, OpError):
        return _fail(str(error), BAD_INPUT)
    if hasattr(error, "format_message"):  # the command line itself; typer shows help that way too
        message = error.format_message()
        return _fail(message, BAD_INPUT) if message else BAD_INPUT
    if isinstance(error, MemoryError):
        return _fail("the memory is too small for this table and network", BAD_INPUT)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return _fail(f"{where}{error.strerror or error}", BAD_INPUT)
    kind = type(error).__name__
    return _fail(
        f"internal error: {kind}: {error} (`lamina --debug …` shows where; please report it)",
        INTERNAL_ERROR,
    )


def _fail(message: str, status: int) -> int:
    print("lamina:", printable(message), file=sys.stderr)
    return status
