"""Texts as lists of word numbers, most frequent words first: what Keras does with them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...core.dtypes import Array
from ...core.errors import InvalidArgumentError
from .files import ORIGIN, fetch

Lists = list[list[int]]


def marked(x: Iterable[Any], start_char: int | None, index_from: int) -> Lists:
    """Words from `index_from` on, each text begun by `start_char` (None: not)."""
    begin = [] if start_char is None else [start_char]
    return [[*begin, *(word + index_from for word in text)] for text in x]


def short(maxlen: int | None, x: Lists, labels: Array) -> tuple[Lists, Array]:
    """The texts of fewer than `maxlen` words (None: all) and their labels."""
    if not maxlen:
        return x, labels
    kept = [place for place, text in enumerate(x) if len(text) < maxlen]
    if not kept:
        raise InvalidArgumentError(f"no text is shorter than maxlen={maxlen}; increase maxlen")
    return [x[place] for place in kept], np.asarray(labels)[kept]


def limited(x: Lists, num_words: int | None, skip_top: int, oov_char: int | None) -> Lists:
    """Words from `skip_top` to below `num_words`; others become `oov_char` (None: are dropped)."""
    if not num_words:
        num_words = max(max(text) for text in x)
    if oov_char is None:
        return [[w for w in text if skip_top <= w < num_words] for text in x]
    return [[w if skip_top <= w < num_words else oov_char for w in text] for text in x]


def as_array(x: Lists) -> Array:
    """Lists of any lengths as an array of objects."""
    found = np.empty(len(x), object)
    found[:] = x
    return found


def word_index(path: str, name: str, checksum: str) -> dict[str, int]:
    """The number of each word."""
    found: dict[str, int] = fetch(path, json.loads, f"{ORIGIN}{name}", checksum)
    return found
