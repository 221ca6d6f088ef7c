"""Where query and key were projected from → self- or cross-attention."""

from __future__ import annotations

import re

from tensorboard_plugin_attn.capturing.calls.sighting import Sighting
from tensorboard_plugin_attn.capturing.tracing.facts import Facts

__all__ = ["kind_by_flow"]

CROSS_NAMES = re.compile(
    r"cross|encoder_attn|encoder_decoder_attention|encdecattention|enc_dec|multihead_attn|src_attn"
)


def kind_by_flow(query: Facts | None, key: Facts | None, sighting: Sighting) -> str:
    """``self`` when both descend from one tensor; by name and shape when their descent is not known."""
    if query is not None and key is not None:
        return "self" if query.origins & key.origins else "cross"
    if CROSS_NAMES.search(sighting.name.lower()):
        return "cross"
    if query is None and key is None:
        return "self" if sighting.weights.shape[-2] == sighting.weights.shape[-1] else "cross"
    return "cross"
