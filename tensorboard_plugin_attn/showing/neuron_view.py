"""``bertviz.neuron_view.show``, argument for argument → the Neuron view of any model."""

from __future__ import annotations

from typing import Any

from tensorboard_plugin_attn.showing.bertviz_arguments import answer
from tensorboard_plugin_attn.showing.page import page_of_model
from tensorboard_plugin_attn.showing.show import selected
from tensorboard_plugin_attn.showing.shown import Shown

__all__ = ["show"]


def show(
    model: Any,
    model_type: str | None,
    tokenizer: Any,
    sentence_a: str,
    sentence_b: str | None = None,
    display_mode: str | None = None,
    layer: int | None = None,
    head: int | None = None,
    html_action: str = "view",
) -> Shown | None:
    """Run a model on a sentence, or a pair, and show its queries and keys.

    ``model_type`` is taken and passed over: any model works as it is, without BertViz's copies of three.

    Raises:
        CaptureError: no attention was seen.
    """
    text = sentence_a if sentence_b is None else (sentence_a, sentence_b)
    page = page_of_model(model, tokenizer, text, "neuron", selected(layer, head, None))
    return answer(page, html_action, display_mode)
