"""A record, or a model and its inputs → the stand-alone page, through a log that lives as long as this takes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.reading.reader import AttentionReader
from tensorboard_plugin_attn.record.record import AttentionRecord
from tensorboard_plugin_attn.serving.opened_record import open_record
from tensorboard_plugin_attn.serving.standalone import standalone_html
from tensorboard_plugin_attn.writing.writer import AttentionWriter

__all__ = ["VIEWS", "check_view", "page_of_model", "page_of_record", "page_of_step"]

TAG = "shown"
VIEWS = ("model", "head", "neuron")


def check_view(view: str) -> None:
    """Raises InvalidRecordError where there is no such view."""
    if view not in VIEWS:
        raise InvalidRecordError(f"view must be one of {', '.join(VIEWS)}, got {view!r}")


def page_of_record(record: AttentionRecord, view: str, state: str = "") -> str:
    """A record → its page."""
    with short_log() as (writer, directory):
        writer.add_record(TAG, record, 0)
        writer.flush()
        return page_of_step(AttentionReader(directory), ".", TAG, 0, view, state)


def page_of_model(
    model: Any, tokenizer: Any, text: Any, view: str, state: str = "", layers: Sequence[int] | None = None
) -> str:
    """One forward of a model on a text, which leaves the model as it was → its page."""
    from tensorboard_plugin_attn.integrations.batching import on_device
    from tensorboard_plugin_attn.integrations.model_inputs import taking
    from tensorboard_plugin_attn.integrations.position_numbers import position_numbers
    from tensorboard_plugin_attn.integrations.probe_inputs import encode, tokenizer_in

    if text is None:
        raise InvalidRecordError('a model needs a text to read: show(model, tokenizer, "the doctor asked …")')
    encoded = encode(TAG, tokenizer, text, model)
    inputs = on_device(encoded.inputs, model)
    module, tokens = taking(model, inputs), encoded.tokens
    if tokens is None:
        tokens = position_numbers(module, inputs, tokenizer_in(tokenizer))
    with short_log() as (writer, directory):
        writer.add_probe(TAG, module, inputs, tokens, 0, query_key=view == "neuron", layers=layers)
        writer.flush()
        return page_of_step(AttentionReader(directory), ".", TAG, 0, view, state)


def page_of_step(reader: AttentionReader, run: str, tag: str, step: int, view: str, state: str = "") -> str:
    """One record of a log → its page; ``state``: pairs of the tab's address, such as ``p.attn.layer=5``."""
    record = open_record(reader.files, reader.find_step(run, tag, step))
    return standalone_html(record, run, view, state, is_packed=True)


@contextmanager
def short_log() -> Iterator[tuple[AttentionWriter, str]]:
    """A writer into a directory that is removed afterwards; ``ATTN_MODE=off`` speaks of training and is passed over."""
    with tempfile.TemporaryDirectory(prefix="attn-show-") as directory:
        writer = AttentionWriter(directory, all_ranks=True)
        writer.post.is_off = False
        with writer:
            yield writer, directory
