"""Attention tensors, records or a model's probe → record files of one run, and its index events and scalars."""

from __future__ import annotations

import functools
import os
import time
import weakref
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Literal

from tensorboard_plugin_attn.encoding.codes import PRECISIONS
from tensorboard_plugin_attn.encoding.format import pack_record
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.measuring.head_metrics import Metric, choose_changes, choose_metrics
from tensorboard_plugin_attn.measuring.ragged import stack_ragged
from tensorboard_plugin_attn.measuring.token_pairs import parse_pairs
from tensorboard_plugin_attn.record.layer import Array, LayerAttention
from tensorboard_plugin_attn.record.record import AttentionRecord
from tensorboard_plugin_attn.record.tokens import TokenAxes
from tensorboard_plugin_attn.storing import store
from tensorboard_plugin_attn.storing.files import open_files
from tensorboard_plugin_attn.warn import tell
from tensorboard_plugin_attn.writing.arguments import check_step, resolve_target, split_layers
from tensorboard_plugin_attn.writing.draft import Draft
from tensorboard_plugin_attn.writing.extra_metrics import ExtraMetrics
from tensorboard_plugin_attn.writing.history import History
from tensorboard_plugin_attn.writing.probe_rows import fill_drafts, spans_ranks, split_probes
from tensorboard_plugin_attn.writing.process import drain_in, rank
from tensorboard_plugin_attn.writing.queue import Job, WriteQueue
from tensorboard_plugin_attn.writing.summary import Scalars, SummarySink, check_scalars

__all__ = ["AttentionWriter"]

Track = Mapping[str, tuple[Any, Any]]  # name → (query, key)


class AttentionWriter:
    """Logs attention for TensorBoard's Attention tab, one file per tag and step.

    Args:
        target: a directory, an fsspec URL such as ``s3://bucket/runs/a``, or a SummaryWriter (torch's,
            tensorboardX's): then its directory, and index events and scalars go to its event file.
        precision: ``"uint8"`` (error at most 0.00197), ``"float16"`` or ``"float32"`` (exact).
        metrics: ``"all"``, names, or a dict name → function(layer: LayerAttention) → float [head], which adds
            to the built-in ones.
        scalars: which go to the SummaryWriter: ``"summary"``: mean entropy, largest score and mean change of each
            probe, and mean, minimum and maximum over heads of your own metrics and tracked pairs; True: of every
            metric; False: none.
        purge_step: delete this run's records with step ≥ purge_step, now; for resuming from a checkpoint.
        max_queue_bytes: how many bytes may wait to be written before ``add_*`` waits.
        max_record_bytes: a larger record keeps metrics and thumbnails of all heads and the weights of evenly
            spaced layers that fit.
        all_ranks: write on every rank; else only rank 0 of torch.distributed, or of ``RANK``, writes.

    Raises:
        InvalidRecordError: an argument is not one of the above.

    Examples:
        >>> with AttentionWriter("runs/baseline") as writer:
        ...     writer.add_attention("doctor/she", outputs.attentions, tokens, step)
    """

    def __init__(
        self,
        target: Any,
        *,
        precision: Literal["uint8", "float16", "float32"] = "uint8",
        metrics: str | Sequence[str] | Mapping[str, Metric] = "all",
        scalars: Scalars = "summary",
        purge_step: int | None = None,
        max_queue_bytes: int = 64 << 20,
        max_record_bytes: int = 64 << 20,
        all_ranks: bool = False,
    ) -> None:
        if precision not in PRECISIONS:
            raise InvalidRecordError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
        check_scalars(scalars)
        directory, summary_writer = resolve_target(target)
        self.precision = precision
        self.metrics = choose_metrics(metrics)
        self.changes = choose_changes(metrics)
        self.max_record_bytes = max_record_bytes
        self.all_ranks = all_ranks
        self.is_off = os.environ.get("ATTN_MODE", "").lower() == "off"
        self.owner = os.getpid()
        self.files = open_files(directory)
        self.queue = WriteQueue(max_queue_bytes)
        self.history = History(self.files, self.queue.drain)
        self.sink = None if summary_writer is None else SummarySink(summary_writer, scalars=scalars)
        self.told: set[str] = set()
        if self.is_writing:
            self.prepare(purge_step)
            weakref.finalize(self, drain_in, self.owner, self.queue)

    @property
    def is_writing(self) -> bool:
        """False where ``ATTN_MODE=off``, in a forked child, and on ranks that do not write."""
        return not self.is_off and os.getpid() == self.owner and (self.all_ranks or rank() == 0)

    @property
    def num_written(self) -> int:
        """Records written so far."""
        return self.queue.num_written

    @property
    def num_dropped(self) -> int:
        """Records lost to a failing disk."""
        return self.queue.num_dropped

    @property
    def seconds_waited(self) -> float:
        """Seconds for which ``add_*`` waited for a slow disk."""
        return self.queue.seconds_waited

    def add_attention(
        self,
        tag: str,
        weights: Array | Sequence[Any],
        tokens: Sequence[str],
        global_step: int,
        *,
        key_tokens: Sequence[str] | None = None,
        track: Track | None = None,
        metrics_only: bool = False,
    ) -> None:
        """Log attention weights that you have, such as ``outputs.attentions`` of an eager model in eval mode.

        Args:
            tag: names the probe; a fixed input has the same tag at every step.
            weights: after softmax, before dropout: one array ``[layer, head, query, key]`` or a sequence of
                ``[head, query, key]``; a batch axis of 1 is accepted. numpy, torch on any device and dtype, or
                anything with ``__array__``.
            tokens: one string per query position (and key position, unless ``key_tokens`` is given).
            global_step: the training step; the same step again replaces what was logged.
            key_tokens: one string per key position, where they differ (cross-attention).
            track: token pairs to follow as metrics of their own, name → (query, key): positions, tokens, or
                sets of them, such as ``{"she→nurse": ("she", "nurse")}``.
            metrics_only: log the head metrics without the weights: a small file, cheap to log often.

        Raises:
            InvalidRecordError: shapes, lengths or values are not as above; nothing is written.
        """
        if not self.is_writing:
            return
        kind = "self" if key_tokens is None else "cross"
        layers = [LayerAttention(layer, kind=kind) for layer in split_layers(weights)]
        axes = TokenAxes(tokens) if key_tokens is None else TokenAxes(key_tokens, decoder_tokens=tokens)
        self.add_layers(tag, layers, axes, global_step, track, metrics_only)

    def add_record(
        self,
        tag: str,
        record: AttentionRecord,
        global_step: int,
        *,
        track: Track | None = None,
        metrics_only: bool = False,
    ) -> None:
        """Log a record, such as ``captured.record(tokens)``; ``track`` and ``metrics_only`` as in add_attention.

        Raises:
            InvalidRecordError: tag or step cannot be used.
        """
        if self.is_writing:
            self.add_layers(tag, record.layers, record.axes, global_step, track, metrics_only)

    def add_probe(
        self,
        tag: str | Sequence[str],
        model: Any,
        inputs: Any,
        tokens: Any,
        global_step: int,
        *,
        query_key: bool = False,
        layers: Sequence[int] | None = None,
        heads: Sequence[int] | None = None,
        track: Track | Sequence[Track | None] | None = None,
        metrics_only: bool = False,
    ) -> None:
        """Run one probe, or a batch of them, through a torch model and log its attention, layer by layer.

        The forward is one of its own, in eval mode and without gradients; training flags, random states and
        compiled code stay as they were. Under FSDP (and tensor parallelism) EVERY RANK MUST CALL THIS, since all
        take part in the forward; rank 0 writes. Elsewhere other ranks than 0 return at once.

        Args:
            tag: names the probe; or a list of tags, for as many inputs in a padded batch: one forward, one record
                each, without its padding.
            model: any ``torch.nn.Module``, wrapped or compiled or neither.
            inputs: keyword arguments (a dict, a tokenizer's encoding), positional ones, or one tensor.
            tokens: a list of strings, a pair of lists for an encoder-decoder, or the tokenizer; for a list of tags
                the tokenizer, or one of the others for each.
            query_key: log query and key vectors too, for the Neuron view.
            layers: numbers of the layers to log; None: all.
            heads: numbers of the heads to log in each layer; None: all.
            track: token pairs to follow as metrics, as in ``add_attention``; for a list of tags one for each.
            metrics_only: log the head metrics without the weights.

        Raises:
            CaptureError: no attention was found; the message lists what was seen.
            InvalidRecordError: tokens do not fit. Of a batch, the records of the others are written.
        """
        errors = self.log_probes(
            tag, model, inputs, tokens, global_step, track, metrics_only,
            query_key=query_key, layers=layers, heads=heads,
        )  # fmt: skip
        for error in errors.values():
            raise error

    def log_probes(
        self,
        tag: str | Sequence[str],
        model: Any,
        inputs: Any,
        tokens: Any,
        global_step: int,
        track: Any,
        metrics_only: bool,
        **options: Any,
    ) -> dict[str, Exception]:
        """As ``add_probe``; the tags without a record, and why."""
        if self.is_off or os.getpid() != self.owner or not (self.is_writing or spans_ranks(model)):
            return {}
        step = check_step(global_step)
        rows = split_probes(tag, inputs, tokens, track, model)
        for row in rows:
            store.tag_directory(row.tag)
            row.draft = self.draft(
                row.tag, step, row.axes, row.track, allow_nan=True, metrics_only=metrics_only
            )
        fill_drafts(model, inputs, rows if self.is_writing else [], **options)
        for row in rows if self.is_writing else []:
            if row.error is None and row.draft is not None:
                self.hand_over(row.tag, row.draft, step)
        return {row.tag: row.error for row in rows if row.error is not None}

    def add_layers(
        self,
        tag: str,
        layers: Sequence[LayerAttention],
        axes: TokenAxes,
        global_step: int,
        track: Track | None,
        metrics_only: bool,
    ) -> None:
        """Encode every layer, then hand the record over."""
        step = check_step(global_step)
        store.tag_directory(tag)
        draft = self.draft(tag, step, axes, track, metrics_only=metrics_only)
        for layer in layers:
            draft.add(layer)
        self.hand_over(tag, draft, step)

    def draft(
        self,
        tag: str,
        step: int,
        axes: TokenAxes,
        track: Track | None,
        *,
        allow_nan: bool = False,
        metrics_only: bool = False,
    ) -> Draft:
        """An empty record to add layers to."""
        pairs = parse_pairs(track, [*self.metrics, *self.changes])
        earlier = self.history.before(tag, step) if self.changes and self.is_writing else None
        return Draft(
            axes, self.metrics, self.precision, self.max_record_bytes,
            allow_nan=allow_nan, extra=ExtraMetrics(self.changes, earlier, pairs), metrics_only=metrics_only,
        )  # fmt: skip

    def hand_over(self, tag: str, draft: Draft, step: int) -> None:
        """Give an encoded record to the writing thread, and its metrics to the event file."""
        left_out, track = draft.left_out(), draft.extra.pairs.described()
        for what, message in draft.shortfalls(tag, left_out):
            if what not in self.told:
                self.told.add(what)
                tell(message)
        probe, names, kind = draft.finish(), draft.names, "metrics" if draft.metrics_only else "weights"
        if self.changes:
            self.history.remember(tag, draft.extra.kept(step, probe, draft.input_hash))
        pack = functools.partial(
            pack_record, tag, step, time.time(), draft.axes, draft.layers, names,
            precision=self.precision, left_out=left_out, track=track, kind=kind,
            input_hash=draft.input_hash,
        )  # fmt: skip
        path = self.files.where(f"{store.record_directory('', tag)}/{store.step_name(step, kind)}")
        if self.sink is not None:
            metrics = stack_ragged([layer.metrics for layer in draft.layers])
            self.sink.add(tag, step, metrics, names, [layer.entry.name for layer in draft.layers])
        # Last: from here on the writing thread competes for the interpreter.
        self.queue.put(
            Job(lambda: store.write_step(self.files, "", tag, step, pack(), kind), draft.nbytes, path)
        )

    def prepare(self, purge_step: int | None) -> None:
        """Delete what is to be written anew; a disk that fails is told, not raised."""
        try:
            if purge_step is not None:
                store.purge_steps(self.files, "", check_step(purge_step))
            store.remove_stale_drafts(self.files, "")
        except OSError as error:
            tell(f"cannot tidy {self.files.where(store.PLUGIN_DIRECTORY)}: {error!r}")

    def flush(self) -> None:
        """Wait until everything handed over is written."""
        drain_in(self.owner, self.queue)
        if self.sink is not None and self.is_writing:
            self.sink.flush()

    def close(self) -> None:
        """Write everything handed over; the SummaryWriter stays open, it is yours."""
        drain_in(self.owner, self.queue)

    def __enter__(self) -> AttentionWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
