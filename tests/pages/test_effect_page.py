"""docs/how-to/effect.md: its Python runs as it stands, and the metrics that it names are logged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from models.tiny_bert import tiny_tokenizer
from pages.page_code import blocks, run_block
from transformers import BertConfig, BertForMaskedLM

from tensorboard_plugin_attn import AttentionReader, AttentionWriter

PAGE = "docs/how-to/effect.md"


def test_every_block_of_the_page_runs_and_logs_what_it_says(tmp_path: Path) -> None:
    torch.manual_seed(0)
    tokenizer = tiny_tokenizer()
    model = BertForMaskedLM(
        BertConfig(
            vocab_size=len(tokenizer), hidden_size=48, num_hidden_layers=2, num_attention_heads=4,
            intermediate_size=64,
        )
    )  # fmt: skip
    inputs = dict(tokenizer("the doctor asked the nurse because she was late .", return_tensors="pt"))
    labels = inputs["input_ids"]
    with AttentionWriter(tmp_path) as writer:
        names: dict[str, Any] = {"model": model, "tokenizer": tokenizer, "inputs": inputs, "labels": labels}
        names |= {"writer": writer}
        for step, block in enumerate(blocks(PAGE)):
            run_block(PAGE, block, names | {"step": step})
    series = AttentionReader(tmp_path).metrics(".", "doctor/she")
    assert series.names[-2:] == ["effect", "ablation"]
    assert list(series.steps) == [0, 1]
    assert np.isfinite(np.asarray(series.values[1])[..., -2:]).all()
