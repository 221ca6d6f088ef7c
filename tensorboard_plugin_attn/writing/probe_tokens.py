"""A probe's inputs and a tokenizer → the token axes of each input of the batch, padding cropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.checks import to_numpy
from tensorboard_plugin_attn.record.tokens import TokenAxes
from tensorboard_plugin_attn.writing.decoder_ids import encoder_decoder, shifted_right

__all__ = ["batch_size", "decoder_input_ids", "probe_axes"]

TEXTS = "input_ids", "inputs_embeds"


def probe_axes(tokens: Any, inputs: Any, row: int, *, model: Any = None) -> TokenAxes:
    """The axes of one input of the batch.

    Args:
        tokens: a list of strings; for an encoder-decoder a pair ``(encoder_tokens, decoder_tokens)``; or a
            tokenizer, which gives tokens, special tokens, sentence pairs and words for ``inputs["input_ids"]``.
        inputs: what the model is called with.
        row: which input of the batch.
        model: asked for its decoder's start token when ``inputs`` has no ``decoder_input_ids``.

    Raises:
        InvalidRecordError: the tokens are neither.
    """
    if hasattr(tokens, "convert_ids_to_tokens"):
        return tokenizer_axes(tokens, inputs, row, model)
    if isinstance(tokens, tuple) and len(tokens) == 2 and not isinstance(tokens[0], str):
        decoder_kept = kept_in(inputs, "decoder_attention_mask", "tgt_key_padding_mask", row)
        encoder = cropped(tokens[0], kept_in(inputs, "attention_mask", "src_key_padding_mask", row))
        return TokenAxes(encoder, decoder_tokens=cropped(tokens[1], decoder_kept))
    if isinstance(tokens, str) or not isinstance(tokens, Sequence):
        raise InvalidRecordError(
            f"tokens must be a list of strings, a pair of lists (encoder, decoder) or a tokenizer, "
            f"got {type(tokens).__name__}"
        )
    return TokenAxes(cropped(tokens, kept_in(inputs, "attention_mask", "src_key_padding_mask", row)))


def cropped(values: Sequence[Any], kept: NDArray[np.bool_] | None) -> Sequence[Any]:
    """What stands at the kept positions, unless the padding has been left out already."""
    if (
        kept is None
        or isinstance(values, str)
        or not isinstance(values, Sequence)
        or len(values) != len(kept)
    ):
        return values
    return [value for value, keep in zip(values, kept, strict=True) if keep]


def batch_size(inputs: Any) -> int:
    """How many inputs there are: the length of the first axis, of a text if there is one."""
    first: Any = inputs
    if isinstance(inputs, Mapping):
        arrays = {name: each for name, each in inputs.items() if len(getattr(each, "shape", ()))}
        first = next((arrays[name] for name in TEXTS if name in arrays), next(iter(arrays.values()), None))
    first = first[0] if isinstance(first, tuple | list) else first
    shape: tuple[int, ...] = tuple(getattr(first, "shape", ()))
    return int(shape[0]) if len(shape) > 1 else 1


def tokenizer_axes(tokenizer: Any, inputs: Any, row: int, model: Any) -> TokenAxes:
    """Everything that a Hugging Face tokenizer and its encoding know of one input."""
    if not isinstance(inputs, Mapping) or "input_ids" not in inputs:
        raise InvalidRecordError(
            "a tokenizer needs inputs with input_ids, such as tokenizer(text, return_tensors='pt'); "
            "for other inputs pass a list of tokens"
        )
    kept = kept_in(inputs, "attention_mask", "src_key_padding_mask", row)
    ids = cropped(row_of(inputs["input_ids"], row).tolist(), kept)
    decoder_ids = decoder_input_ids(inputs, row, model)
    return TokenAxes(
        tokenizer.convert_ids_to_tokens(ids),
        decoder_tokens=None if decoder_ids is None else tokenizer.convert_ids_to_tokens(decoder_ids),
        special=set(tokenizer.all_special_tokens) or None,
        sentence_b_start=second_sentence(inputs, row, kept),
        words=fast_encoding(inputs, "word_ids", row, kept),
    )


def row_of(array: Any, row: int) -> NDArray[Any]:
    """One input of a batch, or the only one where there is no batch axis."""
    values = to_numpy(array)
    return values if values.ndim == 1 else np.asarray(values[row])


def kept_in(inputs: Any, ours: str, torchs: str, row: int) -> NDArray[np.bool_] | None:
    """The positions that are no padding; torch's own masks say the contrary. None: not said."""
    if not isinstance(inputs, Mapping):
        return None
    for name in (ours, torchs):
        mask = inputs.get(name)
        if mask is None:
            continue
        values = row_of(mask, row)
        if values.ndim == 1:
            return values.astype(bool) if name == ours else values == 0
    return None


def second_sentence(inputs: Mapping[str, Any], row: int, kept: NDArray[np.bool_] | None) -> int | None:
    """Where ``token_type_ids`` turn from 0 to 1, or a fast encoding's second sentence begins."""
    types = inputs.get("token_type_ids")
    found = None
    if types is not None:
        found = first_second(cropped(row_of(types, row).tolist(), kept))
    if found is None:
        found = first_second(fast_encoding(inputs, "sequence_ids", row, kept) or [])
    return found


def first_second(sentences: Sequence[int | None]) -> int | None:
    """The first position of sentence 1; None where there is none before it."""
    start = next((position for position, sentence in enumerate(sentences) if sentence == 1), 0)
    return start or None


def fast_encoding(
    inputs: Any, name: str, row: int, kept: NDArray[np.bool_] | None
) -> Sequence[int | None] | None:
    """The word or the sentence of each token, from a fast tokenizer's encoding."""
    if not getattr(inputs, "is_fast", False):
        return None
    numbers: Sequence[int | None] = getattr(inputs, name)(row)
    return cropped(numbers, kept)


def decoder_input_ids(inputs: Mapping[str, Any], row: int, model: Any) -> list[int] | None:
    """What the decoder of an encoder-decoder reads: given, made from labels, or the shifted input."""
    if inputs.get("decoder_input_ids") is not None:
        read = row_of(inputs["decoder_input_ids"], row)
        kept = kept_in(inputs, "decoder_attention_mask", "tgt_key_padding_mask", row)
        return list(cropped(read.tolist(), kept))
    if encoder_decoder(model) is None:
        return None
    labels = inputs.get("labels")
    is_text = getattr(labels, "ndim", 0) == 2  # else the class of each input
    source = labels if is_text else inputs.get("input_ids")
    return None if source is None else list(row_of(shifted_right(model, source), row).tolist())
