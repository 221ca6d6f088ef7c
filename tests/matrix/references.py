"""An eager copy of a model → its attention maps as it hands them out: in its outputs, by its modules, by its softmaxes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

__all__ = ["References", "eager_references"]

ATTENTION = re.compile(r"atten|attn", re.IGNORECASE)
SUM_TOLERANCE = 1e-3


@dataclass
class References:
    """Maps by where they come from, each list in call order, and the model's first output."""

    outputs: dict[str, list[torch.Tensor]] = field(default_factory=dict)
    modules: list[torch.Tensor] = field(default_factory=list)
    softmaxes: list[torch.Tensor] = field(default_factory=list)
    state: torch.Tensor | None = None

    def lists(self) -> Iterator[tuple[str, list[torch.Tensor]]]:
        """Every list with its name."""
        yield from self.outputs.items()
        yield "modules", self.modules

    @property
    def count(self) -> int:
        return sum(map(len, self.outputs.values())) + len(self.modules)


def eager_references(eager: nn.Module, inputs: dict[str, Any]) -> References:
    """Run the copy once with everything watched that may hand out attention weights."""
    found = References()
    sampled: list[torch.Tensor] = []
    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        stack.enter_context(handed_out(eager, found.modules, sampled))
        softmaxes = stack.enter_context(Softmaxes())
        outputs = run(eager, inputs)
    found.softmaxes = softmaxes.seen
    found.state = first_tensor(outputs)
    gather(outputs, "", found.outputs, sampled)
    return found


def run(eager: nn.Module, inputs: dict[str, Any]) -> Any:
    """The forward, with ``output_attentions`` where the model can give them."""
    torch.manual_seed(1)
    try:
        return eager(**inputs, output_attentions=True)
    except Exception:  # noqa: BLE001 - not all models know it, and a few fail with it
        torch.manual_seed(1)
        return eager(**inputs)


@contextmanager
def handed_out(model: nn.Module, found: list[torch.Tensor], sampled: list[torch.Tensor]) -> Iterator[None]:
    """Collect the weights among the results of attention modules; nn.MultiheadAttention is asked for them.

    Deformable attention weighs points that it samples between pixels: no tokens, kept apart.
    """

    def collect(module: nn.Module, _inputs: Any, result: Any) -> None:
        kept = sampled if "Deformable" in type(module).__name__ else found
        for one in result if isinstance(result, tuple | list) else ():
            if isinstance(one, torch.Tensor) and is_map(one) and not any(same(one, other) for other in kept):
                kept.append(one)

    with ExitStack() as stack:
        for module in model.modules():
            if isinstance(module, nn.MultiheadAttention):
                hook = module.register_forward_pre_hook(asks_for_weights, with_kwargs=True)
                stack.callback(hook.remove)
            if ATTENTION.search(type(module).__name__):
                stack.callback(module.register_forward_hook(collect).remove)
        yield


def asks_for_weights(
    _module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return args, {**kwargs, "need_weights": True, "average_attn_weights": False}


def same(tensor: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether a module hands on what one inside it has handed out."""
    return tensor is other or (
        tensor.numel() == other.numel() and torch.equal(tensor.reshape(-1), other.reshape(-1))
    )


class Softmaxes(TorchFunctionMode):
    """Keeps what every softmax over the last axis returns, and the weights of fused calls."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[torch.Tensor] = []

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if name == "softmax" and is_map(result):
            self.seen.append(result)
        elif name == "scaled_dot_product_attention":
            self.seen.append(spelled_out(*args, **(kwargs or {})))
        return result


def spelled_out(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> torch.Tensor:
    """The weights of a fused call that even the eager copy makes, as torch documents it."""
    if enable_gqa:
        key = key.repeat_interleave(query.shape[-3] // key.shape[-3], -3)
    scores = query.double() @ key.double().mT * (query.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        attn_mask = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        scores = scores.masked_fill(~attn_mask, -torch.inf)
    elif attn_mask is not None:
        scores = scores.float() + attn_mask
    return scores.softmax(-1).nan_to_num(0.0).float()


def is_map(tensor: torch.Tensor) -> bool:
    """Whether rows of at least three axes are weights: none negative, and a sum of 1, or less where a sink took some."""
    if tensor.dim() < 3 or not tensor.is_floating_point() or not tensor.numel():
        return False
    sums = tensor.float().sum(-1)
    return bool((tensor >= 0).all() and (sums <= 1 + SUM_TOLERANCE).all() and sums.max() > SUM_TOLERANCE)


def first_tensor(outputs: Any) -> torch.Tensor | None:
    """The first floating tensor of a model's outputs."""
    values = outputs.values() if hasattr(outputs, "values") else outputs
    if isinstance(values, torch.Tensor):
        return values if values.is_floating_point() else None
    return next((one for one in values if isinstance(one, torch.Tensor) and one.is_floating_point()), None)


def gather(
    outputs: Any, path: str, found: dict[str, list[torch.Tensor]], sampled: list[torch.Tensor]
) -> None:
    """Every tuple of attentions in a model's outputs, each once; of tuples inside it, one list per place."""
    for name, value in outputs.items() if hasattr(outputs, "items") else ():
        if "attentions" in name and isinstance(value, tuple | list):
            for place, several in enumerate(zip(*value, strict=False) if nested(value) else [value]):
                tensors = [one for one in several if isinstance(one, torch.Tensor) and is_map(one)]
                known = [one for kept in found.values() for one in kept]
                tensors = [one for one in tensors if not any(one is other for other in known)]
                tensors = [one for one in tensors if not any(same(one, other) for other in sampled)]
                if tensors:
                    found[f"{path}{name}" + f".{place}" * bool(place)] = tensors
        elif hasattr(value, "items"):
            gather(value, f"{path}{name}.", found, sampled)


def nested(value: Any) -> bool:
    return bool(value) and isinstance(value[0], tuple | list)
