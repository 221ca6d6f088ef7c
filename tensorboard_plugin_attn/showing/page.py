"""A record, or a model and its inputs → the stand-alone page, through a log that lives as long as this takes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.reading.reader import AttentionReader
from tensorboard_plugin_attn.record.record import AttentionRecord
from tensorboard_plugin_attn.serving.metric_series import MetricSource
from tensorboard_plugin_attn.serving.opened_record import open_record
from tensorboard_plugin_attn.serving.page_contents import Beside, held_series
from tensorboard_plugin_attn.serving.standalone import standalone_html
from tensorboard_plugin_attn.serving.thinning import spaced
from tensorboard_plugin_attn.writing.writer import AttentionWriter

__all__ = ["VIEWS", "check_view", "page_of_model", "page_of_record", "page_of_run", "page_of_step"]

TAG = "shown"
VIEWS = ("model", "head", "neuron")
MOST_RECORDS = 64  # of a run that a page holds, where there is room for so many


def check_view(view: str, *, is_run: bool = False) -> None:
    """Raises InvalidRecordError where there is no such view; a run has its evolution too."""
    views = ("evolution", *VIEWS) if is_run else VIEWS
    if view not in views:
        raise InvalidRecordError(f"view must be one of {', '.join(views)}, got {view!r}")


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
    return standalone_html(record, run, view, state, Beside(is_alone=True), is_packed=True)


def page_of_run(reader: AttentionReader, run: str, tag: str, view: str, state: str = "") -> str:
    """A probe of a run → a page that opens at its last record, with its series and as many records as fit."""
    steps = reader.step_files(run, tag)
    with_weights = [each for each in steps if each.kind == "weights"]
    record = open_record(reader.files, (with_weights or steps)[-1])
    others = [open_record(reader.files, each) for each in spaced(with_weights[:-1], MOST_RECORDS)]
    series, held = held_series(MetricSource(), reader.files, steps, record)
    beside = Beside(series, held, len(steps), others=others)
    return standalone_html(record, run, view, state, beside, is_packed=True)


@contextmanager
def short_log() -> Iterator[tuple[AttentionWriter, str]]:
    """A writer into a directory that is removed afterwards; ``ATTN_MODE=off`` speaks of training and is passed over."""
    with tempfile.TemporaryDirectory(prefix="attn-show-") as directory:
        writer = AttentionWriter(directory, all_ranks=True)
        writer.post.is_off = False
        with writer:
            yield writer, directory
