"""Tokens → the labels of every layer's query and key axis."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.pictures import Media
from tensorboard_plugin_attn.record.spans import check_spans, spans_in, special_names_in

__all__ = ["DECODER", "MAIN", "PREFIXED", "QUERIES", "TokenAxes"]

MAIN, DECODER = "tokens", "decoder_tokens"
QUERIES = "queries"
"""Learned queries that look at an image: those that pool it, as in SigLIP, or beside a text, as in InstructBLIP."""
UNNAMED = "others"
"""Of layers of no stack that has a name."""
PREFIXED = "prefixed_decoder_tokens"
"""Learned keys and the decoder's tokens behind them, which its self-attention looks at."""
SPECIAL_TOKENS = frozenset(
    [
        "[CLS]",
        "[SEP]",
        "[PAD]",
        "[MASK]",
        "[UNK]",
        "<s>",
        "</s>",
        "<pad>",
        "<unk>",
        "<mask>",
        "<cls>",
        "<sep>",
        "<eos>",
        "<bos>",
        "<eod>",
        "<|endoftext|>",
        "<|begin_of_text|>",
        "<|end_of_text|>",
        "<|eot_id|>",
        "<|im_start|>",
        "<|im_end|>",
        "<|startoftext|>",
        "<start_of_turn>",
        "<end_of_turn>",
        "<|pad|>",
        "<|bos|>",
        "<|eos|>",
        "[BOS]",
        "[EOS]",
        "BOS",
        "EOS",
    ]
)


Lists = Mapping[str, Sequence[str]]


class TokenAxes:
    """The tokens of one record, and which layer axis each list belongs to.

    Args:
        tokens: of the only stack, or of the encoder; or lists by the names of the stacks that read them, such as
            ``{"text": […], "vision": […]}``, the main one first: its list is called ``"tokens"``, that of a stack
            ``"decoder"`` is called ``"decoder_tokens"``, every other like its stack.
        decoder_tokens: of the decoder.
        special: the special tokens, as strings, or one bool per token of the main list.
        sentence_b_start: index of the first token of the second sentence of a pair, in the main list.
        words: for each token of the main list the number of its word.
        special_names: of positions by list, such as ``{"vision": {0: "cls", 1: "register"}}``.
        geometry: of spans by list, see ``docs/reference/format.md``; None: grids whose patches are named ``r0c0``,
            ``r0c1``, … row by row.
        pictures: what those spans show, ``{"sha256", "width", "height", "media"}`` each.
        query_numbers: by list the positions of the queries that are kept, where only some are.

    Raises:
        InvalidRecordError: a list is empty or has other things than strings, or lengths do not fit.
    """

    def __init__(
        self,
        tokens: Sequence[str] | Lists,
        *,
        decoder_tokens: Sequence[str] | None = None,
        special: Collection[str] | Sequence[bool] | None = None,
        sentence_b_start: int | None = None,
        words: Sequence[int | None] | None = None,
        special_names: Mapping[str, Mapping[int, str]] | None = None,
        geometry: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
        pictures: Sequence[Mapping[str, Any]] = (),
        query_numbers: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        self.stacks, given = by_stack(tokens, decoder_tokens)
        self.lists = {name: check_tokens(each, name) for name, each in given.items()}
        names = None if special is None or is_flags(special) else special
        self.specials = {
            name: special_flags(each, special if name == MAIN else names, name)
            for name, each in self.lists.items()
        }
        if sentence_b_start is not None and not 0 < int(sentence_b_start) < len(self.tokens):
            raise InvalidRecordError(
                f"sentence_b_start must lie between 1 and {len(self.tokens) - 1}, got {sentence_b_start}"
            )
        self.sentence_b_start = None if sentence_b_start is None else int(sentence_b_start)
        if words is not None and len(words) != len(self.tokens):
            raise InvalidRecordError(
                f"words must have one entry per token ({len(self.tokens)}), got {len(words)}"
            )
        self.words = None if words is None else [None if word is None else int(word) for word in words]
        if geometry is None:
            geometry = {name: spans for name, each in self.lists.items() if (spans := spans_in(each))}
            told = {name: special_names_in(self.lists[name], spans) for name, spans in geometry.items()}
            special_names = {name: each for name, each in told.items() if each} | dict(special_names or {})
        self.special_names = {name: dict(each) for name, each in (special_names or {}).items()}
        self.geometry = {
            name: check_spans(each, name, len(self.lists.get(name, ()))) for name, each in geometry.items()
        }
        self.pictures = [dict(each) for each in pictures]
        self.media: dict[str, Media] = {}  # by hash, what of the pictures is to be stored
        self.query_numbers = {name: list(map(int, each)) for name, each in (query_numbers or {}).items()}
        self.check_positions()

    def check_positions(self) -> None:
        """Names and numbers of positions lie inside their lists. Raises InvalidRecordError."""
        for what, named in (("special_names", self.special_names), ("query_numbers", self.query_numbers)):
            for name, positions in named.items():
                length = len(self.lists.get(name, ()))
                outside = [place for place in positions if not 0 <= int(place) < length]
                if outside:
                    raise InvalidRecordError(f"{what}: {name} has {length} positions, got {outside[0]}")

    @property
    def tokens(self) -> list[str]:
        """The main list."""
        return self.lists[MAIN]

    @property
    def decoder_tokens(self) -> list[str] | None:
        """Those of the decoder, None where there is none."""
        return self.lists.get(DECODER)

    @property
    def special(self) -> NDArray[np.bool_]:
        """Which tokens of the main list are special."""
        return self.specials[MAIN]

    @property
    def decoder_special(self) -> NDArray[np.bool_]:
        """Which tokens of the decoder are."""
        return self.specials.get(DECODER, np.zeros(0, bool))

    def names(self, layer: LayerAttention) -> tuple[str, str]:
        """Which list the query and the key axis have, by the layer's stack."""
        if layer.lists is not None:
            return layer.lists
        if layer.kind == "cross" and DECODER in self.lists:
            return DECODER, MAIN
        if layer.stack == "decoder" and PREFIXED in self.lists:
            return DECODER, PREFIXED
        if len(self.lists.get(DECODER, ())) == layer.num_queries != layer.num_keys == len(self.lists[MAIN]):
            return DECODER, MAIN  # keys without queries of their own, as virtual tokens are
        own = self.stacks.get(layer.stack, MAIN)
        if layer.kind != "cross":
            return own, own
        queries = self.lists.get(QUERIES)
        asks_alone = queries is not None and len(queries) == layer.num_queries != len(self.lists[own])
        if asks_alone and layer.stack != "encoder" and len(self.lists[own]) == layer.num_keys:
            return QUERIES, own
        return QUERIES if asks_alone else own, self.looked_at(layer, own)

    def looked_at(self, layer: LayerAttention, own: str) -> str:
        """The list of the keys of a layer that looks from one stack at another.

        A picture's layers look at the text. Others of several lists at that of their length, rather an image's than the
        text's: a Q-Former's.
        """
        others = [name for name in self.lists if name not in (own, QUERIES)]
        if len(others) == 1:
            return others[0]
        text = self.stacks.get("text", own)
        fitting = [name for name in others if name != text and len(self.lists[name]) == layer.num_keys]
        is_picture = layer.stack.partition("/")[0] == "vision"
        if len(fitting) == 1 and not (
            is_picture and text in others and len(self.lists[text]) == layer.num_keys
        ):
            return fitting[0]
        return text if len(others) > 1 and text != own else MAIN

    def preceded_by(self, names: Sequence[str], *, has_queries: bool) -> TokenAxes:
        """The same tokens behind others that the model puts before them, all special.

        ``has_queries``: they are queries too; else keys alone, and the queries are a list of their own.
        """
        axes, count = copy(self), len(names)
        axes.lists = {**self.lists, MAIN: [*names, *self.tokens]}
        axes.specials = {**self.specials, MAIN: np.concatenate([np.ones(count, bool), self.special])}
        if not has_queries:
            axes.lists[DECODER], axes.specials[DECODER] = self.tokens, self.special
            axes.stacks = {**self.stacks, "decoder": DECODER}
        if MAIN in self.special_names:
            named = {place + count: what for place, what in self.special_names[MAIN].items()}
            axes.special_names = {**self.special_names, MAIN: named}
        if MAIN in self.geometry:
            moved = [{**span, "start": span["start"] + count} for span in self.geometry[MAIN]]
            axes.geometry = {**self.geometry, MAIN: moved}
        axes.sentence_b_start = None if self.sentence_b_start is None else self.sentence_b_start + count
        axes.words = None if self.words is None else [*[None] * count, *self.words]
        return axes

    def add_queries(self, names: Sequence[str]) -> None:
        """Name learned queries that are a part of a stack's positions, all special."""
        self.lists[QUERIES], self.specials[QUERIES] = list(names), np.ones(len(names), bool)

    def prefixed_by(self, names: Sequence[str]) -> TokenAxes:
        """The same tokens, and others that are keys of the decoder's self-attention before its own, all special."""
        axes = copy(self)
        axes.lists = {**self.lists, PREFIXED: [*names, *self.lists[DECODER]]}
        special = np.concatenate([np.ones(len(names), bool), self.decoder_special])
        axes.specials = {**self.specials, PREFIXED: special}
        return axes

    def name_axes(self, layer: LayerAttention) -> None:
        """Give a layer the tokens of its two axes."""
        query, key = self.names(layer)
        layer.key_tokens, layer.key_special = self.lists[key], self.specials[key]
        layer.query_tokens, layer.query_special = self.lists[query], self.specials[query]
        layer.query_spans, layer.key_spans = (self.geometry.get(name, []) for name in (query, key))
        layer.query_named, layer.key_named = (self.special_names.get(name, {}) for name in (query, key))
        layer.query_numbers = self.query_numbers.get(query)
        if layer.query_numbers is not None:
            layer.query_tokens = [layer.query_tokens[place] for place in layer.query_numbers]
            layer.query_special = layer.query_special[layer.query_numbers]


def by_stack(
    tokens: Sequence[str] | Lists, decoder_tokens: Sequence[str] | None
) -> tuple[dict[str, str], dict[str, Sequence[str]]]:
    """Lists as they are given → stack → list's name, and list's name → tokens."""
    if not isinstance(tokens, Mapping):
        return {"decoder": MAIN if decoder_tokens is None else DECODER}, {
            MAIN: tokens,
            **({} if decoder_tokens is None else {DECODER: decoder_tokens}),
        }
    if not tokens or decoder_tokens is not None:
        raise InvalidRecordError(
            f"tokens by stack must name at least one list, and the decoder's as 'decoder'; got {list(tokens)}"
        )
    stacks = {
        stack: MAIN if place == 0 else DECODER if stack in ("decoder", DECODER) else stack or UNNAMED
        for place, stack in enumerate(tokens)
    }
    if len(set(stacks.values())) < len(stacks):
        raise InvalidRecordError(f"two lists have one name; got {list(tokens)}, the first is called {MAIN!r}")
    return stacks, {stacks[stack]: each for stack, each in tokens.items()}


def check_tokens(tokens: Sequence[str], name: str) -> list[str]:
    """A list of strings, or an error."""
    if isinstance(tokens, str):
        raise InvalidRecordError(
            f"{name} must be a list of strings, got the one string {tokens[:40]!r}; split it first"
        )
    if not isinstance(tokens, Iterable):
        raise InvalidRecordError(f"{name} must be a list of strings, got {type(tokens).__name__}")
    result = list(tokens)
    for position, token in enumerate(result):
        if not isinstance(token, str):
            raise InvalidRecordError(
                f"{name} must be strings, got {type(token).__name__} at position {position}; "
                f"use tokenizer.convert_ids_to_tokens(ids)"
            )
    if not result:
        raise InvalidRecordError(f"{name} is empty; pass one token per position")
    return result


def is_flags(special: Collection[Any]) -> bool:
    """Whether special tokens are given as one bool per token rather than as strings."""
    return (
        not isinstance(special, str)
        and all(isinstance(flag, bool | np.bool_) for flag in special)
        and len(special) > 0
    )


def special_flags(tokens: Sequence[str], special: Collection[Any] | None, name: str) -> NDArray[np.bool_]:
    """One bool per token: is it special?"""
    if special is not None and is_flags(special):
        if len(special) != len(tokens):
            raise InvalidRecordError(
                f"special must have one bool per entry of {name} ({len(tokens)}), got {len(special)}"
            )
        return np.array(list(special), dtype=bool)
    names = SPECIAL_TOKENS if special is None else [special] if isinstance(special, str) else special
    return np.array([token in names for token in tokens], dtype=bool)
