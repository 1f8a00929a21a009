"""News of Reuters, 1987: 11,228 lists of word numbers in 46 topics.

Lewis et al.; the topics of the texts are those of Reuters-21578.
"""

from __future__ import annotations

from ...core.errors import InvalidArgumentError
from .files import ORIGIN, Pair, arrays, fetch, generator, member, shuffled
from .sequences import as_array, limited, marked, short, word_index

_CHECKSUM = "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"
_WORDS = "4d44cc38712099c9e383dc6e5f11a921"
_TOPICS = """
    cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves
    ship cotton carcass crude nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin
    strategic-metal livestock retail ipi iron-steel rubber heat jobs lei bop zinc orange
    pet-chem dlr gas silver wpi hog lead"""


def load_data(
    path: str = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[Pair, Pair]:
    """(x_train, y_train), (x_test, y_test): lists of numbers and topics; see `imdb.load_data`."""
    if not 0 <= test_split < 1:
        raise InvalidArgumentError(f"test_split must be in [0, 1); got {test_split}")
    found = fetch(path, arrays, f"{ORIGIN}reuters.npz", _CHECKSUM)
    x, y = shuffled(generator(seed), member(found, "x"), member(found, "y"))
    texts, y = short(maxlen, marked(x, start_char, index_from), y)
    texts = limited(texts, num_words, skip_top, oov_char)
    count = int(len(texts) * (1 - test_split))
    return (as_array(texts[:count]), y[:count]), (as_array(texts[count:]), y[count:])


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """The number of each word, before `index_from` is added."""
    return word_index(path, "reuters_word_index.json", _WORDS)


def get_label_names() -> tuple[str, ...]:
    """The names of the 46 topics, in the order of the labels."""
    return tuple(_TOPICS.split())
