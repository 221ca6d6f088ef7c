"""Named probes, a tokenizer and a writer → records of a model, and never an end to its training."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.writer import AttentionWriter

__all__ = ["Probes"]

Probe = str | tuple[str, str] | Mapping[str, Any]


class Probes:
    """Fixed inputs that are logged again and again.

    Args:
        probes: tag → a text, a pair of texts, or the model's keyword arguments.
        options: of ``AttentionWriter.add_probe``: query_key, layers, heads, ….
        track: tag → token pairs to follow, as in ``AttentionWriter.add_attention``.
    """

    def __init__(
        self,
        probes: Mapping[str, Probe],
        options: Mapping[str, Any],
        track: Mapping[str, Mapping[str, Any]] | None = None,
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
        self.broken: set[str] = set()

    def log(
        self, writer: AttentionWriter, model: Any, tokenizer: Any, step: int, *, metrics_only: bool = False
    ) -> None:
        """Log every probe; one that fails is told once, the others and the training go on."""
        for tag, probe in self.probes.items():
            try:
                inputs = on_device(encode(tokenizer, probe), model)
                writer.add_probe(
                    tag, model, inputs, tokens_of(tokenizer, inputs), step,
                    track=self.track.get(tag), metrics_only=metrics_only, **self.options,
                )  # fmt: skip
            except Exception as error:  # noqa: BLE001 - a model may raise anything, and training goes on
                self.tell(tag, error)

    def tell(self, tag: str, error: Exception) -> None:
        """Warn once per probe."""
        if tag not in self.broken:
            self.broken.add(tag)
            warnings.warn(
                f"attention probe {tag!r} was not logged: {error!r}; training goes on",
                RuntimeWarning,
                stacklevel=3,
            )


def encode(tokenizer: Any, probe: Probe) -> Any:
    """A probe → the model's keyword arguments."""
    if isinstance(probe, Mapping):
        return probe
    if tokenizer is None:
        raise InvalidRecordError(
            "a probe given as text needs a tokenizer: pass processing_class= to the Trainer, tokenizer= to the "
            "callback, or the model's keyword arguments as the probe"
        )
    texts: Sequence[str] = [probe] if isinstance(probe, str) else probe
    return tokenizer(*texts, return_tensors="pt")


def tokens_of(tokenizer: Any, inputs: Mapping[str, Any]) -> Any:
    """What names the positions: the tokenizer, or their numbers where there is none."""
    if tokenizer is not None and "input_ids" in inputs:
        return tokenizer
    first = next(iter(inputs.values()))
    return [str(position) for position in range(first.shape[1])]


def on_device(inputs: Any, model: Any) -> Any:
    """The inputs where the model's parameters are."""
    parameter = next(iter(model.parameters()), None)
    if parameter is None:
        return inputs
    if hasattr(inputs, "to"):
        return inputs.to(parameter.device)
    return {
        name: value.to(parameter.device) if hasattr(value, "to") else value for name, value in inputs.items()
    }
