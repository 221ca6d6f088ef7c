"""Hand-written attention that differs in how scores are made: layouts, positions, groups, masks. See hand_written."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from models.hand_written import Hand, Written, joined
from torch import nn


def annotated_transformer(m: Hand, x: torch.Tensor) -> Any:
    def attention(query: Any, key: Any, value: Any, mask: Any, dropout: Any) -> Any:
        scores = torch.matmul(query, key.transpose(-2, -1)) / math.sqrt(query.size(-1))
        p = scores.masked_fill(mask == 0, -1e9).softmax(dim=-1)
        return torch.matmul(dropout(p), value), p

    q, k, v = (
        layer(y).view(len(x), -1, m.heads, m.size).transpose(1, 2)
        for layer, y in zip((m.q, m.k, m.v), (x,) * 3, strict=True)
    )
    y, weights = attention(q, k, v, m.past()[None, None], m.drop)
    return m.o(joined(y)), weights


def timm_vit(m: Hand, x: torch.Tensor) -> Any:
    q, k, v = m.qkv(x).reshape(m.batch, -1, 3, m.heads, m.size).permute(2, 0, 3, 1, 4).unbind(0)
    weights = (q * m.size**-0.5 @ k.transpose(-2, -1)).softmax(dim=-1)
    return m.o((m.drop(weights) @ v).transpose(1, 2).reshape(x.shape)), weights


def null_key(m: Hand, x: torch.Tensor) -> Any:
    q, k, v = m.parts(x)
    k, v = (
        torch.cat([m.parameter(name, m.heads, 1, m.size).expand(m.batch, -1, -1, -1), part], -2)
        for name, part in (("null_k", k), ("null_v", v))
    )
    dots = torch.einsum("bhid,bhjd->bhij", q, k) * m.size**-0.5
    dots = dots.masked_fill(~F.pad(m.past(), (1, 0), value=True), -torch.finfo(dots.dtype).max)
    weights = dots.softmax(-1, dtype=torch.float32)
    return m.o(joined(torch.einsum("bhij,bhjd->bhid", weights, v))), weights


def alibi(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    index = torch.arange(m.length)
    slopes = torch.tensor([2.0 ** -(head + 1) for head in range(m.heads)]).view(-1, 1, 1)
    scores = scores - (index[:, None] - index).abs() * slopes
    weights = (scores + torch.full((m.length, m.length), float("-inf")).triu(1)).softmax(-1)
    return m.o(joined(weights @ v)), weights


def t5_bias(m: Hand, x: torch.Tensor) -> Any:
    q, k, v = m.parts(x)
    index = torch.arange(m.length)
    near = (index - index[:, None]).clamp(-3, 3) + 3
    scores = torch.matmul(q, k.transpose(3, 2))
    scores += m.module("bias", lambda: nn.Embedding(7, m.heads))(near).permute(2, 0, 1).unsqueeze(0)
    weights = F.softmax(scores.float(), dim=-1).type_as(scores)
    return m.o(joined(torch.matmul(F.dropout(weights, 0.1, m.training), v))), weights


def rotary_by_pairs(m: Hand, x: torch.Tensor) -> Any:
    angles = torch.outer(torch.arange(m.length).float(), torch.arange(m.size // 2) + 0.3)[None, :, None]

    def turned(states: torch.Tensor) -> torch.Tensor:
        a, b = states[..., ::2], states[..., 1::2]
        pairs = a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos()
        return torch.stack(pairs, -1).flatten(-2)

    q, k, v = (layer(x).view(m.batch, -1, m.heads, m.size) for layer in (m.q, m.k, m.v))
    q, k, v = (part.transpose(1, 2) for part in (turned(q), turned(k), v))
    scores = q @ k.transpose(-1, -2) * m.size**-0.5
    scores.masked_fill_(~m.past(), float("-inf"))
    weights = torch.softmax(scores, -1)
    return m.o(joined(weights @ v)), weights


def latent_attention(m: Hand, x: torch.Tensor) -> Any:
    """DeepSeek v2: keys and values from one small latent, a rotary part that all heads share."""
    q = torch.cat(
        [
            m.q(x).view(m.batch, -1, m.heads, m.size),
            m.linear("turn_q", m.width, m.heads * 2, 3)(x).view(m.batch, -1, m.heads, 2),
        ],
        -1,
    )
    latent, turning = m.linear("down", m.width, m.size + 2, 3)(x).split([m.size, 2], -1)
    k, v = (
        m.linear("up", m.size, m.heads * 2 * m.size)(latent)
        .view(m.batch, -1, m.heads, 2 * m.size)
        .chunk(2, -1)
    )
    k = torch.cat([k, turning.unsqueeze(2).expand(-1, -1, m.heads, -1)], -1)
    scores = torch.einsum("bshd,bthd->bsht", q, k) * (m.size + 2) ** -0.5
    scores += torch.full((m.length, m.length), float("-inf")).triu_(1).unsqueeze(1)
    weights = scores.softmax(-1, dtype=torch.float32).type_as(x)
    return m.o(torch.einsum("bsht,bthd->bshd", weights, v).flatten(2)), weights.transpose(1, 2)


def latent_attention_absorbed(m: Hand, x: torch.Tensor) -> Any:
    """The same, the key's projection absorbed into the query; scores are a sum of two products."""
    rank = m.size + 1
    latent, turning = m.linear("down", m.width, rank + 2, 3)(x).split([rank, 2], -1)
    up = m.linear("up", rank, m.heads * 2 * m.size, bias=False).weight.view(m.heads, 2 * m.size, rank)
    q = torch.einsum("bshd,hdc->bshc", m.q(x).view(m.batch, -1, m.heads, m.size), up[:, : m.size])
    turned = m.linear("turn_q", m.width, m.heads * 2, 3)(x).view(m.batch, -1, m.heads, 2)
    scores = torch.einsum("bshc,btc->bsht", q, latent) + torch.einsum("bshr,btr->bsht", turned, turning)
    scores = scores * m.size**-0.5 + torch.full((m.length, m.length), float("-inf")).triu(1)[:, None]
    weights = scores.softmax(-1)
    y = torch.einsum("bshc,hdc->bshd", torch.einsum("bsht,btc->bshc", weights, latent), up[:, m.size :])
    return m.o(y.flatten(2)), weights.transpose(1, 2)


def one_key_head_by_broadcasting(m: Hand, x: torch.Tensor) -> Any:
    q = m.by_head(m.q(x))
    k, v = m.linear("k1", m.width, m.size, 4)(x).unsqueeze(1), m.linear("v1", m.width, m.size)(x).unsqueeze(1)
    weights = (q @ k.transpose(-2, -1) * m.size**-0.5).softmax(-1)
    return m.o(joined(weights @ v)), weights


def one_key_head_by_einsum(m: Hand, x: torch.Tensor) -> Any:
    k, v = m.linear("kv", m.width, 2 * m.size, 3)(x).chunk(2, -1)
    weights = torch.einsum("b h i d, b j d -> b h i j", m.by_head(m.q(x)) * m.size**-0.5, k).softmax(-1)
    return m.o(joined(torch.einsum("b h i j, b j d -> b h i d", weights, v))), weights


def transformer_xl(m: Hand, x: torch.Tensor) -> Any:
    q, k, v = (layer(x).view(m.batch, -1, m.heads, m.size) for layer in (m.q, m.k, m.v))
    places = m.linear("r", m.width, m.width)(m.parameter("places", m.length, m.width)).view(
        m.length, m.heads, m.size
    )
    by_content = torch.einsum("bind,bjnd->bnij", q + m.parameter("u", m.heads, m.size), k)
    by_place = torch.einsum("bind,jnd->bnij", q + m.parameter("w", m.heads, m.size), places)
    rolled = torch.cat([torch.zeros(m.batch, m.heads, m.length, 1), by_place], -1)
    by_place = rolled.view(m.batch, m.heads, m.length + 1, m.length)[:, :, 1:].reshape(by_place.shape)
    weights = ((by_content + by_place) * m.size**-0.5).masked_fill(~m.past(), -1e30).softmax(-1)
    return m.o(torch.einsum("bnij,bjnd->bind", weights, v).flatten(2)), weights


def relative_keys_and_values(m: Hand, x: torch.Tensor) -> Any:
    q, k, v = m.parts(x)
    index = torch.arange(m.length)
    near = (index - index[:, None]).clamp(-2, 2) + 2
    keys, values = m.parameter("keys_near", 5, m.size)[near], m.parameter("values_near", 5, m.size)[near]
    weights = ((q @ k.mT + torch.einsum("bhid,ijd->bhij", q, keys)) * m.size**-0.5).softmax(-1)
    return m.o(joined(weights @ v + torch.einsum("bhij,ijd->bhid", weights, values))), weights


def sequence_first(m: Hand, x: torch.Tensor) -> Any:
    x = x.transpose(0, 1)
    q, k, v = (layer(x).view(m.length, m.batch, m.heads, m.size) for layer in (m.q, m.k, m.v))
    weights = torch.einsum("ibnd,jbnd->ijbn", q, k).mul_(m.size**-0.5).softmax(dim=1)
    y = torch.einsum("ijbn,jbnd->ibnd", weights, v).reshape(m.length, m.batch, m.width)
    return m.o(y).transpose(0, 1), weights.permute(2, 3, 0, 1)


def guided_diffusion(m: Hand, x: torch.Tensor) -> Any:
    qkv = m.module("qkv_conv", lambda: nn.Conv1d(m.width, 3 * m.width, 1))(x.transpose(1, 2))
    q, k, v = qkv.reshape(m.batch * m.heads, 3 * m.size, m.length).split(m.size, dim=1)
    scale = 2 / math.sqrt(math.sqrt(m.size))
    weights = torch.softmax(torch.einsum("bct,bcs->bts", q * scale, k * scale).float(), dim=-1)
    y = torch.einsum("bts,bcs->bct", weights, v).reshape(m.batch, -1, m.length)
    return m.o(y.transpose(1, 2)), weights.view(m.batch, m.heads, m.length, m.length)


def projections_by_einsum(m: Hand, x: torch.Tensor) -> Any:
    names = ("wq", "wk", "wv", "wo")
    wq, wk, wv, wo = (m.parameter(name, m.width, m.heads, m.size) for name in names)
    q, k, v = (torch.einsum("bld,dhk->bhlk", x, weight) for weight in (wq, wk, wv))
    weights = torch.softmax(torch.einsum("bhlk,bhtk->bhlt", q, k) * 0.05, -1)
    return torch.einsum("bhlk,dhk->bld", torch.einsum("bhlt,bhtk->bhlk", weights, v), wo), weights


def odd_letters(m: Hand, x: torch.Tensor) -> Any:
    q, k, v = (layer(x).reshape(m.batch, -1, m.heads, m.size) for layer in (m.q, m.k, m.v))
    weights = torch.einsum("zxyw,zuyw->zyux", q, k).mul(m.size**-0.5).softmax(2)
    return m.o(torch.einsum("zyux,zuyw->zxyw", weights, v).reshape(x.shape)), weights.transpose(-1, -2)


def mask_as_baddbmm(m: Hand, x: torch.Tensor) -> Any:
    q, k, v = (part.flatten(0, 1) for part in m.parts(x))
    mask = torch.zeros(m.length, m.length).masked_fill(~m.past(), float("-inf"))
    scores = torch.baddbmm(mask.expand(len(q), -1, -1), q * m.size**-0.5, k.transpose(-2, -1))
    weights = F.softmax(scores, -1).view(m.batch, m.heads, m.length, m.length)
    return m.o(joined(torch.bmm(weights.flatten(0, 1), v).view(m.batch, m.heads, -1, m.size))), weights


def mask_by_assignment(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    scores[:, :, ~m.past()] = float("-inf")
    weights = scores.softmax(-1)
    return m.o(joined(weights @ v)), weights


def mask_as_in_gpt1(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    seen = m.past().float()
    weights = (scores * seen + -1e4 * (1 - seen)).softmax(-1)
    return m.o(joined(weights @ v)), weights


def graph_attention(m: Hand, x: torch.Tensor) -> Any:
    states = m.by_head(m.k(x))
    sides = [
        (states * m.parameter(name, m.heads, 1, m.size)).sum(-1, keepdim=True) for name in ("left", "right")
    ]
    scores = F.leaky_relu(sides[0] + sides[1].transpose(2, 3), 0.2)
    weights = torch.where(m.past(), scores, torch.full_like(scores, -9e15)).softmax(-1)
    return m.o(joined(weights @ states)), weights


SCORES = {
    "the annotated transformer": Written(annotated_transformer, mask="causal"),
    "timm's vision transformer": Written(timm_vit),
    "a learned null key and value before the others": Written(null_key, mask="causal"),
    "ALiBi": Written(alibi, mask="causal"),
    "T5's bias, added in place": Written(t5_bias),
    "rotary embedding by pairs, the mask filled in place": Written(rotary_by_pairs, mask="causal"),
    "multi-head latent attention": Written(latent_attention, mask="causal"),
    "multi-head latent attention, absorbed": Written(latent_attention_absorbed, mask="causal", kv_heads=1),
    "one key head for all, by broadcasting": Written(one_key_head_by_broadcasting, kv_heads=1),
    "one key head for all, by einsum": Written(one_key_head_by_einsum, kv_heads=1),
    "Transformer-XL's rolled positions": Written(transformer_xl, mask="causal"),
    "Shaw's relative keys and values": Written(relative_keys_and_values),
    "tokens before the batch": Written(sequence_first),
    "guided diffusion's legacy order of q, k and v": Written(guided_diffusion),
    "projections by einsum with three-dimensional parameters": Written(projections_by_einsum),
    "einsum with odd letters, keys before queries": Written(odd_letters),
    "a mask that baddbmm adds": Written(mask_as_baddbmm, mask="causal"),
    "a mask by indexed assignment": Written(mask_by_assignment, mask="causal"),
    "GPT-1's multiplied mask": Written(mask_as_in_gpt1, mask="causal"),
    "graph attention": Written(graph_attention, mask="causal", rebuilds=False),
}
