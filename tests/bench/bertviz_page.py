"""A view and a record (``.npz``: weights, tokens, query and key) → BertViz's own HTML of it.

Run by ``bertviz_site.py`` in BertViz's environment: ``python bertviz_page.py head record.npz page.html``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bertviz import head_view, model_view
from bertviz.neuron_view import show


class LoggedModel:
    """What the neuron view runs as a BERT: it answers the record."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.record = record

    def eval(self) -> None:
        """It has no other mode."""

    def __call__(self, ids: torch.Tensor) -> tuple[list[dict[str, torch.Tensor]]]:
        names = {"attn": "weights", "queries": "query", "keys": "key"}
        arrays = {theirs: torch.from_numpy(self.record[ours])[:, None] for theirs, ours in names.items()}
        return (
            [{name: array[layer] for name, array in arrays.items()} for layer in range(len(arrays["attn"]))],
        )


class LoggedTokenizer:
    """Splits whatever text into the record's tokens, of which BertViz adds the first and the last itself."""

    def __init__(self, tokens: list[str]) -> None:
        self.cls_token, *self.tokens, self.sep_token = tokens

    def tokenize(self, text: str) -> list[str]:
        """All tokens but the first and the last."""
        return self.tokens

    def convert_tokens_to_ids(self, tokens: list[str]) -> list[int]:
        """Their positions."""
        return list(range(len(tokens)))


def head_page(record: Mapping[str, Any]) -> Any:
    return head_view(layers_of(record), record["tokens"].tolist(), html_action="return")


def model_page(record: Mapping[str, Any]) -> Any:
    return model_view(
        layers_of(record), record["tokens"].tolist(), display_mode="light", html_action="return"
    )


def neuron_page(record: Mapping[str, Any]) -> Any:
    tokenizer = LoggedTokenizer(record["tokens"].tolist())
    return show(
        LoggedModel(record), "bert", tokenizer, "its text", display_mode="light", html_action="return"
    )


def layers_of(record: Mapping[str, Any]) -> list[torch.Tensor]:
    """Weights ``[1, head, query, key]`` of each layer."""
    return [torch.from_numpy(layer)[None] for layer in record["weights"]]


PAGES: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "head": head_page,
    "model": model_page,
    "neuron": neuron_page,
}


def main(view: str, source: str, target: str) -> None:
    """Write the page."""
    with np.load(source) as record:
        Path(target).write_text(PAGES[view](dict(record)).data, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
