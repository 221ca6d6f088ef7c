"""A softmax in every way in which one may write it: scores ``[batch, head, query, key]`` → weights.

``BESIDE``: written so that the exponentials meet the values before they are divided. ``BY_ROWS``: in steps that
nothing names, so that only their rows tell.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Spelling = Callable[[Tensor], Tensor]


def future(scores: Tensor) -> Tensor:
    return torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)


def over_sum(powers: Tensor) -> Tensor:
    return powers / powers.sum(-1, keepdim=True)


def shifted(scores: Tensor) -> Tensor:
    return scores - scores.amax(-1, keepdim=True)


def in_place(scores: Tensor) -> Tensor:
    powers = scores.sub_(scores.amax(-1, keepdim=True)).exp_()
    powers /= powers.sum(-1, keepdim=True)
    return powers


def by_out(scores: Tensor) -> Tensor:
    powers = torch.empty_like(scores)
    torch.exp(scores, out=powers)
    return torch.div(powers, powers.sum(-1, keepdim=True), out=powers)


def inverse_by_power(scores: Tensor) -> Tensor:
    powers = torch.exp(shifted(scores))
    return powers.sum(-1, keepdim=True) ** -1 * powers


def inverse_in_place(scores: Tensor) -> Tensor:
    powers = scores.exp()
    return powers.mul_(powers.sum(-1, keepdim=True).reciprocal_())


def transposed_between(scores: Tensor) -> Tensor:
    powers = scores.exp().transpose(-1, -2).contiguous()
    return (powers / powers.sum(-2, keepdim=True)).transpose(-1, -2)


def flat_between(scores: Tensor) -> Tensor:
    powers = scores.exp().flatten(0, 1)
    return (powers / powers.sum(-1)[..., None]).view(scores.shape)


def expanded_sum(scores: Tensor) -> Tensor:
    powers = scores.exp()
    return powers / powers.sum(-1).unsqueeze(-1).expand_as(powers)


def cast_between(scores: Tensor) -> Tensor:
    powers = scores.float().exp().to(torch.float64)
    return (powers / powers.sum(-1, keepdim=True).clone()).to(scores)


def log_of_sum(scores: Tensor) -> Tensor:
    scores = shifted(scores)
    return (scores - scores.exp().sum(-1, keepdim=True).log()).exp()


def masked_between(scores: Tensor) -> Tensor:
    return over_sum(scores.exp().masked_fill(future(scores), 0))


def zero_where_masked(scores: Tensor) -> Tensor:
    return over_sum(torch.where(future(scores), 0.0, scores.exp()))


def lower_triangle(scores: Tensor) -> Tensor:
    return over_sum(scores.exp().tril())


def einsum_sum(scores: Tensor) -> Tensor:
    powers = scores.exp()
    return powers / torch.einsum("...ij->...i", powers).unsqueeze(-1)


NAMED: dict[str, Spelling] = {
    "torch.softmax": lambda s: torch.softmax(s, -1),
    "softmax in double": lambda s: F.softmax(s, -1, dtype=torch.float64).to(s),
    "torch.special.softmax": lambda s: torch.special.softmax(s, -1),
    "nn.Softmax": lambda s: nn.Softmax(-1)(s),
    "softmax of a transposition": lambda s: s.transpose(-1, -2).softmax(-2).transpose(-1, -2),
    "softmax into its own scores": lambda s: torch.softmax(s, -1, out=s),
    "softmax, its data": lambda s: s.softmax(-1).data,
    "softmin": lambda s: F.softmin(-s, -1),
    "nn.Softmin": lambda s: nn.Softmin(-1)(-s),
    "log_softmax": lambda s: F.log_softmax(s, -1).exp(),
    "torch.special.log_softmax": lambda s: torch.special.log_softmax(s, -1).exp(),
    "log_softmax in float32": lambda s: F.log_softmax(s, -1, dtype=torch.float32).exp().to(s),
    "log_softmax, cast": lambda s: torch.exp(F.log_softmax(s, -1).float()).to(s),
    "log_softmax, cast to double": lambda s: torch.exp(F.log_softmax(s, -1).double()).to(s),
    "log_softmax, cloned": lambda s: F.log_softmax(s, -1).clone().exp(),
    "log_softmax, in place": lambda s: F.log_softmax(s, -1).exp_(),
    "log_softmax, detached": lambda s: F.log_softmax(s, -1).detach().exp(),
    "log_softmax, contiguous": lambda s: F.log_softmax(s, -1).contiguous().exp(),
    "log_softmax, viewed": lambda s: F.log_softmax(s, -1).view(s.shape).exp(),
    "log_softmax, flattened and back": lambda s: F.log_softmax(s, -1).flatten(0, 1).exp().view(s.shape),
    "log_softmax, transposed": lambda s: F.log_softmax(s, -1).mT.exp().mT,
    "log_softmax, permuted": lambda s: F.log_softmax(s, -1).permute(1, 0, 2, 3).exp().permute(1, 0, 2, 3),
    "log_softmax, expanded": lambda s: F.log_softmax(s, -1)[None].expand(1, *s.shape).exp()[0],
    "log_softmax, masked": lambda s: F.log_softmax(s, -1).masked_fill(future(s), -torch.inf).exp(),
    "log_softmax, masked in place": lambda s: F.log_softmax(s, -1).masked_fill_(future(s), -torch.inf).exp_(),
    "log_softmax, dropout in evaluation": lambda s: F.dropout(F.log_softmax(s, -1), 0.5, False).exp(),
    "log_softmax of a transposition": lambda s: F.log_softmax(s.mT, -2).exp().mT,
    "nn.LogSoftmax": lambda s: nn.LogSoftmax(-1)(s).float().exp().to(s),
    "less logsumexp": lambda s: (s - s.logsumexp(-1, keepdim=True)).exp(),
    "less logsumexp, unsqueezed": lambda s: (s - torch.logsumexp(s, -1)[..., None]).exp(),
    "less logsumexp, cast": lambda s: torch.exp((s - s.logsumexp(-1, keepdim=True)).float()).to(s),
    "less torch.special.logsumexp": lambda s: torch.exp(
        s.sub(torch.special.logsumexp(s, (-1,), keepdim=True))
    ),
    "less the logarithm of a sum": log_of_sum,
    "exp over sum": lambda s: over_sum(torch.exp(shifted(s))),
    "exp2 over sum": lambda s: over_sum(torch.exp2(s * math.log2(math.e))),
    "torch.special.exp2 over sum": lambda s: over_sum(torch.special.exp2(s * math.log2(math.e))),
    "e ** scores over sum": lambda s: over_sum(math.e**s),
    "pow over sum": lambda s: over_sum(torch.pow(math.e, s)),
    "in place": in_place,
    "by out": by_out,
    "times 1 / sum": lambda s: s.exp() * (1 / s.exp().sum(-1, keepdim=True)),
    "times the inverse by power": inverse_by_power,
    "times the inverse in place": inverse_in_place,
    "over a clamped sum": lambda s: (e := s.exp()) / e.sum(-1, keepdim=True).clamp_min(1e-9),
    "over a sum and a little": lambda s: (e := s.exp()) / (e.sum(-1, keepdim=True) + 1e-9),
    "normalize": lambda s: F.normalize(s.exp(), p=1, dim=-1),
    "einsum's sum": einsum_sum,
    "transposed between": transposed_between,
    "flat between": flat_between,
    "an expanded sum": expanded_sum,
    "cast between": cast_between,
    "masked between": masked_between,
    "zero where masked": zero_where_masked,
    "the lower triangle": lower_triangle,
}


def by_norm(scores: Tensor) -> Tensor:
    powers = scores.exp()
    return powers / powers.norm(p=1, dim=-1, keepdim=True)


def by_cumulative_sum(scores: Tensor) -> Tensor:
    powers = shifted(scores).exp()
    return powers / powers.cumsum(-1)[..., -1:]


def by_mean(scores: Tensor) -> Tensor:
    powers = shifted(scores).exp()
    return powers / (powers.mean(-1, keepdim=True) * scores.shape[-1])


def by_matmul(scores: Tensor) -> Tensor:
    powers = shifted(scores).exp()
    return powers / (powers @ torch.ones(scores.shape[-1], 1, dtype=scores.dtype))


def relu_over_sum(scores: Tensor) -> Tensor:
    powers = F.relu(scores) + 1e-3
    return over_sum(powers)


BY_ROWS: dict[str, Spelling] = {
    "over its norm": by_norm,
    "over the end of its cumulative sum": by_cumulative_sum,
    "over its mean": by_mean,
    "over a product with ones": by_matmul,
    "expm1 and 1": lambda s: over_sum(torch.expm1(shifted(s)) + 1),
    "the exponential of a difference of logarithms": lambda s: (
        (e := s.exp()).log() - e.sum(-1, keepdim=True).log()
    ).exp(),
    "cast scores less logsumexp": lambda s: (s.double() - s.logsumexp(-1, keepdim=True)).exp().to(s),
    "relu over its sum": relu_over_sum,
    "the largest alone": lambda s: F.one_hot(s.argmax(-1), s.shape[-1]).to(s) + 0 * s,
}


def divided_late(scores: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    powers = shifted(scores).exp()
    total = powers.sum(-1, keepdim=True)
    return (powers @ values) / total, powers / total


def multiplied_late(scores: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    powers = shifted(scores).exp()
    inverse = powers.sum(-1, keepdim=True).reciprocal()
    return (powers @ values) * inverse, powers * inverse


def divided_after_a_transposition(scores: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    powers = scores.exp()
    total = powers.sum(-1) + 1
    states = (powers @ values).transpose(1, 2) / total.transpose(1, 2)[..., None]
    return states.transpose(1, 2), powers / total[..., None]


BESIDE = {
    "divided late": divided_late,
    "multiplied late": multiplied_late,
    "off by one, divided after a transposition": divided_after_a_transposition,
}
