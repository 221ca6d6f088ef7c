"""TensorBoard's context → the plugin. Every TensorBoard imports this at start: it must stay light."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensorboard.plugins import base_plugin

if TYPE_CHECKING:
    from tensorboard_plugin_attn.serving.plugin import AttnPlugin

__all__ = ["AttnLoader"]


class AttnLoader(base_plugin.TBLoader):
    """Loads the plugin when TensorBoard asks; an import that fails then costs the tab, not TensorBoard."""

    def load(self, context: base_plugin.TBContext) -> AttnPlugin:
        """The plugin, with its listing of the log directory under way."""
        from tensorboard_plugin_attn.serving.plugin import AttnPlugin

        return AttnPlugin(context)
