"""A model and a text, attention tensors or a record → the tab's own page in a notebook's cell."""

from __future__ import annotations

from tensorboard_plugin_attn.showing.bertviz_arguments import head_view, model_view
from tensorboard_plugin_attn.showing.show import show
from tensorboard_plugin_attn.showing.shown import Shown

__all__ = ["Shown", "head_view", "model_view", "show"]
