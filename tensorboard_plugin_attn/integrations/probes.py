"""Named probes, a tokenizer and a writer → records of a model, and never an end to its training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tensorboard_plugin_attn.capturing import needs_every_rank
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.integrations.batching import batches, on_device, padded
from tensorboard_plugin_attn.integrations.model_inputs import taking
from tensorboard_plugin_attn.integrations.position_numbers import position_numbers
from tensorboard_plugin_attn.integrations.probe_inputs import (
    Encoded,
    Probe,
    encode,
    holds_media,
    tokenizer_in,
)
from tensorboard_plugin_attn.warn import tell
from tensorboard_plugin_attn.writing.writer import AttentionWriter

__all__ = ["Probes"]


class Probes:
    """Fixed inputs that are logged again and again; texts share a forward where they can.

    Args:
        probes: tag → a text, a pair of texts, chat messages, a picture or (picture, text) for a processor, or the
            model's keyword arguments.
        options: of ``AttentionWriter.add_probe``: query_key, layers, heads, ….
        track: tag → token pairs to follow, as in ``AttentionWriter.add_attention``.
        tokens: what names the positions, as in ``AttentionWriter.add_probe``, of all probes or tag → of each.
    """

    def __init__(
        self,
        probes: Mapping[str, Probe],
        options: Mapping[str, Any],
        track: Mapping[str, Mapping[str, Any]] | None = None,
        tokens: Any = None,
    ) -> None:
        if not isinstance(probes, Mapping) or not probes:
            raise InvalidRecordError(
                f'probes must be a dict such as {{"doctor/she": "the doctor …"}}, got {probes!r}'
            )
        self.probes = dict(probes)
        self.options = dict(options)
        self.track = dict(track or {})
        unknown = [tag for tag in self.track if tag not in self.probes]
        if unknown:
            raise InvalidRecordError(f"track names probes {unknown}; the probes are {list(self.probes)}")
        self.tokens = tokens
        self.broken: set[str] = set()
        self.alone: set[str] = set()
        self.without_effect: set[str] = set()
        self.encodings: dict[str, Encoded] = {}
        self.tokenizer: Any = None

    def log(
        self,
        writer: AttentionWriter,
        model: Any,
        tokenizer: Any,
        step: int,
        *,
        metrics_only: bool = False,
        effect: Any = None,
    ) -> None:
        """Log every probe; one that fails is told once, the others and the training go on.

        Texts that fail in a batch are tried alone, then and from then on, except where other ranks take part and
        would not know of it. ``effect``: of the heads on what, as in ``AttentionWriter.add_probe``: each probe alone, and
        without it from the first failure on, which is told.
        """
        if effect is not None:
            for probe in self.encoded(tokenizer, model):
                errors = self.log_with_effect(writer, model, probe, step, metrics_only, effect)
                for tag, error in errors.items():
                    self.tell(tag, error)
            return
        is_shared = self.options.get("ranks") == "all" or writer.part is not None
        for batch in batches(self.encoded(tokenizer, model), model, self.alone):
            errors = self.log_batch(writer, model, batch, step, metrics_only)
            if len(batch) > 1 and errors and not (is_shared or needs_every_rank(model)):
                self.alone.update(errors)
                failed = [probe for probe in batch if probe.tag in errors]
                errors = {}
                for probe in failed:
                    errors |= self.log_batch(writer, model, [probe], step, metrics_only)
            for tag, error in errors.items():
                self.tell(tag, error)

    def log_with_effect(
        self,
        writer: AttentionWriter,
        model: Any,
        probe: Encoded,
        step: int,
        metrics_only: bool,
        effect: Any,
    ) -> dict[str, Exception]:
        """Log one probe and what its heads do; without that where it fails, which is told once."""
        tag = probe.tag
        if tag not in self.without_effect:
            errors = self.log_batch(writer, model, [probe], step, metrics_only, effect=effect)
            if not errors:
                return errors
            self.without_effect.add(tag)
            tell(f"attention probe {tag!r} is logged without effects: {errors[tag]!r}")
        return self.log_batch(writer, model, [probe], step, metrics_only)

    def forget(self) -> None:
        """Encode anew: another model may come."""
        self.encodings = {}

    def encoded(self, tokenizer: Any, model: Any) -> list[Encoded]:
        """The probes as the model takes them, encoded once."""
        if tokenizer is not self.tokenizer:
            self.tokenizer, self.encodings = tokenizer, {}
        for tag, probe in self.probes.items():
            if tag not in self.encodings:
                try:
                    self.encodings[tag] = encode(tag, tokenizer, probe, model, self.tokens_of(tag))
                except Exception as error:  # noqa: BLE001 - a tokenizer may raise anything, and training goes on
                    self.tell(tag, error)
        return list(self.encodings.values())

    def tokens_of(self, tag: str) -> Any:
        """What names the positions of one probe, as it was given."""
        is_by_tag = isinstance(self.tokens, Mapping) and set(self.tokens) <= set(self.probes)
        return self.tokens.get(tag) if is_by_tag else self.tokens

    def log_batch(
        self,
        writer: AttentionWriter,
        model: Any,
        batch: Sequence[Encoded],
        step: int,
        metrics_only: bool,
        effect: Any = None,
    ) -> dict[str, Exception]:
        """Log probes in one forward; the tags without a record, and why."""
        tags = [probe.tag for probe in batch]
        tracks = [self.track.get(tag) for tag in tags]
        is_one, first = len(batch) == 1, batch[0]
        try:
            inputs = on_device(padded(batch), model)
            module = model if needs_every_rank(model) else taking(model, inputs)
            return writer.log_probes(
                first.tag if is_one else tags, module, inputs, self.named(first, writer, module, inputs), step,
                tracks[0] if is_one else tracks, metrics_only, effect=effect, **self.options,
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - a model may raise anything, and training goes on
            return dict.fromkeys(tags, error)

    def named(self, probe: Encoded, writer: AttentionWriter, model: Any, inputs: Any) -> Any:
        """What names the positions; their numbers where nothing else does, which the model is asked for once."""
        if probe.tokens is None and holds_media(probe.inputs):
            return None  # its positions are worked out from what it shows
        if probe.tokens is None and (writer.is_writing or needs_every_rank(model)):
            probe = replace(probe, tokens=position_numbers(model, inputs, tokenizer_in(self.tokenizer)))
            self.encodings[probe.tag] = probe
        return probe.tokens

    def tell(self, tag: str, error: Exception) -> None:
        """Warn once per probe."""
        if tag not in self.broken:
            self.broken.add(tag)
            tell(f"attention probe {tag!r} was not logged: {error!r}; training goes on")
