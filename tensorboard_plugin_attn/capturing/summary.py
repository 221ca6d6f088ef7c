"""What a capture saw → a table of it: what a person reads before a long training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tensorboard_plugin_attn.capturing.calls.sighting import LeftOut
from tensorboard_plugin_attn.capturing.completeness import unseen
from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = ["summary"]

HEAD = ("module", "kind", "mechanism", "heads", "queries × keys", "mask", "output_error")


def summary(model: Any, layers: Sequence[LayerAttention[Any]], left_out: Sequence[LeftOut]) -> str:
    """The table: one line a layer, then what was left out and why, and modules in which nothing was seen."""
    lines = table([HEAD, *(row(layer) for layer in layers)]) if layers else ["no attention was captured"]
    lines.append(totals(model, layers))
    lines += [f"left out: {line}" for line in dict.fromkeys(map(str, left_out))]
    lines += [
        f"nothing seen in {name} ({kind}): it did not run, has no softmax over keys, or hides its kernel"
        for name, kind in unseen(
            model.named_modules(), [*(layer.name for layer in layers), *(each.module for each in left_out)]
        )
    ]
    return "\n".join(lines)


def row(layer: LayerAttention) -> tuple[str, ...]:
    """One layer's cells."""
    count = layer.num_heads
    kind = f"{layer.kind}, {layer.stack}" if layer.stack else layer.kind
    error = "not seen" if layer.output_error is None else f"{layer.output_error:.1e}"
    return (
        layer.name or "the model",
        kind,
        layer.mechanism,
        f"{count}" if layer.model_heads is None else f"{count} of {max(count, layer.model_heads)}",
        f"{layer.num_queries} × {layer.num_keys}",
        layer.mask or "unknown",
        f"{error}, differs" if layer.differing_heads else error,
    )


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Cells in columns of equal width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
        for cells in rows
    ]


def totals(model: Any, layers: Sequence[LayerAttention[Any]]) -> str:
    """How many layers and heads there are, and how many the config says."""
    config = getattr(model, "config", None)
    is_one_stack = not getattr(config, "is_encoder_decoder", False)
    expected = getattr(config, "num_hidden_layers", None) if is_one_stack else None
    modules = len({layer.name for layer in layers})
    said = f"; num_hidden_layers in the config is {expected}" if isinstance(expected, int) else ""
    short = sum(layer.model_heads is not None and layer.num_heads < layer.model_heads for layer in layers)
    fewer = f"; {short} of them with fewer heads than the model has" if short else ""
    return f"{len(layers)} maps of {modules} modules{said}{fewer}"
