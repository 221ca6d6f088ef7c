"""Small models, an input and an objective each, and the weights behind their heads, for the tests of effects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
import transformers
from models.sharp_models import sharpen, small, token_ids
from models.written_attention import BATCH, LENGTH, WIDTH, NanoGpt
from torch import nn

SIZES = {"num_layers": 2, "num_decoder_layers": 2, "num_heads": 4, "d_kv": 12, "d_model": 48, "d_ff": 64}
PICTURES = {"image_size": 16, "patch_size": 8, "num_labels": 3, "attention_probs_dropout_prob": 0.1}
TEXT = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}


@dataclass(frozen=True)
class Case:
    """``projection``: the name of a layer's output projection, from the name of the layer's attention.

    ``step``: by how much a gate differs from 1, .1 wherever that is a fair question. A model with ReLU is piecewise
    linear in a gate: within .1 there are kinks, up to a fifth of a difference, and the gradient is that of the piece
    at 1, which .001 stays within. A sharpened T5, whose scores are not scaled, curves by 5 % of the largest within .1.
    """

    model: nn.Module
    inputs: Any
    objective: Any
    projection: Callable[[str], str]
    heads: int
    transposed: bool = False
    step: float = 0.1

    def value(self) -> float:
        """The objective of a plain forward."""
        with torch.no_grad():
            outputs = self.model(**self.inputs) if isinstance(self.inputs, dict) else self.model(*self.inputs)
        return float(outputs.loss if self.objective == "loss" else self.objective(outputs))

    @contextmanager
    def scaled(self, layer: str, head: int, factor: float) -> Iterator[None]:
        """A head's output times a factor, by the columns of the output projection that read it."""
        weight = self.model.get_parameter(f"{self.projection(layer)}.weight")
        columns = weight.data.t() if not self.transposed else weight.data
        size = columns.shape[0] // self.heads
        own = columns[head * size : (head + 1) * size]
        before = own.clone()
        own *= factor
        try:
            yield
        finally:
            own.copy_(before)


def gated_case(name: str, dtype: torch.dtype = torch.float64) -> Case:
    """One model by a short name, in evaluation mode and of that type."""
    torch.manual_seed(0)
    case = CASES[name]()
    case.model.to(dtype)
    inputs = case.inputs
    if isinstance(inputs, tuple):
        inputs = tuple(each.to(dtype) for each in inputs)
    else:
        inputs = {
            key: value.to(dtype) if value.is_floating_point() else value for key, value in inputs.items()
        }
    return replace(case, model=case.model.eval(), inputs=inputs)


def text(model: nn.Module, projection: Callable[[str], str], **more: Any) -> Case:
    ids = token_ids(1)
    return Case(model, {"input_ids": ids, "labels": ids.clone()}, "loss", projection, 4, **more)


def bert() -> Case:
    def first_states(outputs: Any) -> torch.Tensor:
        return outputs.last_hidden_state[0, 0, :4].sum()

    model, inputs = small("bert"), {"input_ids": token_ids(1)}
    return Case(model, inputs, first_states, lambda name: name.replace(".self", ".output.dense"), 4)


def t5(activation: str = "gated-gelu", step: float = 0.1, sharpness: float = 1.0) -> Case:
    config = transformers.T5Config(
        vocab_size=100, decoder_start_token_id=0, feed_forward_proj=activation, **SIZES
    )
    model = sharpen(transformers.T5ForConditionalGeneration(config), sharpness)
    return text(model, lambda name: f"{name}.o", step=step)


def vit() -> Case:
    model = transformers.ViTForImageClassification(transformers.ViTConfig(**TEXT, **PICTURES))
    inputs = {"pixel_values": torch.randn(1, 3, 16, 16), "labels": torch.tensor([1])}
    names = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]

    def projection(name: str) -> str:
        block = name.split(".attention")[0]
        found = [each for each in names if each.startswith(f"{block}.attention")]
        return next(each for each in found if each.endswith(("output.dense", "o_proj")))

    return Case(model, inputs, "loss", projection, 4)


def torch_encoder(activation: str = "gelu", step: float = 0.1) -> Case:
    layer = nn.TransformerEncoderLayer(48, 4, 64, batch_first=True, activation=activation)
    model = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    states = (torch.randn(1, 7, 48),)
    case = Case(model, states, lambda outputs: outputs[0, 0, :4].sum(), lambda name: f"{name}.out_proj", 4)
    return replace(case, step=step)


def nano_gpt() -> Case:
    states = (torch.randn(BATCH, LENGTH, WIDTH),)
    return Case(NanoGpt(), states, lambda outputs: outputs[0, -1].tanh().sum(), lambda name: "o", 3)


CASES: dict[str, Callable[[], Case]] = {
    "bert": bert,
    "bert by hand": lambda: eager(bert()),
    "gpt2": lambda: text(small("gpt2"), lambda name: f"{name}.c_proj", transposed=True),
    "llama": lambda: text(small("llama"), lambda name: f"{name}.o_proj"),
    "llama by hand": lambda: eager(text(small("llama"), lambda name: f"{name}.o_proj")),
    "bart": lambda: text(small("bart"), lambda name: f"{name}.out_proj"),
    "t5": t5,
    "t5, sharpened": lambda: t5("gated-gelu", 1e-3, 2.0),
    "t5 with ReLU": lambda: t5("relu", 1e-3, 2.0),
    "vit": vit,
    "nn.TransformerEncoder": torch_encoder,
    "nn.TransformerEncoder with ReLU": lambda: torch_encoder("relu", 1e-3),
    "nanoGPT": nano_gpt,
}


def eager(case: Case) -> Case:
    """The same with attention written out in PyTorch."""
    model: Any = case.model
    model.set_attn_implementation("eager")
    return case
