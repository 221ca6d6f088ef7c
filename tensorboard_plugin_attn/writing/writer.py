"""Attention tensors, records or a model's probe → record files of one run, and its index events and scalars."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from tensorboard_plugin_attn.encoding.codes import PRECISIONS
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.measuring.contribution import CONTRIBUTIONS, choose_contributions
from tensorboard_plugin_attn.measuring.grids import GRID_METRICS, own_metrics
from tensorboard_plugin_attn.measuring.head_metrics import METRICS, Metric, choose_changes, choose_metrics
from tensorboard_plugin_attn.measuring.token_pairs import parse_pairs
from tensorboard_plugin_attn.record.layer import Array, LayerAttention
from tensorboard_plugin_attn.record.record import AttentionRecord
from tensorboard_plugin_attn.record.tokens import TokenAxes
from tensorboard_plugin_attn.storing import store
from tensorboard_plugin_attn.warn import tell
from tensorboard_plugin_attn.writing.arguments import check_limits, check_step, resolve_target, split_layers
from tensorboard_plugin_attn.writing.aside import Aside, Rooms
from tensorboard_plugin_attn.writing.delivery import CLOSE_SECONDS, Delivery, close_in
from tensorboard_plugin_attn.writing.draft import Draft
from tensorboard_plugin_attn.writing.extra_metrics import ExtraMetrics
from tensorboard_plugin_attn.writing.history import History
from tensorboard_plugin_attn.writing.keeping import KEEP
from tensorboard_plugin_attn.writing.part import Part
from tensorboard_plugin_attn.writing.probe_effects import add_effects, check_effect
from tensorboard_plugin_attn.writing.probe_rows import fill_drafts, meeting, spans_ranks, split_probes
from tensorboard_plugin_attn.writing.process import Post
from tensorboard_plugin_attn.writing.record_job import record_job
from tensorboard_plugin_attn.writing.summary import Scalars, SummarySink, check_scalars

__all__ = ["AttentionWriter"]

Track = Mapping[str, tuple[Any, Any]]  # name → (query, key)
Objective = Literal["loss"] | Callable[[Any], Any]  # of a model's outputs, to a tensor of one number


class AttentionWriter:
    """Logs attention for TensorBoard's Attention tab, one file per tag and step.

    Args:
        target: a directory, an fsspec URL such as ``s3://bucket/runs/a``, or a SummaryWriter (torch's,
            tensorboardX's): then its directory, and index events and scalars go to its event file.
        precision: ``"uint8"`` (error at most 0.00197), ``"float16"`` or ``"float32"`` (exact).
        metrics: ``"all"``, names, or a dict name → function(layer: LayerAttention) → float [head], which adds
            to the built-in ones.
        scalars: which go to the SummaryWriter: ``"summary"``: mean entropy, largest score and mean change of each probe,
            and mean, minimum and maximum over heads of your own metrics and tracked pairs; True: of every metric; False.
        purge_step: delete this run's records with step ≥ purge_step, for resuming from a checkpoint; now, or where
            nobody says yet which rank this is, before the first record.
        max_queue_bytes: how many bytes may wait to be written before ``add_*`` waits; half of them may be copies of small
            layers, which are measured and encoded by the writing thread.
        max_record_bytes: a larger record keeps metrics and thumbnails of all heads, and the weights of the layers
            that fit: small ones first, of equal ones evenly spaced.
        keep: what ``add_probe`` keeps of a layer: ``"weights"`` as codes, ``"vectors"``: query and key in the model's own type,
            from which weights are rebuilt (only where that is within half the codes' error), or ``"auto"``: the smaller
            of the two, which for long texts is query and key.
        all_ranks: write on every rank, each to a directory of its own; else only rank 0 writes: of torch.distributed, or as
            ``RANK`` or the variables of SLURM or MPI say.
        part: what this rank has of every record, a ``Part``; then each rank writes its own, without scalars, and the records
            are put together when they are read.
        max_wait: seconds for which a store that does not answer may hold up training, over the writer's whole life.
        spool: a directory where records wait until a remote store, or a mount that hangs, has taken them; by default one
            in the user's cache directory. What a process leaves there the next writer of the same target sends.
        max_spool_bytes: when that much waits, further records keep their head metrics alone.

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
        keep: Literal["auto", "weights", "vectors"] = "auto",
        all_ranks: bool = False,
        part: Part | None = None,
        max_wait: float = 1.0,
        spool: str | os.PathLike[str] | None = None,
        max_spool_bytes: int = 1 << 30,
    ) -> None:
        if precision not in PRECISIONS:
            raise InvalidRecordError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
        if keep not in KEEP:
            raise InvalidRecordError(f"keep must be one of {', '.join(KEEP)}, got {keep!r}")
        check_scalars(scalars)
        check_limits(max_queue_bytes=max_queue_bytes, max_record_bytes=max_record_bytes, max_wait=max_wait)
        check_limits(max_spool_bytes=max_spool_bytes)
        directory, summary_writer = resolve_target(target)
        first = None if purge_step is None else check_step(purge_step)
        self.precision = precision
        self.metrics = choose_metrics(metrics, list(CONTRIBUTIONS))
        self.contributions = choose_contributions(metrics)
        self.changes = choose_changes(metrics)
        self.has_own_metrics = any(
            each not in (METRICS.get(name), GRID_METRICS.get(name)) for name, each in self.metrics.items()
        )
        self.has_every_metric = metrics == "all" or isinstance(metrics, Mapping)
        self.max_record_bytes = max_record_bytes
        self.keep = keep
        self.all_ranks = all_ranks
        if part is not None and not isinstance(part, Part):
            raise InvalidRecordError(f"part must be a Part, such as Part(0, 2, heads=range(4)), got {part!r}")
        self.part = part
        self.place = None if part is None else (part.number, part.of)
        self.post = Post(every_rank=all_ranks or part is not None)
        self.directory = directory
        self.delivery = delivery = Delivery(
            directory,
            max_queue_bytes,
            max_wait,
            None if spool is None else Path(spool),
            max_spool_bytes,
            self.place,
        )
        self.queue = delivery.queue
        self.history = History(
            delivery.files,
            lambda: delivery.queue.drain(time.monotonic() + CLOSE_SECONDS),
            patience=None if delivery.is_remote else delivery.patience,
            elsewhere=delivery.spooled if delivery.is_remote else lambda tag: [],
            part=self.place,
        )
        has_scalars = summary_writer is not None and part is None
        self.sink = SummarySink(summary_writer, scalars=scalars) if has_scalars else None
        self.told: set[str] = set()
        self.rooms = Rooms()
        self.first = first
        if first is None or self.post.is_sure or part is not None:  # without a purge it does no rank any harm
            self.prepare()
        weakref.finalize(self, close_in, self.post.owner, delivery, CLOSE_SECONDS)

    @property
    def is_writing(self) -> bool:
        """False where ``ATTN_MODE=off``, in a forked child, and on ranks that do not write."""
        return self.post.writes

    @property
    def num_written(self) -> int:
        """Records that are in the store so far."""
        return self.delivery.num_written

    @property
    def num_dropped(self) -> int:
        """Records lost to a failing disk or a full spool."""
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
        queries: Sequence[int] | None = None,
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
            queries: positions whose rows of weights are kept, as in ``add_probe``.

        Raises:
            InvalidRecordError: shapes, lengths or values are not as above; nothing is written.
        """
        if not self.is_ready():
            return
        kind = "self" if key_tokens is None else "cross"
        layers = [LayerAttention(layer, kind=kind) for layer in split_layers(weights)]
        axes = TokenAxes(tokens) if key_tokens is None else TokenAxes(key_tokens, decoder_tokens=tokens)
        self.add_layers(tag, layers, axes, global_step, track, metrics_only, queries)

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
        if self.is_ready():
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
        ranks: str = "auto",
        values: bool = True,
        effect: Objective | None = None,
        ablate: bool = False,
        windows: Literal["scatter"] | None = None,
        queries: Sequence[int] | None = None,
    ) -> None:
        """Run one probe, or a batch of them, through a torch model and log its attention, layer by layer.

        The forward is one of its own, in eval mode and without gradients; training flags, random states and
        compiled code stay as they were. Under FSDP, tensor parallelism and wherever ranks meet in the forward EVERY
        RANK MUST CALL THIS; rank 0 writes, all heads of all ranks. Elsewhere other ranks than 0 return at once.

        Args:
            tag: names the probe; or a list of tags, for as many inputs in a padded batch: one forward, one record
                each, without its padding.
            model: any ``torch.nn.Module``, wrapped or compiled or neither.
            inputs: keyword arguments (a dict, a tokenizer's encoding), positional ones, or one tensor.
            tokens: a list of strings, a pair of lists for an encoder-decoder, the tokenizer or processor,
                ``ImageTokens``, ``SoundTokens``, a dict of these by stack (text, vision, audio, encoder, decoder), or
                None: what the model is given then tells where its positions stand, as far as anything does. For a
                list of tags one of these but the lists, or one list for each.
            query_key: log query and key vectors too, for the Neuron view.
            layers, heads: numbers of the layers to log, and of the heads in each; None: all.
            track: token pairs to follow as metrics, as in ``add_attention``; for a list of tags one for each.
            metrics_only: log the head metrics without the weights.
            ranks: ``"auto"``: every rank runs the forward where parameters are spread over the ranks, else rank 0
                alone; ``"all"``: every rank runs it, for models whose ranks meet in the forward (sequence, expert
                and pipeline parallelism); ``"rank0"``: rank 0 alone.
            values: log the length of each key's value beside its weights, ``LayerAttention.value_norm``, and
                ``contribution_*`` metrics of ``weight · value_norm`` by its row's sum (Kobayashi et al. 2020).
            effect: ``"loss"``, or a function of the model's outputs to a tensor of one number: log each head's
                ``∂objective/∂gate`` at a gate of 1 on its output as the metric ``effect`` (Michel et al. 2019, with its
                sign): with the head less without, so that of a loss below 0 means that the head helps. It is a
                forward and a backward of their own.
            ablate: log the exact ``objective − objective without the head`` as ``ablation`` too: a forward for every
                head, several in a batch; above 5 s it says how far it is.
            windows: ``"scatter"``: put layers that look within windows of an image into maps of the whole image, as in
                ``capture``; None: they are left out and named.
            queries: positions whose rows of weights are kept, None: all. Metrics and pictures are of all rows; a layer whose
                query and key take less than its rows is kept whole.

        Raises:
            CaptureError: no attention was found, the message lists what was seen; or rank 0 runs the forward alone
                and it calls a collective, which is refused before it starts. Of ``effect``: there is no loss (the
                inputs have no labels), no gradient can pass, or ranks run the forward together.
            InvalidRecordError: tokens do not fit. Of a batch, the records of the others are written.
        """
        errors = self.log_probes(
            tag, model, inputs, tokens, global_step, track, metrics_only,
            query_key=query_key, layers=layers, heads=heads, ranks=ranks, values=values, effect=effect, ablate=ablate,
            windows=windows, queries=queries,
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
        *,
        ranks: str = "auto",
        values: bool = True,
        effect: Objective | None = None,
        ablate: bool = False,
        queries: Sequence[int] | None = None,
        **options: Any,
    ) -> dict[str, Exception]:
        """As ``add_probe``; the tags without a record, and why."""
        if self.part is not None:
            self.part.check_choice(options.get("heads"), options.get("layers"), queries)
        is_ready, spans = self.is_ready(), spans_ranks(model, ranks)
        check_effect(effect, ablate, tag, spans=spans, part=self.part)
        if self.post.is_off or not self.post.is_here or not (is_ready or spans):
            return {}
        step = check_step(global_step)
        rows, aside = split_probes(tag, inputs, tokens, track, model, options.get("windows")), self.aside()
        for row in rows:
            store.tag_directory(row.tag)
            row.draft = self.draft(
                row.tag, step, row.axes, row.track, allow_nan=True, metrics_only=metrics_only, values=values,
                queries=queries, aside=aside,
            )  # fmt: skip
        is_alone = not spans and not self.post.every_rank
        together = meeting(
            is_alone=is_alone, receives=is_ready, everyone=self.all_ranks, keeps_own=self.part is not None
        )
        if is_ready:
            add_effects(model, inputs, rows, effect, ablate)
        fill_drafts(model, inputs, rows, together, values=values, **options)
        for row in rows if is_ready else []:
            if row.error is None and row.draft is not None:
                try:
                    self.hand_over(row.tag, row.draft, step)
                except InvalidRecordError as error:
                    row.error = error
        return {row.tag: row.error for row in rows if row.error is not None}

    def add_layers(
        self, tag: str, layers: Sequence[LayerAttention], axes: TokenAxes, global_step: int, track: Track | None,
        metrics_only: bool, queries: Sequence[int] | None = None,
    ) -> None:  # fmt: skip
        """Encode every layer, then hand the record over."""
        if self.part is not None:
            self.part.check_choice(None, None, queries)
        step = check_step(global_step)
        store.tag_directory(tag)
        values = any(layer.value_norm is not None for layer in layers)
        draft = self.draft(
            tag,
            step,
            axes,
            track,
            metrics_only=metrics_only,
            values=values,
            queries=queries,
            aside=self.aside(),
        )
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
        values: bool = False,
        queries: Sequence[int] | None = None,
        aside: Aside | None = None,
    ) -> Draft:
        """An empty record to add layers to."""
        metrics = {**self.metrics, **own_metrics(axes)} if self.has_every_metric else self.metrics
        pairs = parse_pairs(track, [*metrics, *self.changes, *self.contributions])
        earlier = self.history.before(tag, step) if self.changes and self.is_writing else None
        contributions = self.contributions if values else ()
        return Draft(
            axes, metrics, self.precision, self.max_record_bytes,
            allow_nan=allow_nan, extra=ExtraMetrics(self.changes, earlier, pairs, contributions),
            metrics_only=metrics_only, part=self.part, keep=self.keep, queries=queries, aside=aside,
        )  # fmt: skip

    def aside(self) -> Aside | None:
        """What of a call's layers may wait for the writing thread: your own metrics run in the call, and the scalars of a
        SummaryWriter, which may be closed at any time, are measured there."""
        if self.has_own_metrics or self.part is not None:
            return None
        wants = None if self.sink is None else self.sink.wants
        return Aside(self.queue.room_aside(), self.rooms, measures=wants)

    def hand_over(self, tag: str, draft: Draft, step: int) -> None:
        """Give a complete draft to the writing thread, and its metrics to the event file."""
        if draft.waiting and draft.nbytes > self.queue.room_aside():
            draft.settle()
        track = draft.extra.pairs.described()
        for what, message in draft.shortfalls(tag, draft.left_out()):
            if what not in self.told:
                self.told.add(what)
                tell(message)
        probe = draft.finish()
        if self.changes:
            self.history.remember(tag, draft.reference(step, probe))
        if self.sink is not None:
            self.sink.add(tag, step, *draft.told(), draft.layer_names)
        # Last: from here on the writing thread competes for the interpreter.
        self.queue.put(record_job(self.delivery, tag, step, draft, track))

    def is_ready(self) -> bool:
        """Whether to log here; the first time the directory is made ready, or it is said why nothing is logged."""
        if not self.is_writing:
            self.post.explain()
            return False
        self.prepare()
        self.post.tell_shared(self.directory, None if self.part is None else self.part.number)
        return True

    def prepare(self) -> None:
        """Once: delete what is to be written anew; a disk that fails is told, not raised."""
        if self.is_writing:
            self.delivery.prepare_once(self.first)

    def flush(self, timeout: float = CLOSE_SECONDS) -> None:
        """Wait until everything handed over is in the store, at most ``timeout`` seconds."""
        self.purge_late()
        if self.post.is_here:
            self.delivery.finish(timeout)
        if self.sink is not None and self.is_writing:
            self.sink.flush()

    def close(self, timeout: float = CLOSE_SECONDS) -> None:
        """As ``flush``, and say what is not in the store and where it is; the SummaryWriter stays open, it is yours."""
        self.purge_late()
        close_in(self.post.owner, self.delivery, timeout)

    def purge_late(self) -> None:
        """Purge what was not yet purged, where this process is likely alone."""
        if self.post.may_be_alone:
            self.prepare()

    def __enter__(self) -> AttentionWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
