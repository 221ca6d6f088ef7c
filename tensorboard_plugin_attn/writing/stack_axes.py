"""Images, sounds, a processor, a dict by stack or nothing, and a probe's inputs → the axes of one record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tensorboard_plugin_attn.record.showing_spans import show_spans
from tensorboard_plugin_attn.record.tokens import TokenAxes
from tensorboard_plugin_attn.writing.axis_lengths import axis_lengths
from tensorboard_plugin_attn.writing.probe_tokens import decoder_input_ids, probe_axes, row_of

__all__ = ["stack_axes"]


def stack_axes(tokens: Any, inputs: Any, row: int, model: Any, windows: str | None = None) -> TokenAxes:
    """The axes of one input, its pictures and sounds beside them; ``windows`` as in ``add_probe``.

    Raises:
        InvalidRecordError: nothing tells how positions lie on an image or a sound.
        CaptureError: the model has no attention.
    """
    from tensorboard_plugin_attn.capturing import maker_in, named_axes, named_inputs
    from tensorboard_plugin_attn.capturing.watching.names import unwrap

    is_named = isinstance(inputs, Mapping)
    args = () if is_named else tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
    given = named_inputs(args, inputs if is_named else {})
    axes, named = named_axes(
        tokens,
        axis_lengths(model, inputs, row, windows),
        given,
        row=row,
        model=unwrap(model),
        of_text=lambda source, stack, length: text_axes(source, stack, length, inputs, row, model),
    )
    show_spans(axes, named, given, row, maker_in(tokens))
    return axes


def text_axes(source: Any, stack: str, length: int, inputs: Any, row: int, model: Any) -> TokenAxes:
    """The axes of what one stack reads: of its tokenizer, a list, or the numbers of its tokens or positions."""
    ids = inputs if isinstance(inputs, Mapping) else {}
    if stack == "decoder":
        read = decoder_input_ids(ids, row, model)
        if read is not None and hasattr(source, "convert_ids_to_tokens"):
            return TokenAxes(source.convert_ids_to_tokens(read), special=set(source.all_special_tokens))
        if source is None and read is not None and len(read) == length:
            return TokenAxes(list(map(str, read)), geometry={})
        source = None if hasattr(source, "convert_ids_to_tokens") else source
    if source is not None:
        return probe_axes(source, ids if stack != "decoder" else {}, row)
    if stack != "decoder" and "input_ids" in ids:
        numbers = list(map(str, row_of(ids["input_ids"], row).tolist()))
        named = probe_axes(numbers, ids, row)
        if len(named.tokens) == length:
            return named
    return TokenAxes(list(map(str, range(length))), geometry={})
