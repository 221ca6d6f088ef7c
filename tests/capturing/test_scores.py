"""capture: the largest score of every head, known without keeping query and key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from models.sharp_models import eager_copy, small, token_ids

from tensorboard_plugin_attn import AttentionReader, AttentionRecord, AttentionWriter, capture
from tensorboard_plugin_attn.measuring.head_metrics import METRICS

IDS = token_ids()
PADDED = torch.tensor([[1] * 9, [1] * 6 + [0] * 3])
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "bert with padding": ("bert", {"input_ids": IDS, "attention_mask": PADDED}),
    "gpt2": ("gpt2", {"input_ids": IDS}),
    "llama with grouped keys": ("llama", {"input_ids": IDS}),
}


def words(count: int) -> list[str]:
    return [f"w{number}" for number in range(count)]


def recorded(model: Any, inputs: dict[str, Any], *, query_key: bool) -> AttentionRecord:
    with torch.no_grad(), capture(model, query_key=query_key) as captured:
        captured.model(**inputs)
    return captured.record(words(9), batch=1)


@pytest.mark.parametrize("kernel", ["sdpa", "eager"])
@pytest.mark.parametrize("case", CASES)
def test_the_largest_score_is_that_of_query_and_key(case: str, kernel: str) -> None:
    name, inputs = CASES[case]
    model = small(name) if kernel == "sdpa" else eager_copy(small(name))
    without = recorded(model, inputs, query_key=False)
    for layer, known in zip(without.layers, recorded(model, inputs, query_key=True).layers, strict=True):
        assert layer.query is None
        found = METRICS["max_score"](layer)
        known.max_score = None
        np.testing.assert_allclose(found, METRICS["max_score"](known), rtol=1e-4, atol=1e-4)
        assert np.ptp(found) > 0.1, "the control: heads differ"


def test_layers_of_one_input_become_a_record_as_they_are() -> None:
    with torch.no_grad(), capture(small("bert")) as captured:
        captured.model(input_ids=IDS[:1])
    record = AttentionRecord(captured.layers, words(9))
    for layer, of_batch in zip(record.layers, captured.layers, strict=True):
        np.testing.assert_array_equal(layer.max_score, of_batch.max_score[0])


def test_a_generation_has_the_largest_score_of_all_its_steps() -> None:
    model = small("gpt2")
    with capture(model) as captured:
        output = captured.model.generate(
            IDS[:1],
            attention_mask=torch.ones_like(IDS[:1]),
            max_new_tokens=4,
            do_sample=False,
            pad_token_id=0,
        )
    stitched = captured.record(words(output.shape[1]))
    with torch.no_grad(), capture(model) as whole:
        whole.model(output[:, :-1])
    for step, full in zip(stitched.layers, whole.record(words(output.shape[1] - 1)).layers, strict=True):
        np.testing.assert_allclose(step.max_score, full.max_score, rtol=1e-4)


def test_a_plain_probe_logs_it_also_of_chosen_heads(tmp_path: Path) -> None:
    model = small("bert")
    inputs = {"input_ids": IDS[:1]}
    with AttentionWriter(tmp_path) as writer:
        writer.add_probe("all", model, inputs, words(9), 0, query_key=True)
        writer.add_probe("some", model, inputs, words(9), 0, heads=[2, 0])
    reader = AttentionReader(tmp_path)
    at = reader.metrics(".", "all").names.index("max_score")
    every, some = (reader.metrics(".", tag).values[0, :, :, at] for tag in ("all", "some"))
    np.testing.assert_allclose(some, every[:, [0, 2]], rtol=1e-5)
