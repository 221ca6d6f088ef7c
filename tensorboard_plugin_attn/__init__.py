"""Attention weights of a transformer, logged while it trains → TensorBoard's Attention tab.

The public names are imported when first used, so that importing the package imports neither torch nor
tensorboard: TensorBoard itself loads it at start.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tensorboard_plugin_attn.capturing import Captured, capture
    from tensorboard_plugin_attn.reading.reader import AttentionReader
    from tensorboard_plugin_attn.reading.series import MetricSeries
    from tensorboard_plugin_attn.record.grids import ImageTokens, SoundTokens
    from tensorboard_plugin_attn.record.layer import LayerAttention
    from tensorboard_plugin_attn.record.record import AttentionRecord
    from tensorboard_plugin_attn.showing import Shown, show
    from tensorboard_plugin_attn.studying.alignment import (
        AlignedWord,
        AlignmentHead,
        align_words,
        alignment_heads,
    )
    from tensorboard_plugin_attn.studying.compare import Comparison, HeadChange
    from tensorboard_plugin_attn.studying.evolution import Evolution, Mark
    from tensorboard_plugin_attn.studying.find import Found, FoundHead
    from tensorboard_plugin_attn.studying.health import Hint, Thresholds
    from tensorboard_plugin_attn.studying.rollout import Rollout
    from tensorboard_plugin_attn.studying.word_heat import word_heat
    from tensorboard_plugin_attn.writing.part import Part
    from tensorboard_plugin_attn.writing.writer import AttentionWriter

__all__ = [
    "AlignedWord",
    "AlignmentHead",
    "AttentionReader",
    "AttentionRecord",
    "AttentionWriter",
    "Captured",
    "Comparison",
    "Evolution",
    "Found",
    "FoundHead",
    "HeadChange",
    "Hint",
    "ImageTokens",
    "LayerAttention",
    "Mark",
    "MetricSeries",
    "Part",
    "Rollout",
    "Shown",
    "SoundTokens",
    "Thresholds",
    "align_words",
    "alignment_heads",
    "capture",
    "show",
    "word_heat",
]
__version__ = "0.2.0"

HOMES = {
    "AlignedWord": "studying.alignment",
    "AlignmentHead": "studying.alignment",
    "AttentionReader": "reading.reader",
    "AttentionRecord": "record.record",
    "AttentionWriter": "writing.writer",
    "Captured": "capturing",
    "Comparison": "studying.compare",
    "Evolution": "studying.evolution",
    "Found": "studying.find",
    "FoundHead": "studying.find",
    "HeadChange": "studying.compare",
    "Hint": "studying.health",
    "ImageTokens": "record.grids",
    "LayerAttention": "record.layer",
    "Mark": "studying.evolution",
    "MetricSeries": "reading.series",
    "Part": "writing.part",
    "Rollout": "studying.rollout",
    "Shown": "showing",
    "SoundTokens": "record.grids",
    "Thresholds": "studying.health",
    "align_words": "studying.alignment",
    "alignment_heads": "studying.alignment",
    "capture": "capturing",
    "show": "showing",
    "word_heat": "studying.word_heat",
}


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(
            f"module {__name__!r} has no attribute {name!r}; public names: {', '.join(__all__)}"
        )
    return getattr(importlib.import_module(f"{__name__}.{HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
