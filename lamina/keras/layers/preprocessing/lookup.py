"""Categories as their places in a vocabulary: what StringLookup and IntegerLookup share."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ....core.dtypes import INT64, Array
from ....core.errors import FailedPreconditionError, InvalidArgumentError, UnimplementedError
from ....ops import array
from ....prims.text import LookUp, map_text
from ...limits import spend_besides
from ...settings import floatx
from ..context import CALLS
from .base import (
    MODES,
    Preprocessing,
    as_values,
    batches_of,
    checked_mode,
    encoded,
    is_array,
    refuse_sparse,
    refuse_steps,
)
from .hashing import checked_salt, hashed

_MODES = (*MODES, "tf_idf")
_FILE = "vocabulary.txt"


class _Vocabulary:
    """Tokens (None: not known yet), and the function that finds them, made when first needed."""

    __slots__ = ("find", "tokens")

    def __init__(self, tokens: list[Any] | None) -> None:
        self.tokens = tokens
        self.find: Callable[[Any], int] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _Vocabulary, (self.tokens,)


def _check_sizes(max_tokens: int | None, pad_to_max_tokens: bool, num_oov_indices: int) -> None:
    if max_tokens is not None and max_tokens <= 1:
        raise InvalidArgumentError(f"max_tokens is greater than 1; got {max_tokens}")
    if pad_to_max_tokens and max_tokens is None:
        raise InvalidArgumentError("pad_to_max_tokens=True needs max_tokens")
    if num_oov_indices < 0:
        raise InvalidArgumentError(f"num_oov_indices is not negative; got {num_oov_indices}")
    spend_besides((num_oov_indices,), "a list of unknown tokens", 64)


def _check_purpose(output_mode: str, invert: bool, vocabulary: Any, idf_weights: Any) -> None:
    if invert and output_mode != "int":
        raise InvalidArgumentError(f"invert=True has output_mode 'int'; got {output_mode!r}")
    if idf_weights is not None and output_mode != "tf_idf":
        raise InvalidArgumentError(f"idf_weights are for output_mode 'tf_idf'; got {output_mode!r}")
    if output_mode == "tf_idf" and vocabulary is not None and idf_weights is None:
        raise InvalidArgumentError("a vocabulary in output_mode 'tf_idf' needs idf_weights")


class Lookup(Preprocessing):
    """Tokens as indices: 0 for the mask token, then those for unknown tokens, then the vocabulary.

    Subclasses say what a token is inside (`_inside`) and outside (`_outside`).
    """

    vocabulary_dtype: ClassVar[str]

    def __init__(
        self,
        *,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary: Any,
        idf_weights: Any,
        invert: bool,
        output_mode: str,
        sparse: bool,
        pad_to_max_tokens: bool,
        oov_method: str,
        salt: Any,
        **kwargs: Any,
    ) -> None:
        frozen_size = kwargs.pop("vocabulary_size", None)
        given = kwargs.pop("has_input_vocabulary", vocabulary is not None)
        kwargs.pop("dtype", None)
        super().__init__(**kwargs)
        owner = type(self).__name__
        _check_sizes(max_tokens, pad_to_max_tokens, num_oov_indices)
        if oov_method not in ("floormod", "farmhash"):
            raise InvalidArgumentError(
                f"oov_method is 'floormod' or 'farmhash'; got {oov_method!r}"
            )
        self.output_mode = checked_mode(output_mode, owner, _MODES)
        _check_purpose(self.output_mode, invert, vocabulary, idf_weights)
        self.sparse = refuse_sparse(sparse)
        self.max_tokens = max_tokens
        self.num_oov_indices = num_oov_indices
        self.mask_token = mask_token
        self.oov_token = oov_token
        self.invert = invert
        self.pad_to_max_tokens = pad_to_max_tokens
        self.oov_method = oov_method
        self.salt = checked_salt(salt, owner)
        from_file = isinstance(vocabulary, (str, os.PathLike))
        self.input_vocabulary = None if vocabulary is None or from_file else _listed(vocabulary)
        self.input_idf_weights = None if idf_weights is None else _listed(idf_weights)
        self._has_input_vocabulary = bool(given)
        self._frozen_size: int | None = frozen_size
        self._vocabulary = _Vocabulary(None)
        self._idf: Array | None = None
        self.reset_state()
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    # What a subclass says ------------------------------------------------------------------------

    def _inside(self, values: Any) -> list[Any]:
        """Tokens as they are looked up."""
        raise NotImplementedError

    def _outside(self, token: Any) -> Any:
        """A token as people write it."""
        raise NotImplementedError

    @property
    def compute_dtype(self) -> str:
        return self.vocabulary_dtype

    @property
    def variable_dtype(self) -> str:
        return self.vocabulary_dtype

    # The vocabulary ------------------------------------------------------------------------------

    @property
    def vocabulary(self) -> list[Any] | None:
        """The vocabulary that the constructor was given; None for one that was learned."""
        return self.input_vocabulary

    @property
    def idf_weights(self) -> list[Any] | None:
        """The weights that the constructor was given."""
        return self.input_idf_weights

    @property
    def _tokens(self) -> list[Any]:
        return self._vocabulary.tokens or []

    @property
    def _oov_start(self) -> int:
        return int(self.mask_token is not None and self.output_mode == "int")

    @property
    def _token_start(self) -> int:
        return self._oov_start + self.num_oov_indices

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """All tokens, each at its index; without those for masks and unknown ones if so asked."""
        tokens = [self._outside(token) for token in self._tokens]
        if not include_special_tokens:
            return tokens
        return [*self._special(), *tokens]

    def _special(self) -> list[Any]:
        return [self.mask_token] * self._oov_start + [self.oov_token] * self.num_oov_indices

    def vocabulary_size(self) -> int:
        """How many indices there are, those for masked and unknown tokens included."""
        return len(self._tokens) + self._token_start

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Let the vocabulary be a list of tokens, or the lines of a file.

        A list may begin with the special tokens, exactly as `get_vocabulary` gives them. In
        output_mode 'tf_idf', `idf_weights` has a number for each token.
        """
        if (self.output_mode == "tf_idf") != (idf_weights is not None):
            raise InvalidArgumentError(
                "idf_weights and output_mode 'tf_idf' belong together; got output_mode "
                f"{self.output_mode!r}, idf_weights={idf_weights!r:.80}"
            )
        if isinstance(vocabulary, (str, os.PathLike)):
            if idf_weights is not None:
                raise InvalidArgumentError("a vocabulary file has no weights for 'tf_idf'")
            lines = _lines(vocabulary)
            tokens, whole = self._inside(lines[:-1] if lines[-1] == "" else lines), False
        else:
            given = self._inside(vocabulary)
            special = [
                None if token is None else self._inside([token])[0] for token in self._special()
            ]
            whole = given[: len(special)] == special
            tokens = given[len(special) :] if whole else given
            if not given:
                raise InvalidArgumentError("a vocabulary has at least one token; got none")
        self._check_tokens(tokens)
        self._take(tokens)
        if idf_weights is not None:
            self._idf = self._padded_weights(idf_weights, whole)

    def _check_tokens(self, tokens: list[Any]) -> None:
        repeated = [self._outside(token) for token, n in Counter(tokens).items() if n > 1]
        if repeated:
            raise InvalidArgumentError(
                f"a vocabulary has each token once; these are repeated: {repeated[:8]}"
            )
        reserved = [("mask_token", self.mask_token)]
        reserved += [("oov_token", self.oov_token)] if self.invert else []
        for name, token in reserved:
            if token is not None and self._inside([token])[0] in tokens:
                raise InvalidArgumentError(
                    f"the {name} {token!r} stands inside of the vocabulary; leave it out, or let "
                    f"the vocabulary begin with {self._special()}"
                )
        size = self._token_start + len(tokens)
        if self.max_tokens is not None and size > self.max_tokens:
            raise InvalidArgumentError(
                f"the vocabulary has {size} entries with those for unknown tokens; max_tokens is "
                f"{self.max_tokens}"
            )

    def _take(self, tokens: list[Any]) -> None:
        """Use `tokens` from now on."""
        size = self._token_start + len(tokens)
        fixed = self.output_mode != "int" and not self.pad_to_max_tokens
        if fixed and self._frozen_size not in (None, size):
            raise FailedPreconditionError(
                f"the layer {self.name!r} gives vectors of {self._frozen_size} numbers, the size "
                f"of its vocabulary; one of {size} would change that. Make a new layer, or give "
                "max_tokens and pad_to_max_tokens=True."
            )
        self._vocabulary = _Vocabulary(tokens)
        self._frozen_size = size
        self._learned()

    def _padded_weights(self, weights: Any, whole: bool) -> Array:
        """One weight an index: the mean for special tokens, 0 for places that are not used."""
        values = np.asarray(weights, np.float64)
        if whole and self.pad_to_max_tokens and values.shape == (self.max_tokens,):
            return values.astype(floatx())
        count = len(self._tokens) + (self._token_start if whole else 0)
        if values.shape != (count,):
            raise InvalidArgumentError(
                f"idf_weights has one number for each of {count} tokens; got shape {values.shape}"
            )
        front = 0 if whole else self._token_start
        padded = np.pad(values, (front, 0), constant_values=values.mean())
        if self.pad_to_max_tokens and self.max_tokens is not None:
            padded = np.pad(padded, (0, self.max_tokens - len(padded)))
        return padded.astype(floatx())

    # Learning ------------------------------------------------------------------------------------

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learn the vocabulary: the tokens in the data, the most frequent first.

        `data` is an array, a list, a column of a data frame, or `steps` batches of a stream. How
        an array is cut, which `batch_size` says in TensorFlow 2, makes no difference.
        """
        self.reset_state()
        if is_array(data) or isinstance(data, (list, tuple)):
            refuse_steps(steps)
            values = as_values(data)
            self.update_state(values[:, None] if values.ndim == 1 else values)
        else:
            for batch in batches_of(data, steps):
                self.update_state(batch)
        if not self._counts:
            raise InvalidArgumentError("adapt needs at least one token; got none")
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Count a batch of tokens; a line of them is one document."""
        if self._has_input_vocabulary:
            raise FailedPreconditionError(
                f"the layer {self.name!r} was given its vocabulary, so it does not adapt"
            )
        values = as_values(data)
        rows = values.reshape(1 if values.ndim < 2 else len(values), -1) if values.size else values
        self._counts.update(self._inside(rows.reshape(-1)))
        if self.output_mode == "tf_idf":
            for row in rows:
                self._documents.update(set(self._inside(row)))
            self._document_count += len(rows)

    def finalize_state(self) -> None:
        """Take the vocabulary of what was counted."""
        if self._has_input_vocabulary or not self._counts:
            return
        for token in (self.mask_token, self.oov_token):
            if token is not None:
                self._counts.pop(self._inside([token])[0], None)
        tokens = sorted(self._counts, key=lambda t: (self._counts[t], t), reverse=True)
        if self.max_tokens:
            tokens = tokens[: self.max_tokens - self._token_start]
        self._take(tokens)
        if self.output_mode == "tf_idf":
            found = np.array([self._documents[token] for token in tokens])
            self._idf = self._padded_weights(
                np.log(1 + self._document_count / (1 + found)), whole=False
            )
        self.reset_state()

    def reset_state(self) -> None:
        """Forget what was counted."""
        self._counts: Counter[Any] = Counter()
        self._documents: Counter[Any] = Counter()
        self._document_count = 0

    # Looking up ----------------------------------------------------------------------------------

    def call(self, inputs: Any) -> Any:
        """The indices of tokens, or the tokens of indices; in other modes vectors."""
        if self.invert:
            return self._tokens_of(array.cast(inputs, INT64))
        depth = self.max_tokens if self.pad_to_max_tokens else self._frozen_size
        if self.output_mode == "int":
            return self._indices(inputs)
        if depth is None:
            raise FailedPreconditionError(
                f"the layer {self.name!r} has no vocabulary yet, on whose size its vectors depend: "
                "call adapt(data) or set_vocabulary(tokens) first"
            )
        mode = "count" if self.output_mode == "tf_idf" else self.output_mode
        found = encoded(self._indices(inputs), mode, depth, floatx())
        if self.output_mode == "tf_idf":
            if self._idf is None and not CALLS.only_types:
                raise FailedPreconditionError(f"the layer {self.name!r} has no idf_weights yet")
            found = found if self._idf is None else found * self._idf
        return found

    def _indices(self, inputs: Any) -> Any:
        vocabulary = self._vocabulary
        if vocabulary.find is None:
            vocabulary.find = self._finder()
        return map_text(vocabulary.find, inputs, dtype=INT64)

    def _finder(self) -> Callable[[Any], int]:
        """The function from a token to its index; -1, where vectors have no 1, for the mask."""
        start, first_oov, count = self._token_start, self._oov_start, self.num_oov_indices
        if self._vocabulary.tokens is None:
            return self._refused_before_adapt
        places = {token: start + place for place, token in enumerate(self._tokens)}
        if self.mask_token is not None:
            masked = self._inside([self.mask_token])[0]
            places[masked] = 0 if self.output_mode == "int" else -1
        if count == 1:
            return LookUp(places, first_oov)
        if count == 0:
            return lambda token: places[token] if token in places else self._refused(token)
        by_rest = self.vocabulary_dtype != "string" and self.oov_method == "floormod"
        digest = (lambda token: token) if by_rest else hashed(self.salt)

        def find(token: Any) -> int:
            place = places.get(token)
            return first_oov + digest(token) % count if place is None else place

        return find

    def _refused(self, token: Any) -> int:
        raise InvalidArgumentError(
            f"{self._outside(token)!r} is not in the vocabulary of {self.name!r}, which has no "
            "index for unknown tokens; num_oov_indices=1 makes one"
        )

    def _refused_before_adapt(self, token: Any) -> int:
        raise FailedPreconditionError(
            f"the layer {self.name!r} has no vocabulary yet: call adapt(data) or "
            "set_vocabulary(tokens) first"
        )

    def _tokens_of(self, indices: Any) -> Any:
        special = [None if t is None else self._inside([t])[0] for t in self._special()]
        unknown = self._inside([self.oov_token])[0]
        tokens = [unknown if token is None else token for token in special] + self._tokens
        known = self._vocabulary.tokens is not None
        find = LookUp(dict(enumerate(tokens)), unknown)
        function = find if known else self._refused_before_adapt
        return map_text(function, indices, dtype=self._token_dtype())

    def _token_dtype(self) -> Any:
        raise NotImplementedError

    # Files ---------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments; a vocabulary that was learned stands in a file beside."""
        return {
            **super().get_config(),
            "oov_method": self.oov_method,
            "vocabulary_size": self._frozen_size,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer made of what `get_config` gave; no file that a configuration names is read."""
        if isinstance(config.get("vocabulary"), str):
            raise UnimplementedError(
                f"the configuration names a vocabulary file {config['vocabulary'][:80]!r}, which "
                "is not read for safety; call set_vocabulary(path) yourself"
            )
        return super().from_config(config)

    def get_build_config(self) -> dict[str, Any]:
        """Nothing: a lookup has no weights to build."""
        return {}

    def save_own_variables(self, store: Any) -> None:
        """Write the weights of 'tf_idf'."""
        if self._idf is not None:
            store["idf_weights"] = self._idf

    def load_own_variables(self, store: Any) -> None:
        """Read the weights of 'tf_idf'."""
        if self.output_mode == "tf_idf" and "idf_weights" in store:
            self._idf = np.asarray(store["idf_weights"]).astype(floatx())
            self._learned()

    def learned(self) -> Any:
        """What a copy of the layer needs besides its configuration."""
        return self._vocabulary.tokens, self._idf, self._frozen_size

    def take_learned(self, state: Any) -> None:
        """Take over what `learned` gave."""
        tokens, self._idf, self._frozen_size = state
        self._vocabulary = _Vocabulary(tokens)
        self._learned()

    def save_assets(self, dir_path: str) -> None:
        """Write a vocabulary that was learned to a file in a folder."""
        if self.input_vocabulary is not None:
            return
        lines = [str(token) for token in self.get_vocabulary()]
        broken = next((line for line in lines if "\n" in line or "\r" in line), None)
        if broken is not None:
            raise InvalidArgumentError(
                f"the token {broken!r} has a line break, which a vocabulary file cannot hold"
            )
        with open(os.path.join(dir_path, _FILE), "w", encoding="utf-8") as file:
            file.write("\n".join(lines))

    def load_assets(self, dir_path: str) -> None:
        """Read the vocabulary that `save_assets` wrote."""
        if self.input_vocabulary is not None:
            return
        tokens = _lines(os.path.join(dir_path, _FILE))
        while len(tokens) > (self._frozen_size or 0) and tokens[-1] == "":
            tokens.pop()
        self.set_vocabulary(tokens, self._idf)


def _lines(path: Any) -> list[str]:
    try:
        with open(path, encoding="utf-8", newline="\n") as file:
            return [line.removesuffix("\r") for line in file.read().split("\n")]
    except OSError as error:
        raise InvalidArgumentError(
            f"the vocabulary file {os.fspath(path)!r} cannot be read: {error.strerror}"
        ) from None


def _listed(values: Any) -> list[Any]:
    """A list, array or tensor as a list of plain values."""
    found = values if isinstance(values, (list, tuple)) else np.asarray(values).tolist()
    return [
        item.decode("utf-8", "replace") if isinstance(item, bytes) else _plain(item)
        for item in found
    ]


def _plain(item: Any) -> Any:
    return item.item() if isinstance(item, np.generic) else item
