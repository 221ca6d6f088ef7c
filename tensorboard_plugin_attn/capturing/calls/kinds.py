"""Where query and key were projected from → self- or cross-attention."""

from __future__ import annotations

import re

from tensorboard_plugin_attn.capturing.calls.sighting import Sighting
from tensorboard_plugin_attn.capturing.tracing.facts import Facts

__all__ = ["kind_by_flow"]

CROSS_NAMES = re.compile(
    r"cross|encoder_attn|encoder_decoder_attention|encdecattention|enc_dec|multihead_attn|src_attn"
)
SELF_NAMES = re.compile(r"self_?att")


def kind_by_flow(query: Facts | None, key: Facts | None, sighting: Sighting) -> str:
    """``self`` when both descend from one tensor; by name and shape when their descent is not known.

    Queries and keys of one text may be projected from two mixtures of its states: then the name decides.
    """
    name, is_square = sighting.name.lower(), sighting.weights.shape[-2] == sighting.weights.shape[-1]
    if query is not None and key is not None:
        if not query.origins.isdisjoint(key.origins):
            return "self"
        return "self" if is_square and SELF_NAMES.search(name) and not CROSS_NAMES.search(name) else "cross"
    if CROSS_NAMES.search(name):
        return "cross"
    return "self" if query is None and key is None and is_square else "cross"
