"""A model → its attention weights, exactly and without touching its training."""

from __future__ import annotations

from tensorboard_plugin_attn.capturing.captured import Captured, capture
from tensorboard_plugin_attn.capturing.fitting import Lengths
from tensorboard_plugin_attn.capturing.probing import ProbeResult, probe
from tensorboard_plugin_attn.capturing.sighting import LeftOut

__all__ = ["Captured", "LeftOut", "Lengths", "ProbeResult", "capture", "probe"]
