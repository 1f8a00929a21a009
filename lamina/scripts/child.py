"""The main module of processes that a script starts: what the script defines."""

from .running import definitions

globals().update(definitions())
