"""Attention whose scores or softmax are written in unusual ways, and what is no attention of tokens to tokens."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from models.written_attention import BATCH, HEADS, LENGTH, SIZE, WIDTH, Written, by_head, joined, plain
from torch import nn


class ExpOverSum(Written):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.parts(x)
        scores = q @ k.mT / math.sqrt(SIZE)
        raised = torch.exp(scores - scores.amax(-1, keepdim=True))
        return self.o(joined(raised / raised.sum(-1, keepdim=True) @ v))


class ExpOfLogSoftmax(Written):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.parts(x)
        return self.o(joined(F.log_softmax(q @ k.mT / math.sqrt(SIZE), -1).exp() @ v))


class SoftCapped(Written):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.parts(x)
        return self.o(joined((torch.tanh(q @ k.mT / math.sqrt(SIZE) / 2) * 2).softmax(-1) @ v))

    def expected(self, x: torch.Tensor) -> torch.Tensor:
        q, k, _ = self.parts(x)
        return (torch.tanh(q @ k.mT / math.sqrt(SIZE) / 2) * 2).softmax(-1)


class Sinks(Written):
    """gpt-oss: a column of no key takes part in the softmax and is cut off."""

    rebuilds = False

    def __init__(self) -> None:
        super().__init__()
        self.sinks = nn.Parameter(torch.randn(HEADS))

    def weights(self, q: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
        column = self.sinks.view(1, HEADS, 1, 1).expand(BATCH, HEADS, LENGTH, 1)
        scores = torch.cat([q @ k.mT / math.sqrt(SIZE), column], -1)
        return (scores - scores.max(-1, keepdim=True).values).softmax(-1)[..., :-1]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.parts(x)
        return self.o(joined(self.weights(q, k) @ v))

    def expected(self, x: torch.Tensor) -> torch.Tensor:
        return self.weights(*self.parts(x)[:2])


class Additive(Written):
    """Bahdanau: the scores are no product, so there is nothing to rebuild from."""

    rebuilds = False

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Linear(SIZE, 1)

    def scores(self, q: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
        return self.w(torch.tanh(q.unsqueeze(-2) + k.unsqueeze(-3))).squeeze(-1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.parts(x)
        return self.o(joined(self.scores(q, k).softmax(-1) @ v))

    def expected(self, x: torch.Tensor) -> torch.Tensor:
        return self.scores(*self.parts(x)[:2]).softmax(-1)


class Distances(Written):
    rebuilds = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.parts(x)
        return self.o(joined((-torch.cdist(q, k)).softmax(-1) @ v))

    def expected(self, x: torch.Tensor) -> torch.Tensor:
        return (-torch.cdist(*self.parts(x)[:2])).softmax(-1)


class MultipliedAndSummed(Written):
    rebuilds = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.parts(x)
        att = ((q.unsqueeze(3) * k.unsqueeze(2)).sum(-1) / SIZE**0.5).softmax(-1)
        return self.o(joined((att.unsqueeze(-1) * v.unsqueeze(2)).sum(3)))


class Rotary(Written):
    def turned(self, states: torch.Tensor) -> torch.Tensor:
        angles = torch.arange(1.0, LENGTH + 1).view(LENGTH, 1).expand(LENGTH, SIZE // 2)
        pairs = torch.view_as_complex(states.reshape(*states.shape[:-1], -1, 2))
        return torch.view_as_real(pairs * torch.polar(torch.ones(LENGTH, SIZE // 2), angles)).flatten(3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.parts(x)
        return self.o(joined(plain(self.turned(q), self.turned(k)) @ v))

    def expected(self, x: torch.Tensor) -> torch.Tensor:
        q, k, _ = self.parts(x)
        return plain(self.turned(q), self.turned(k))


class CosineWithScalePerHead(Written):
    """Swin v2."""

    def __init__(self) -> None:
        super().__init__()
        self.logit_scale = nn.Parameter(torch.randn(HEADS, 1, 1))

    def weights(self, q: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
        scores = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1)
        return (scores * self.logit_scale.exp() * 5).softmax(-1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.parts(x)
        return self.o(joined(self.weights(q, k) @ v))

    def expected(self, x: torch.Tensor) -> torch.Tensor:
        return self.weights(*self.parts(x)[:2])


class PoolingByLearnedQuery(Written):
    kind = "cross"

    def __init__(self) -> None:
        super().__init__()
        self.latent = nn.Parameter(torch.randn(1, 1, WIDTH))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q = by_head(self.q(self.latent.expand(BATCH, -1, -1)))
        return self.o(joined(plain(q, by_head(self.k(x))) @ by_head(self.v(x))))

    def expected(self, x: torch.Tensor) -> torch.Tensor:
        return plain(by_head(self.q(self.latent.expand(BATCH, -1, -1))), by_head(self.k(x)))


class SameWeightsTwice(Written):
    """Differential attention: one map applied to two halves of the values is one record."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.parts(x)
        first, second = (F.scaled_dot_product_attention(q, k, half) for half in v.chunk(2, -1))
        return self.o(joined(torch.cat([first, second], -1)))


class LeftOutForm(nn.Module):
    """A softmax that is no attention of tokens to tokens, and what the warning says of it."""

    reason = ""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)


class ChannelAttention(LeftOutForm):
    """XCiT, CoaT, DaViT."""

    reason = "channel attention"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.qkv(x).reshape(BATCH, LENGTH, 3, HEADS, SIZE).permute(2, 0, 3, 4, 1)
        att = (F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1)).softmax(-1)
        return (att @ v).permute(0, 3, 1, 2).reshape(BATCH, LENGTH, WIDTH)


class LinearAttention(LeftOutForm):
    reason = "its scores no product of queries and keys"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (by_head(part) for part in self.qkv(x).chunk(3, -1))
        context = torch.einsum("bhnd,bhne->bhde", k.softmax(-2), v)
        return joined(torch.einsum("bhnd,bhde->bhne", q.softmax(-1), context))


class ChunkedAttention(LeftOutForm):
    reason = "chunked attention"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (
            by_head(part).view(BATCH, HEADS, 2, LENGTH // 2, SIZE) for part in self.qkv(x).chunk(3, -1)
        )
        return joined(((q @ k.mT).softmax(-1) @ v).view(BATCH, HEADS, LENGTH, SIZE))


class ExternalMemory(LeftOutForm):
    reason = "its keys are parameters"

    def __init__(self) -> None:
        super().__init__()
        self.keys, self.values = nn.Parameter(torch.randn(5, WIDTH)), nn.Parameter(torch.randn(5, WIDTH))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x @ self.qkv.weight[:WIDTH] @ self.keys.t()).softmax(-1) @ self.values


class SlicedBatchAndHeads(LeftOutForm):
    """diffusers' attention slicing, a few of batch × heads at a time."""

    reason = "a slice of batch and heads"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (by_head(part).flatten(0, 1) for part in self.qkv(x).chunk(3, -1))
        slices = [slice(begin, begin + 2) for begin in range(0, len(q), 2)]
        parts = [torch.bmm((q[one] @ k[one].mT).softmax(-1), v[one]) for one in slices]
        return joined(torch.cat(parts).view(BATCH, HEADS, LENGTH, SIZE))


class SlicedBatchAndHeadsFused(SlicedBatchAndHeads):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (by_head(part).flatten(0, 1).split(2) for part in self.qkv(x).chunk(3, -1))
        parts = [F.scaled_dot_product_attention(*parts) for parts in zip(q, k, v, strict=True)]
        return joined(torch.cat(parts).view(BATCH, HEADS, LENGTH, SIZE))


LEFT_OUT_FORMS = [*LeftOutForm.__subclasses__(), SlicedBatchAndHeadsFused]
