"""Attention as people write it by hand, each beside the plain formula of its weights, for the tests of the capture."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

BATCH, LENGTH, HEADS, SIZE = 2, 6, 3, 4
WIDTH = HEADS * SIZE
FULL = "full"
CAUSAL = "causal"


def by_head(states: torch.Tensor) -> torch.Tensor:
    return states.view(BATCH, -1, HEADS, SIZE).transpose(1, 2)


def joined(states: torch.Tensor) -> torch.Tensor:
    return states.transpose(1, 2).flatten(2)


def plain(query: torch.Tensor, key: torch.Tensor, scale: float | None = None) -> torch.Tensor:
    """The formula: softmax(q · kᵀ · scale)."""
    return (query @ key.transpose(-1, -2) * (scale or 1 / math.sqrt(query.shape[-1]))).softmax(-1)


class Written(nn.Module):
    """Projections, and what every variant's record must say."""

    kind = "self"
    mask = FULL
    kv_heads = HEADS
    rebuilds = True

    def __init__(self) -> None:
        super().__init__()
        self.num_heads = HEADS
        self.q, self.k, self.v, self.o = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        with torch.no_grad():
            self.q.weight *= 6
            self.k.weight *= 6

    def states(self) -> torch.Tensor:
        return torch.randn(BATCH, LENGTH, WIDTH) * 1.5

    def parts(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        return by_head(self.q(x)), by_head(self.k(x)), by_head(self.v(x))

    def expected(self, x: torch.Tensor) -> torch.Tensor:
        return plain(*self.parts(x)[:2])


class NanoGpt(Written):
    mask = CAUSAL

    def __init__(self) -> None:
        super().__init__()
        self.c_attn = nn.Linear(WIDTH, 3 * WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (
            part.view(BATCH, -1, HEADS, SIZE).transpose(1, 2) for part in self.c_attn(x).split(WIDTH, dim=2)
        )
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        att = att.masked_fill(torch.tril(torch.ones(LENGTH, LENGTH))[None, None] == 0, float("-inf"))
        att = F.dropout(F.softmax(att, dim=-1), 0.5, self.training)
        return self.o((att @ v).transpose(1, 2).contiguous().view(BATCH, LENGTH, WIDTH))

    def expected(self, x: torch.Tensor) -> torch.Tensor:
        q, k, _ = (by_head(part) for part in self.c_attn(x).split(WIDTH, dim=2))
        scores = q @ k.mT / math.sqrt(SIZE)
        return scores.masked_fill(torch.ones(LENGTH, LENGTH).triu(1).bool(), -torch.inf).softmax(-1)


class EinsumByName(Written):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (layer(x).view(BATCH, -1, HEADS, SIZE) for layer in (self.q, self.k, self.v))
        att = torch.einsum("bthd,bshd->bhts", q, k).div(math.sqrt(SIZE)).softmax(-1)
        return self.o(torch.einsum("bhts,bshd->bthd", att, v).reshape(BATCH, -1, WIDTH))


class EinsumEllipsis(Written):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.parts(x)
        att = torch.softmax(torch.einsum("...td,...sd->...ts", q * SIZE**-0.5, k), -1)
        return self.o(joined(torch.einsum("...ts,...sd->...td", att, v)))


class EinsumHeadsLast(Written):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (layer(x).view(BATCH, -1, HEADS, SIZE) for layer in (self.q, self.k, self.v))
        att = (torch.einsum("bihd,bjhd->bijh", q, k) / math.sqrt(SIZE)).softmax(dim=2)
        return self.o(torch.einsum("bijh,bjhd->bihd", att, v).reshape(BATCH, -1, WIDTH))


class Diffusers(Written):
    """As in diffusers' first attention processor: 3-D, baddbmm, batch and heads in one axis."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (part.reshape(BATCH * HEADS, -1, SIZE) for part in self.parts(x))
        scores = torch.baddbmm(
            torch.empty(q.shape[0], q.shape[1], k.shape[1]), q, k.transpose(-1, -2), beta=0, alpha=SIZE**-0.5
        )
        y = torch.bmm(scores.softmax(dim=-1).to(q.dtype), v)
        return self.o(y.view(BATCH, HEADS, -1, SIZE).permute(0, 2, 1, 3).reshape(BATCH, -1, WIDTH))


class TalkingHeads(Written):
    """CaiT: heads are mixed before and after the softmax; the weights are the softmax's own result."""

    rebuilds = False

    def __init__(self) -> None:
        super().__init__()
        self.before, self.after = nn.Linear(HEADS, HEADS), nn.Linear(HEADS, HEADS)

    def scores(self, q: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
        return self.before((q * SIZE**-0.5 @ k.transpose(-2, -1)).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.parts(x)
        att = self.after(self.scores(q, k).softmax(-1).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return self.o(joined(att @ v))

    def expected(self, x: torch.Tensor) -> torch.Tensor:
        return self.scores(*self.parts(x)[:2]).softmax(-1)


class MixedByEinsum(Written):
    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Parameter(torch.randn(HEADS, HEADS))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.parts(x)
        att = torch.einsum("bhij,hg->bgij", (q @ k.mT / SIZE**0.5).softmax(-1), self.mix)
        return self.o(joined(att @ v))


class CastAndDroppedInPlace(Written):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.parts(x)
        att = F.softmax(torch.matmul(q, k.transpose(2, 3)) / math.sqrt(SIZE), dim=-1, dtype=torch.float32)
        att = F.dropout(att.to(q.dtype), p=0.5, training=True, inplace=True)
        return self.o(joined(torch.matmul(att, v)))


class Sdpa3d(Written):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (part.reshape(BATCH * HEADS, -1, SIZE) for part in self.parts(x))
        y = F.scaled_dot_product_attention(q, k, v)
        return self.o(joined(y.view(BATCH, HEADS, -1, SIZE)))


class SdpaGrouped(Written):
    """One key head for all, a bias as the mask, a scale of its own."""

    kv_heads = 1

    def __init__(self) -> None:
        super().__init__()
        self.k, self.v = nn.Linear(WIDTH, SIZE), nn.Linear(WIDTH, SIZE)
        self.register_buffer("bias", torch.randn(1, 1, LENGTH, LENGTH))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        k, v = (layer(x)[:, None] for layer in (self.k, self.v))
        q = by_head(self.q(x))
        return self.o(joined(F.scaled_dot_product_attention(q, k, v, self.bias, scale=0.7, enable_gqa=True)))

    def expected(self, x: torch.Tensor) -> torch.Tensor:
        return (by_head(self.q(x)) @ self.k(x)[:, None].mT * 0.7 + self.bias).softmax(-1)


class SdpaWindow(Written):
    mask = "window 3"

    def band(self) -> torch.Tensor:
        index = torch.arange(LENGTH)
        return (index[:, None] >= index) & (index[:, None] - index < 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.o(joined(F.scaled_dot_product_attention(*self.parts(x), self.band())))

    def expected(self, x: torch.Tensor) -> torch.Tensor:
        q, k, _ = self.parts(x)
        return (q @ k.mT / SIZE**0.5).masked_fill(~self.band(), -torch.inf).softmax(-1)


class MultiQueryInOneAxis(Written):
    """gpt_bigcode: queries and heads share an axis, one key head serves all."""

    kv_heads = 1

    def __init__(self) -> None:
        super().__init__()
        self.kv = nn.Linear(WIDTH, 2 * SIZE)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q = self.q(x).view(BATCH, LENGTH * HEADS, SIZE)
        k, v = self.kv(x).split(SIZE, -1)
        scores = torch.baddbmm(
            torch.empty(BATCH, LENGTH * HEADS, LENGTH), q, k.transpose(1, 2), beta=0, alpha=0.5
        )
        att = scores.view(BATCH, LENGTH, HEADS, LENGTH).softmax(-1).view(scores.shape)
        return self.o(torch.bmm(att, v).view(BATCH, LENGTH, WIDTH))

    def expected(self, x: torch.Tensor) -> torch.Tensor:
        return plain(by_head(self.q(x)), self.kv(x).split(SIZE, -1)[0][:, None], 0.5)


class GroupedEinsum(Written):
    kv_heads = 1

    def __init__(self) -> None:
        super().__init__()
        self.k, self.v = nn.Linear(WIDTH, SIZE), nn.Linear(WIDTH, SIZE)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q = self.q(x).view(BATCH, LENGTH, 1, HEADS, SIZE)
        k, v = (layer(x).view(BATCH, LENGTH, 1, SIZE) for layer in (self.k, self.v))
        att = (torch.einsum("btghd,bsgd->bghts", q, k) * SIZE**-0.5).softmax(-1)
        return self.o(torch.einsum("bghts,bsgd->btghd", att, v).reshape(BATCH, LENGTH, WIDTH))

    def expected(self, x: torch.Tensor) -> torch.Tensor:
        return plain(by_head(self.q(x)), self.k(x)[:, None])


class ImageNonLocal(Written):
    """SAGAN: positions of a feature map, weights transposed before they meet the values."""

    kv_heads = 1

    def __init__(self) -> None:
        super().__init__()
        self.num_heads = 1
        self.q, self.k, self.v = nn.Conv2d(8, 4, 1), nn.Conv2d(8, 4, 1), nn.Conv2d(8, 8, 1)

    def states(self) -> torch.Tensor:
        return torch.randn(BATCH, 8, 3, 3) * 3

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        return torch.bmm(self.q(x).flatten(2).permute(0, 2, 1), self.k(x).flatten(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        att = self.scores(x).softmax(-1)
        return torch.bmm(self.v(x).flatten(2), att.permute(0, 2, 1)).view(x.shape)

    def expected(self, x: torch.Tensor) -> torch.Tensor:
        return self.scores(x).softmax(-1)[:, None]


class SequenceFirst(Written):
    """fairseq: [token, batch, feature], batch and heads in one axis."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (
            layer(x.transpose(0, 1)).contiguous().view(LENGTH, BATCH * HEADS, SIZE).transpose(0, 1)
            for layer in (self.q, self.k, self.v)
        )
        y = torch.bmm(F.softmax(torch.bmm(q * SIZE**-0.5, k.transpose(1, 2)), -1), v)
        return self.o(y.transpose(0, 1).contiguous().view(LENGTH, BATCH, WIDTH)).transpose(0, 1)


class HeadsBeforeBatch(Written):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (
            layer(x).view(BATCH, LENGTH, HEADS, SIZE).permute(2, 0, 1, 3).reshape(HEADS * BATCH, LENGTH, SIZE)
            for layer in (self.q, self.k, self.v)
        )
        y = torch.bmm(nn.Softmax(dim=2)(torch.bmm(q, k.transpose(1, 2)).div_(SIZE**0.5)), v)
        return self.o(y.view(HEADS, BATCH, LENGTH, SIZE).permute(1, 2, 0, 3).reshape(BATCH, LENGTH, WIDTH))


class HeadsStacked(Written):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (torch.stack(layer(x).chunk(HEADS, -1), 1) for layer in (self.q, self.k, self.v))
        return self.o(torch.cat((q @ k.mT * SIZE**-0.5).softmax(-1).matmul(v).unbind(1), -1))


class HeadsConcatenated(Written):
    """The first TensorFlow transformers: heads are put behind each other on the batch axis."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (torch.cat(layer(x).split(SIZE, 2), 0) for layer in (self.q, self.k, self.v))
        att = (torch.matmul(q, k.transpose(1, 2)) / SIZE**0.5).softmax(-1)
        return self.o(torch.cat((att @ v).split(BATCH, 0), 2))


class KeysBeforeQueries(Written):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.parts(x)
        return self.o(joined((k @ q.mT * SIZE**-0.5).softmax(-2).mT @ v))
