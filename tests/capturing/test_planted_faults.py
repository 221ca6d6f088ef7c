"""The output check on sharpened models of transformers: each fault planted into what is read of a call is found."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
import transformers
from models.sharp_models import SMALL, sharpen, token_ids
from torch import nn

from tensorboard_plugin_attn import capture
from tensorboard_plugin_attn.capturing import session
from tensorboard_plugin_attn.capturing.calls import sdpa
from tensorboard_plugin_attn.capturing.calls.masks import causal
from tensorboard_plugin_attn.capturing.calls.sdpa import Call
from tensorboard_plugin_attn.capturing.calls.sighting import Sighting

LENGTH = 24
GROUPED = {**SMALL, "num_key_value_heads": 2}
WINDOWED = {**GROUPED, "sliding_window": 6}
CAPPED = {**GROUPED, "head_dim": 12, "attn_logit_softcapping": 2.0, "query_pre_attn_scalar": 12}
MODELS: dict[str, dict[str, Any]] = {
    "gpt2": {"n_embd": 48, "n_layer": 3, "n_head": 4, "vocab_size": 100},
    "bert": SMALL,
    "opt": {"hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4, "ffn_dim": 64, "vocab_size": 100,
            "word_embed_proj_dim": 48},
    "llama": GROUPED,
    "qwen2": GROUPED,
    "mistral": WINDOWED,
    "starcoder2": WINDOWED,
    "phi3": {**WINDOWED, "pad_token_id": 0},
    "gemma2": CAPPED,
    "vaultgemma": CAPPED,
    "t5gemma": {name: {**CAPPED, "is_decoder": name == "decoder"} for name in ("encoder", "decoder")},
}  # fmt: skip
DTYPES = [torch.float32, torch.bfloat16]


def masked(call: Call, change: Callable[[torch.Tensor], torch.Tensor]) -> Call:
    """A call whose mask was read wrongly."""
    outer = list(call.query.shape[:2])
    mask = sdpa.whole_mask(call, outer)
    assert mask is not None
    allowed = mask if mask.dtype == torch.bool else mask > torch.finfo(mask.dtype).min
    return replace(call, mask=change(allowed), is_causal=False)


def swapped(call: Call) -> Call:
    """Two heads of different keys change places."""
    return replace(call, query=call.query[:, [2, 1, 0, 3]])


PLANTED: dict[str, tuple[list[str], Callable[[Call], Call]]] = {
    "a mask shifted by one": (
        ["gpt2", "opt", "llama"],
        lambda call: masked(call, lambda mask: mask | mask.roll(1, -1)),
    ),
    "a window one too wide": (
        ["mistral", "starcoder2", "phi3"],
        lambda call: masked(call, lambda mask: mask | (mask.roll(1, -2) & causal(LENGTH, LENGTH))),
    ),
    "two heads swapped": (["gpt2", "bert", "llama"], swapped),
    "a missing scale": (["bert", "gpt2", "qwen2"], lambda call: replace(call, scale=1.0)),
    "documents not parted": (
        ["llama", "qwen2", "gpt2"],
        lambda call: replace(call, mask=None, is_causal=True),
    ),
}
CASES = [(name, model, plant) for name, (models, plant) in PLANTED.items() for model in models]


def small_model(name: str, dtype: torch.dtype) -> nn.Module:
    torch.manual_seed(0)
    config = transformers.CONFIG_MAPPING[name](**MODELS[name])
    model: Any = transformers.AutoModel.from_config(config)
    return sharpen(model.eval(), 16.0).to(dtype)


def layers_of(model: nn.Module, **more: Any) -> list[Any]:
    """The layers of one forward; that they differ is read off them, not warned of."""
    with torch.no_grad(), capture(model, query_key=True) as captured, warnings.catch_warnings():
        captured.model(token_ids(2, LENGTH), **more)
    return captured.layers


def inputs_of(name: str) -> dict[str, Any]:
    if name == "documents not parted":
        return {"position_ids": torch.arange(LENGTH).remainder(8)[None].expand(2, -1), "use_cache": False}
    return {}


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(
    ("name", "model", "plant"), CASES, ids=lambda each: each if isinstance(each, str) else ""
)
@pytest.mark.filterwarnings("ignore:attention weights · values differ")
def test_a_call_that_is_read_wrongly_is_found_and_the_right_one_is_not(
    name: str, model: str, plant: Callable[[Call], Call], dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    sharp = small_model(model, dtype)
    right = layers_of(sharp, **inputs_of(name))
    assert all(layer.output_error is not None and layer.differing_heads == [] for layer in right)
    real = sdpa.sighting_of
    monkeypatch.setattr(
        sdpa, "sighting_of", lambda call, *args, **options: real(plant(call), *args, **options)
    )
    wrong = layers_of(sharp, **inputs_of(name))
    assert len(wrong) == len(right)
    assert all(layer.differing_heads for layer in wrong)


def uncapped(sighting: Sighting) -> None:
    """Weights as they were without tanh."""
    query, key = sighting.query, sighting.key
    assert query is not None
    assert key is not None
    scores = sdpa.scores_of(query, key, float(sighting.scale or 1.0), None)
    hidden = ~sighting.allowed if sighting.allowed is not None else sighting.weights == 0
    sighting.weights = scores.masked_fill(hidden, -torch.inf).softmax(-1)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("model", ["gemma2", "vaultgemma", "t5gemma"])
@pytest.mark.filterwarnings("ignore:attention weights · values differ")
def test_a_soft_cap_left_out_is_found(
    model: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    sharp = small_model(model, dtype)
    more = {"decoder_input_ids": token_ids(2, LENGTH - 4)} if model == "t5gemma" else {}
    right = layers_of(sharp, **more)
    assert all(layer.output_error is not None and layer.differing_heads == [] for layer in right)
    real = session.settle

    def settle_uncapped(sighting: Sighting) -> None:
        uncapped(sighting)
        real(sighting)

    monkeypatch.setattr(session, "settle", settle_uncapped)
    wrong = layers_of(sharp, **more)
    assert all(layer.differing_heads for layer in wrong)
