"""Softmaxes that are no attention of tokens to tokens: routers, codebooks, mixtures, linear attention. See hand_written."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from models.hand_written import Hand, joined

EXPERTS = 4


def routed(m: Hand, x: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
    gates = m.linear("router", m.width, EXPERTS, 3)(x).softmax(-1)
    return gates, [m.linear(f"expert{index}", m.width, m.width)(x) for index in range(EXPERTS)]


def experts_multiplied_and_summed(m: Hand, x: torch.Tensor) -> Any:
    gates, experts = routed(m, x)
    return (gates.unsqueeze(-1) * torch.stack(experts, -2)).sum(-2)


def experts_by_matmul(m: Hand, x: torch.Tensor) -> Any:
    gates, experts = routed(m, x)
    return (gates.unsqueeze(-2) @ torch.stack(experts, -2)).squeeze(-2)


def experts_by_einsum(m: Hand, x: torch.Tensor) -> Any:
    gates, experts = routed(m, x)
    return torch.einsum("bte,ebtd->btd", gates, torch.stack(experts, 0))


def two_best_experts(m: Hand, x: torch.Tensor) -> Any:
    gates, experts = routed(m, x)
    best, index = gates.topk(2, -1)
    chosen = torch.stack(experts, -2).gather(-2, index.unsqueeze(-1).expand(-1, -1, -1, m.width))
    return (best / best.sum(-1, keepdim=True)).unsqueeze(-1).mul(chosen).sum(-2)


def experts_weights_mixed(m: Hand, x: torch.Tensor) -> Any:
    gates = m.linear("router", m.width, EXPERTS, 3)(x).softmax(-1)
    mixed = torch.einsum("bte,edf->btdf", gates, m.parameter("experts", EXPERTS, m.width, m.width))
    return torch.einsum("btd,btdf->btf", x, mixed)


def class_embeddings(m: Hand, x: torch.Tensor) -> Any:
    return m.linear("classes", m.width, 5, 3)(x).softmax(-1) @ m.parameter("embeddings", 5, m.width)


def tied_class_embeddings(m: Hand, x: torch.Tensor) -> Any:
    embeddings = m.parameter("embeddings", 9, m.width)
    return F.linear(x, embeddings).softmax(-1) @ embeddings


def codebook_by_distance(m: Hand, x: torch.Tensor) -> Any:
    codes = m.parameter("codes", 9, m.width)
    return (-torch.cdist(x, codes.expand(m.batch, -1, -1))).softmax(-1) @ codes


def gumbel_codebook(m: Hand, x: torch.Tensor) -> Any:
    chosen = F.gumbel_softmax(m.linear("classes", m.width, 9)(x), dim=-1)
    return torch.einsum("btn,nd->btd", chosen, m.parameter("codes", 9, m.width))


def linear_attention(m: Hand, x: torch.Tensor) -> Any:
    q, k, v = m.parts(x)
    return m.o(joined(q.softmax(-1) @ (k.softmax(-2).transpose(-1, -2) @ v)))


def mixture_of_layers(m: Hand, x: torch.Tensor) -> Any:
    layers = torch.stack([x, m.q(x), m.k(x)])
    return torch.einsum("l,lbtd->btd", m.parameter("mix", 3).softmax(0), layers)


def attention_over_layers(m: Hand, x: torch.Tensor) -> Any:
    layers = torch.stack([x, F.gelu(m.k(x)) + x, m.v(F.gelu(x)) + x], -2)
    return ((m.q(x).unsqueeze(-2) @ layers.mT).softmax(-1) @ layers).squeeze(-2)


def layers_by_a_parameter(m: Hand, x: torch.Tensor) -> Any:
    layers = torch.cat([x.unsqueeze(-2), (F.gelu(m.k(x)) + x).unsqueeze(-2)], dim=-2)
    query = m.parameter("query", m.width).view(1, 1, 1, m.width).expand(m.batch, m.length, 1, m.width)
    return ((query @ layers.mT).softmax(-1) @ layers).squeeze(-2)


def expected_bin(m: Hand, x: torch.Tensor) -> Any:
    return m.linear("bins", m.width, 8, 3)(x).softmax(-1) @ torch.arange(8.0).view(8, 1)


def dynamic_convolution(m: Hand, x: torch.Tensor) -> Any:
    taps = m.linear("taps", m.width, m.heads * 3)(x).view(m.batch, m.length, m.heads, 3).softmax(-1)
    near = F.pad(x, (0, 0, 1, 1)).unfold(1, 3, 1).view(m.batch, m.length, m.heads, m.size, 3)
    return torch.einsum("blhk,blhdk->blhd", taps, near).flatten(2)


def selective_kernels(m: Hand, x: torch.Tensor) -> Any:
    branches = torch.stack([m.q(x), m.k(x)], 1)
    pooled = branches.sum(1).mean(1)
    gates = torch.stack([m.linear(name, m.width, m.width)(pooled) for name in ("a", "b")], 1).softmax(1)
    return (branches * gates.unsqueeze(2)).sum(1)


def external_attention(m: Hand, x: torch.Tensor) -> Any:
    weights = m.linear("memory_k", m.width, 7, bias=False)(x).softmax(1)
    return m.linear("memory_v", 7, m.width, bias=False)(weights / weights.sum(2, keepdim=True))


def channel_gate(m: Hand, x: torch.Tensor) -> Any:
    return x * m.linear("gate", m.width, m.width)(x.mean(1, keepdim=True)).softmax(-1)


def a_loss(m: Hand, x: torch.Tensor) -> Any:
    chances = m.linear("head", m.width, 11)(x).softmax(-1)
    return (chances * chances.log()).sum(-1).mean()


def walks_over_a_graph(m: Hand, x: torch.Tensor) -> Any:
    edges = (m.q(x) @ m.k(x).mT).sigmoid()
    edges = edges / edges.sum(-1, keepdim=True)
    reach = power = edges
    for _ in range(2):
        power = 0.9 * (edges @ power)
        reach = reach + power
    return reach - reach.mT


def less_another_softmax(m: Hand, x: torch.Tensor) -> Any:
    """Ye et al. 2024, Differential Transformer: rows have weights below 0 and do not sum to 1."""
    scores, v = m.scores(x)
    return m.o(joined((scores.softmax(-1) - 0.3 * (-scores).softmax(-1)) @ v))


def a_graph_beside_the_softmax(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    return m.o(joined((scores.softmax(-1) + m.past()) @ v))


NOT_ATTENTION = {
    "one softmax less another": less_another_softmax,
    "a softmax and the edges of a graph": a_graph_beside_the_softmax,
    "experts multiplied with their gates and summed": experts_multiplied_and_summed,
    "experts times gates by matmul": experts_by_matmul,
    "experts times gates by einsum": experts_by_einsum,
    "the two best experts": two_best_experts,
    "experts' weights mixed by gates": experts_weights_mixed,
    "class embeddings": class_embeddings,
    "tied class embeddings": tied_class_embeddings,
    "a codebook by distance": codebook_by_distance,
    "a Gumbel codebook": gumbel_codebook,
    "linear attention": linear_attention,
    "a mixture of layers by parameters": mixture_of_layers,
    "attention of each token over its own layers": attention_over_layers,
    "layers asked by a parameter": layers_by_a_parameter,
    "the expected bin of a distribution": expected_bin,
    "a dynamic convolution": dynamic_convolution,
    "selective kernels": selective_kernels,
    "external attention": external_attention,
    "a gate of channels": channel_gate,
    "a loss": a_loss,
    "walks over a graph": walks_over_a_graph,
}
