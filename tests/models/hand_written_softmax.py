"""Hand-written attention that differs in how the softmax is written, or meets the values. See hand_written."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from models.hand_written import Hand, Written, joined
from torch import nn
from torch.utils.checkpoint import checkpoint


def exponentials_over_a_clamped_sum(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    raised = torch.exp(scores - scores.amax(-1, keepdim=True).detach())
    weights = raised / (raised.sum(-1, keepdim=True) + 1e-9)
    return m.o(joined(weights @ v)), weights


def exponentials_in_place(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    scores.sub_(scores.detach().amax(-1, keepdim=True))
    scores.exp_()
    scores = (
        scores.div_(scores.sum(-1, keepdim=True)) if not m.training else scores / scores.sum(-1, keepdim=True)
    )
    return m.o(joined(scores @ v)), scores.clone()


def masked_exponentials(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    raised = torch.exp(scores - scores.amax(-1, keepdim=True)) * m.past()
    weights = raised / raised.sum(-1, keepdim=True)
    return m.o(joined(weights @ v)), weights


def divided_after_the_values(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    raised = torch.exp(scores - scores.amax(-1, keepdim=True))
    total = raised.sum(-1, keepdim=True)
    return m.o(joined((raised @ v) / total)), raised / total


def less_their_logsumexp(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    weights = torch.exp(scores - torch.logsumexp(scores, dim=-1, keepdim=True))
    return m.o(joined(weights @ v)), weights


def off_by_one(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    highest = scores.amax(-1, keepdim=True).clamp(min=0)
    raised = (scores - highest).exp()
    weights = raised / (raised.sum(-1, keepdim=True) + (-highest).exp())
    return m.o(joined(weights @ v)), weights


def off_by_one_after_the_values(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    raised = scores.exp()
    total = raised.sum(-1, keepdim=True) + 1
    return m.o(joined((raised @ v) / total)), raised / total


def off_by_one_raised_twice(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    weights = scores.exp() / (1 + scores.exp().sum(-1, keepdim=True))
    return m.o(joined(weights @ v)), weights


def off_by_one_raised_twice_after_the_values(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    total = 1 + scores.exp().sum(-1, keepdim=True)
    return m.o(joined((scores.exp() @ v) / total)), scores.exp() / total


def a_padded_score(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    weights = F.pad(scores, (1, 0)).softmax(-1)[..., 1:]
    return m.o(joined(weights @ v)), weights


def a_null_key_first(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    scores = scores.masked_fill(~m.past(), float("-inf"))
    sink = m.parameter("sink", 1, m.heads, 1, 1).expand(m.batch, -1, m.length, -1)
    weights = torch.cat([sink, scores], -1).softmax(-1)[..., 1:]
    return m.o(joined(weights @ v)), weights


def over_the_axis_before_the_last(m: Hand, x: torch.Tensor) -> Any:
    q, k, v = m.parts(x)
    weights = (k @ q.transpose(-2, -1) * m.size**-0.5).softmax(dim=-2)
    return m.o((v.transpose(-2, -1) @ weights).permute(0, 3, 1, 2).flatten(2)), weights.transpose(-1, -2)


def multiplied_and_summed(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    weights = torch.softmax(scores, -1)
    return m.o(joined((weights[..., None] * v[:, :, None]).sum(-2))), weights


def talking_heads(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    before, after = (
        m.module(name, lambda: nn.Conv2d(m.heads, m.heads, 1, bias=False)) for name in ("pre", "post")
    )
    weights = before(scores).softmax(-1)
    return m.o(joined(after(weights) @ v)), weights


def gated_heads(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    weights = scores.softmax(-1)
    gates = m.linear("gate", m.width, m.heads)(x).transpose(1, 2).unsqueeze(-1)
    return m.o(joined(weights @ v * gates.sigmoid())), weights


def dropout_by_multiplication(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    weights = scores.softmax(-1)
    return m.o(joined(weights * ((torch.rand_like(weights) > 0.1).float() / 0.9) @ v)), weights


def small_weights_cut_off(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    weights = scores.softmax(-1)
    kept = weights * (weights > 0.01)
    kept = kept / kept.sum(-1, keepdim=True)
    return m.o(joined(kept @ v)), kept


def masked_after_the_softmax(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    weights = scores.softmax(-1).masked_fill(~m.past(), 0.0)
    return m.o(joined(weights @ v)), weights


def masked_softmax_of_allennlp(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    weights = torch.softmax(scores * m.past(), -1) * m.past()
    weights = weights / (weights.sum(-1, keepdim=True) + 1e-13)
    return m.o(joined(weights @ v)), weights


def a_row_that_sees_no_key(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    weights = scores.masked_fill(~m.past().tril(-1), -torch.inf).softmax(-1).nan_to_num(0.0)
    return m.o(joined(weights @ v)), weights


def smoothed(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    weights = 0.9 * scores.softmax(-1) + 0.1 / m.length
    return m.o(joined(weights @ v)), weights


def checkpointed(m: Hand, x: torch.Tensor) -> Any:
    def core(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Any:
        weights = (q @ k.mT * m.size**-0.5).softmax(-1)
        return weights @ v, weights

    y, weights = checkpoint(core, *m.parts(x), use_reentrant=False)
    return m.o(joined(y)), weights


def the_largest_scores_alone(m: Hand, x: torch.Tensor) -> Any:
    scores, v = m.scores(x)
    least = scores.topk(min(2, m.length), -1).values[..., -1:]
    weights = scores.masked_fill(scores < least, float("-inf")).softmax(-1)
    return m.o(joined(weights @ v)), weights


def negative_distances(m: Hand, x: torch.Tensor) -> Any:
    q, k, v = m.parts(x)
    weights = (-((q.unsqueeze(-2) - k.unsqueeze(-3)) ** 2).sum(-1) * 0.1).softmax(-1)
    return m.o(joined(weights @ v)), weights


def memory_of_the_same_length(m: Hand, x: torch.Tensor) -> Any:
    memory = m.linear("encoder", m.width, m.width)(torch.randn(m.batch, m.length, m.width))
    q, k, v = (m.by_head(layer(y)) for layer, y in ((m.q, x), (m.k, memory), (m.v, memory)))
    weights = (q @ k.mT * m.size**-0.5).softmax(-1)
    return m.o(joined(weights @ v)), weights


def pooled_by_a_learned_query(m: Hand, x: torch.Tensor) -> Any:
    q = m.by_head(m.parameter("query", 1, 1, m.width).expand(m.batch, -1, -1))
    weights = (q @ m.by_head(m.k(x)).mT * m.size**-0.5).softmax(-1)
    return m.o(joined(weights @ m.by_head(m.v(x)))), weights


def pooled_by_a_score(m: Hand, x: torch.Tensor) -> Any:
    weights = m.linear("score", m.width, 1, 3)(torch.tanh(m.k(x))).softmax(1)
    return m.o((weights * m.v(x)).sum(1)), weights.transpose(1, 2)[:, None]


def one_query_for_all_heads(m: Hand, x: torch.Tensor) -> Any:
    """A step of cached decoding with one key head: the heads stand where queries usually do."""
    q = m.q(x[:, -1:]).view(m.batch, m.heads, m.size)
    k, v = m.linear("k1", m.width, m.size, 4)(x), m.linear("v1", m.width, m.size)(x)
    weights = (torch.bmm(q, k.transpose(1, 2)) * m.size**-0.5).softmax(-1)
    return m.o(torch.bmm(weights, v).view(m.batch, 1, m.width)), weights.unsqueeze(2)


def learned_queries_among_themselves(m: Hand, x: torch.Tensor) -> Any:
    """DETR's first decoder layer: query, key and value come from parameters alone."""
    queries = m.parameter("queries", m.length, m.width).expand(m.batch, -1, -1)
    scores, v = m.scores(queries)
    weights = scores.softmax(-1)
    return x + m.o(joined(weights @ v)), weights


SOFTMAX = {
    "learned queries among themselves": Written(learned_queries_among_themselves),
    "exponentials over their sum and a little": Written(exponentials_over_a_clamped_sum),
    "exponentials in place": Written(exponentials_in_place),
    "exponentials times a mask": Written(masked_exponentials, mask="causal"),
    "divided by the sum after the values": Written(divided_after_the_values),
    "exponentials of scores less their logsumexp": Written(less_their_logsumexp),
    "softmax off by one": Written(off_by_one, rebuilds=False),
    "off by one, divided after the values": Written(off_by_one_after_the_values, rebuilds=False),
    "off by one, its exponentials written twice": Written(off_by_one_raised_twice, rebuilds=False),
    "off by one, written twice, divided after the values": Written(
        off_by_one_raised_twice_after_the_values, rebuilds=False
    ),
    "a score of zero beside the keys": Written(a_padded_score, rebuilds=False),
    "a learned sink before the keys": Written(a_null_key_first, mask="causal", rebuilds=False),
    "softmax over the axis before the last": Written(over_the_axis_before_the_last),
    "weights multiplied with values and summed": Written(multiplied_and_summed),
    "talking heads by convolution": Written(talking_heads, rebuilds=False),
    "a gate per head": Written(gated_heads),
    "dropout by multiplication": Written(dropout_by_multiplication),
    "small weights cut off after the softmax": Written(small_weights_cut_off, mask="any"),
    "masked after the softmax": Written(masked_after_the_softmax, mask="causal"),
    "AllenNLP's masked softmax": Written(masked_softmax_of_allennlp, mask="causal"),
    "a row that sees no key": Written(a_row_that_sees_no_key, mask="any"),
    "weights smoothed after the softmax": Written(smoothed, mask="any", rebuilds=False),
    "checkpointed": Written(checkpointed),
    "the largest scores alone": Written(the_largest_scores_alone, mask="any"),
    "a kernel of distances": Written(negative_distances, rebuilds=False),
    "cross-attention to as many tokens": Written(memory_of_the_same_length, kind="cross"),
    "pooling by a learned query": Written(pooled_by_a_learned_query, kind="cross"),
    "pooling by a score of each token": Written(pooled_by_a_score, kind="cross", rebuilds=False),
    "heads in the place of one query": Written(one_query_for_all_heads, kv_heads=1),
}
