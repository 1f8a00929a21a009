"""The course as short lessons: text, code that runs, its output and its pictures.

The lessons are notebooks kept as text, in `examples/` of the repository and beside this file in an
installed package: `# %%` begins a cell, `# %% [markdown]` one of text, as editors know it.
"""

from __future__ import annotations

from .lesson import Cell, Lesson, lessons, read_lesson
from .page import write_page
from .running import Output, run
from .terminal import show

__all__ = ["Cell", "Lesson", "Output", "lessons", "read_lesson", "run", "show", "write_page"]
