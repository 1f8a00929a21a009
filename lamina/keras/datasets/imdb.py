"""Reviews of films: 25,000 and 25,000 lists of word numbers, 1 where the review is positive.

Maas et al., "Learning word vectors for sentiment analysis", ACL 2011.
"""

from __future__ import annotations

from .files import ORIGIN, Pair, arrays, fetch, generator, member, shuffled
from .sequences import as_array, limited, marked, short, word_index

_CHECKSUM = "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"
_WORDS = "bfafd718b763782e994055a2d397834f"


def load_data(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[Pair, Pair]:
    """(x_train, y_train), (x_test, y_test): lists of numbers, the most frequent words first.

    Each text begins with `start_char`, words count from `index_from`; those before `skip_top` or
    from `num_words` on become `oov_char`. Texts of `maxlen` words and more are left out.
    """
    found = fetch(path, arrays, f"{ORIGIN}imdb.npz", _CHECKSUM)
    texts, labels, source = [], [], generator(seed)
    for part in ("train", "test"):
        x, y = shuffled(source, member(found, f"x_{part}"), member(found, f"y_{part}"))
        kept, y = short(maxlen, marked(x, start_char, index_from), y)
        texts.append(kept)
        labels.append(y)
    count = len(texts[0])
    both = limited(texts[0] + texts[1], num_words, skip_top, oov_char)
    return (as_array(both[:count]), labels[0]), (as_array(both[count:]), labels[1])


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """The number of each word, before `index_from` is added."""
    return word_index(path, "imdb_word_index.json", _WORDS)
