"""Small models with sharpened attention and their eager reference, for the tests of the capture."""

from __future__ import annotations

import re
from typing import Any

import torch
import transformers
from torch import nn

QUERY_KEY = re.compile(r"query|key|q_proj|k_proj|\.q\.|\.k\.|in_proj|c_attn|qkv|q_lin|k_lin", re.IGNORECASE)
FUSED = re.compile(r"c_attn|in_proj|qkv|query_key_value", re.IGNORECASE)
SMALL = {
    "hidden_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "vocab_size": 100,
}
BART = {
    "d_model": 48,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "vocab_size": 100,
}


def sharpen(model: nn.Module, factor: float = 8.0) -> nn.Module:
    """Query and key weights × ``factor``, so that no layer's attention is near uniform and passes for another's."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 2 and QUERY_KEY.search(name):
                if FUSED.search(name) and "c_attn" in name:
                    parameter[:, : 2 * parameter.shape[1] // 3] *= factor
                elif FUSED.search(name):
                    parameter[: 2 * parameter.shape[0] // 3] *= factor
                else:
                    parameter *= factor
    return model


def token_ids(batch: int = 2, length: int = 9) -> torch.Tensor:
    """Fixed random token ids."""
    return torch.randint(5, 90, (batch, length), generator=torch.Generator().manual_seed(1))


def small(name: str, **more: Any) -> nn.Module:
    """One of the models that the first acceptance names, in evaluation mode, by a short name."""
    torch.manual_seed(0)
    if name == "bert":
        model = transformers.BertModel(transformers.BertConfig(**SMALL, **more))
    elif name == "gpt2":
        config = transformers.GPT2Config(
            n_embd=48, n_layer=3, n_head=4, vocab_size=100, bos_token_id=1, eos_token_id=2, **more
        )
        model = transformers.GPT2LMHeadModel(config)
    elif name == "llama":
        model = transformers.LlamaForCausalLM(
            transformers.LlamaConfig(num_key_value_heads=2, **SMALL, **more)
        )
    elif name == "bart":
        model = transformers.BartForConditionalGeneration(transformers.BartConfig(**BART, **more))
    else:
        raise ValueError(name)
    return sharpen(model.eval())


def eager_copy(model: Any) -> Any:
    """A fresh copy with the same weights whose attention is eager."""
    config = type(model.config).from_dict(model.config.to_dict())
    copy = type(model)._from_config(config, attn_implementation="eager").eval()
    copy.load_state_dict(model.state_dict())
    return copy


def eager_attentions(model: Any, **inputs: Any) -> list[torch.Tensor]:
    """The reference: eager attentions in call order."""
    with torch.no_grad():
        outputs = eager_copy(model)(**inputs, output_attentions=True)
    if "encoder_attentions" not in outputs:
        return list(outputs.attentions)
    pairs = zip(outputs.decoder_attentions, outputs.cross_attentions, strict=True)
    return [*outputs.encoder_attentions, *(weights for pair in pairs for weights in pair)]
