"""Learned queries look at an image: a Q-Former's, or the one that pools it; their maps are in the record by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from models.sharp_models import sharpen, token_ids

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, capture

IMAGE, QUERIES = 150, 4
VISION = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 32,
          "patch_size": 8}  # fmt: skip
QFORMER = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
           "encoder_hidden_size": 32, "cross_attention_frequency": 2, "vocab_size": 100}  # fmt: skip
OPT = {"model_type": "opt", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "ffn_dim": 32,
       "vocab_size": 160, "word_embed_proj_dim": 32}  # fmt: skip
LLAMA = {"model_type": "llama", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
         "intermediate_size": 32, "vocab_size": 160}  # fmt: skip
MODELS = {
    "BLIP-2 with OPT": ("Blip2", OPT),
    "BLIP-2 with Llama": ("Blip2", LLAMA),
    "InstructBLIP": ("InstructBlip", OPT),
}


def built(name: str, length: int) -> tuple[Any, dict[str, torch.Tensor]]:
    """A small model and an image with a text of so many tokens."""
    kind, text = MODELS[name]
    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(
        vision_config=VISION, qformer_config=QFORMER, text_config=text, num_query_tokens=QUERIES,
        image_token_index=IMAGE,
    )  # fmt: skip
    model = getattr(transformers, f"{kind}ForConditionalGeneration")(config).eval()
    ids = torch.cat([torch.full((1, QUERIES), IMAGE), token_ids(1, length - QUERIES)], 1)
    inputs = {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "pixel_values": torch.randn(1, 3, 32, 32),
    }
    if kind == "InstructBlip":
        question = token_ids(1, 5)
        inputs |= {"qformer_input_ids": question, "qformer_attention_mask": torch.ones_like(question)}
    with torch.no_grad():
        (model.query_tokens if hasattr(model, "query_tokens") else model.model.query_tokens).normal_()
    return sharpen(model, 12.0), inputs


@pytest.mark.parametrize("length", [11, 17], ids=["a short text", "as many tokens as patches"])
@pytest.mark.parametrize("name", MODELS)
def test_queries_of_a_q_former_look_at_patches(name: str, length: int, tmp_path: Path) -> None:
    model, inputs = built(name, length)
    with torch.no_grad(), capture(model) as captured:
        captured.model(**inputs)
    with AttentionWriter(tmp_path, precision="float32") as writer:
        writer.add_probe("a", model, inputs, None, 0)
    model.set_attn_implementation("eager")
    expected: list[torch.Tensor] = []
    (name_of_cross,) = [each.name for each in captured.layers if each.kind == "cross"]
    model.get_submodule(name_of_cross).register_forward_hook(lambda _, __, output: expected.append(output[1]))
    with torch.no_grad():
        model(**inputs)
    named = [str(number) for number in range(QUERIES)]
    named = [f"[query {number}]" for number in range(QUERIES)] if name == "InstructBLIP" else named
    for record in (captured.record(None), AttentionReader(tmp_path).read(".", "a", 0)):
        assert len(record.layers) == len(captured.layers)
        (layer,) = [each for each in record.layers if each.kind == "cross"]
        assert layer.query_tokens == named
        assert layer.key_tokens[:3] == ["[CLS]", "r0c0", "r0c1"]
        np.testing.assert_allclose(layer.weights, expected[0][0], atol=1e-5)


TOWER = {**VISION, "num_hidden_layers": 2}
SIGLIP_TEXT = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
               "vocab_size": 100, "max_position_embeddings": 16}  # fmt: skip
POOLING: dict[str, Any] = {
    "SigLIP's tower": lambda: transformers.SiglipVisionModel(transformers.SiglipVisionConfig(**TOWER)),
    "AIMv2's tower": lambda: transformers.Aimv2VisionModel(transformers.Aimv2VisionConfig(**TOWER)),
    "SigLIP with a text as long as its image": lambda: transformers.SiglipModel(
        transformers.SiglipConfig(text_config=SIGLIP_TEXT, vision_config=TOWER)
    ),
}


@pytest.mark.parametrize("name", POOLING)
def test_the_query_that_pools_an_image_looks_at_its_patches(name: str) -> None:
    torch.manual_seed(0)
    model = POOLING[name]().eval()
    inputs = {"pixel_values": torch.randn(1, 3, 32, 32)}
    inputs |= {"input_ids": token_ids(1, 16)} if "text" in name else {}
    pooling = next(
        each
        for each in model.modules()
        if isinstance(each, torch.nn.MultiheadAttention) or "PoolingHead" in type(each).__name__
    )
    expected: list[torch.Tensor] = []

    def weights_too(module: Any, args: Any, kwargs: Any) -> Any:
        return args, {**kwargs, "need_weights": True, "average_attn_weights": False}

    with torch.no_grad(), capture(model) as captured:
        captured.model(**inputs)
    if isinstance(pooling, torch.nn.MultiheadAttention):
        pooling.register_forward_pre_hook(weights_too, with_kwargs=True)
        pooling.register_forward_hook(lambda _, __, output: expected.append(output[1]))
        with torch.no_grad():
            model(**inputs)
    record = captured.record(None)
    assert len(record.layers) == len(captured.layers)
    (layer,) = [each for each in record.layers if each.kind == "cross"]
    assert (layer.query_tokens, layer.key_tokens[:2]) == (["[query 0]"], ["r0c0", "r0c1"])
    assert layer.weights.shape == (2, 1, 16)
    for each in expected:
        np.testing.assert_allclose(layer.weights, each[0], atol=1e-5)
