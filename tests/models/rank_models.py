"""A process group → small transformers whose ranks meet in the forward, each in its own way, and the same in one process."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
import torch.distributed._functional_collectives as funcol
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import Replicate, Shard
from torch.distributed.tensor.parallel import (
    ColwiseParallel,
    PrepareModuleInput,
    RowwiseParallel,
    SequenceParallel,
    parallelize_module,
)
from torch.nn import functional as F

HEADS, WIDTH, LENGTH, DEPTH = 8, 64, 8, 2
TOKENS = list("abcdefgh")


class Attention(nn.Module):
    """Attention whose number of heads on this rank is what its projections give; ``how``: sdpa or eager."""

    def __init__(self, how: str = "sdpa") -> None:
        super().__init__()
        self.query, self.key, self.value, self.output = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.how = how

    def heads(self, states: Tensor) -> list[Tensor]:
        """Query, key and value, ``[batch, head, position, feature]``."""
        projections = (self.query, self.key, self.value)
        return [
            project(states).unflatten(-1, (-1, WIDTH // HEADS)).transpose(1, 2) for project in projections
        ]

    def attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        if self.how == "sdpa":
            return F.scaled_dot_product_attention(query, key, value)
        return (query @ key.transpose(-1, -2) * (WIDTH // HEADS) ** -0.5).softmax(-1) @ value

    def forward(self, states: Tensor) -> Tensor:
        return self.output(self.attend(*self.heads(states)).transpose(1, 2).flatten(2))


class Ulysses(Attention):
    """Positions are split over ranks; for the attention each rank gets all positions of some heads."""

    def exchanged(self, states: Tensor) -> Tensor:
        """``[1, head, position / ranks, feature]`` → ``[1, head / ranks, position, feature]``, and back."""
        ranks = dist.get_world_size()
        sent = torch.cat(states.chunk(ranks, 1)).contiguous()
        got = funcol.all_to_all_single_autograd(sent, None, None, dist.group.WORLD)
        return torch.cat(got.chunk(ranks), 2)

    def returned(self, states: Tensor) -> Tensor:
        ranks = dist.get_world_size()
        sent = torch.cat(states.chunk(ranks, 2)).contiguous()
        got = funcol.all_to_all_single_autograd(sent, None, None, dist.group.WORLD)
        return torch.cat(got.chunk(ranks), 1)

    def forward(self, states: Tensor) -> Tensor:
        mixed = self.attend(*map(self.exchanged, self.heads(states)))
        return self.output(self.returned(mixed).transpose(1, 2).flatten(2))


class GatheredKeys(Attention):
    """Positions are split over ranks; each rank's queries see the keys of all."""

    def forward(self, states: Tensor) -> Tensor:
        query, key, value = self.heads(states)
        order = torch.tensor(every_zigzag()).argsort()
        key, value = (gathered(each)[:, :, order] for each in (key, value))
        return self.output(self.attend(query, key, value).transpose(1, 2).flatten(2))


class Gather(torch.autograd.Function):
    """all_gather along positions whose gradient is this rank's share, summed over ranks."""

    @staticmethod
    def forward(ctx: Any, states: Tensor) -> Tensor:
        every = [torch.empty_like(states) for _ in range(dist.get_world_size())]
        dist.all_gather(every, states.contiguous())
        return torch.cat(every, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        whole = gradients[0].contiguous()
        dist.all_reduce(whole)
        return whole.chunk(dist.get_world_size(), 2)[dist.get_rank()].contiguous()


def gathered(states: Tensor) -> Tensor:
    result: Tensor = Gather.apply(states)
    return result


class Sum(torch.autograd.Function):
    """all_reduce, as the output of experts on several ranks is summed."""

    @staticmethod
    def forward(ctx: Any, states: Tensor) -> Tensor:
        states = states.clone()
        dist.all_reduce(states)
        return states

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0]


class Experts(nn.Module):
    """One expert a rank; in one process all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.experts = nn.ModuleList([nn.Linear(WIDTH, WIDTH) for _ in range(2)])
        self.is_parallel = False

    def forward(self, states: Tensor) -> Tensor:
        if not self.is_parallel:
            return sum(expert(states) for expert in self.experts)  # type: ignore[return-value] # never empty
        result: Tensor = Sum.apply(self.experts[dist.get_rank() % 2](states))
        return result


class Block(nn.Module):
    def __init__(self, attention: nn.Module, experts: bool = False) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.attention = attention
        self.feed = Experts() if experts else nn.Linear(WIDTH, WIDTH)

    def forward(self, states: Tensor) -> Tensor:
        states = states + self.attention(self.norm(states))
        return states + self.feed(states)


class Model(nn.Module):
    """Blocks, and what is done with the input before them."""

    def __init__(self, attention: type[Attention] = Attention, how: str = "sdpa", **options: Any) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Linear(4, WIDTH)
        self.blocks = nn.ModuleList([Block(attention(how), **options) for _ in range(DEPTH)])
        self.splits_positions: bool | str = False

    def forward(self, x: Tensor) -> Tensor:
        states = self.embed(x)
        if self.splits_positions == "zigzag":
            states = states[:, zigzag()]
        elif self.splits_positions:
            states = states.chunk(dist.get_world_size(), 1)[dist.get_rank()]
        for block in self.blocks:
            states = block(states)
        return states


def inputs() -> Tensor:
    return torch.randn(1, LENGTH, 4, generator=torch.Generator().manual_seed(1))


PROJECTIONS = {
    **{f"attention.{name}": ColwiseParallel() for name in ("query", "key", "value")},
    "attention.output": RowwiseParallel(),
}
SEQUENCE = {
    **PROJECTIONS,
    "norm": SequenceParallel(),
    "attention": PrepareModuleInput(input_layouts=(Shard(1),), desired_input_layouts=(Replicate(),)),
    "attention.output": RowwiseParallel(output_layouts=Shard(1)),
}


def tensor_parallel(mesh: DeviceMesh, how: str = "sdpa", plan: dict[str, Any] | None = None) -> Model:
    model = Model(how=how)
    for block in model.blocks:
        parallelize_module(block, mesh, PROJECTIONS if plan is None else plan)
    return model


def sequence_parallel(mesh: DeviceMesh) -> Model:
    model = tensor_parallel(mesh, plan=SEQUENCE)
    model.splits_positions = True
    return model


def sharded_tensor_parallel(mesh: DeviceMesh) -> nn.Module:
    """Tensor parallelism along the mesh's last dimension, FSDP2 along its first."""
    model: Any = tensor_parallel(mesh["tp"])
    for block in model.blocks:
        fully_shard(block, mesh=mesh["dp"])
    sharded: nn.Module = fully_shard(model, mesh=mesh["dp"])
    return sharded


def zigzag() -> list[int]:
    """This rank's positions where the first rank has the first and the last ones, so that all have as much to do."""
    ranks, own = dist.get_world_size(), dist.get_rank()
    chunks = torch.arange(LENGTH).chunk(2 * ranks)
    return [*chunks[own].tolist(), *chunks[2 * ranks - 1 - own].tolist()]


def every_zigzag() -> list[int]:
    """The positions of all ranks, one rank's after another's."""
    ranks = dist.get_world_size()
    chunks = torch.arange(LENGTH).chunk(2 * ranks)
    return [
        place
        for own in range(ranks)
        for each in (own, 2 * ranks - 1 - own)
        for place in chunks[each].tolist()
    ]


def split_positions(attention: type[Attention]) -> Model:
    model = Model(attention)
    model.splits_positions = "zigzag" if attention is GatheredKeys else True
    return model


def expert_parallel() -> Model:
    model = Model(experts=True)
    for block in model.blocks:
        block.feed.is_parallel = True  # type: ignore[union-attr] # Experts
    return model


class Pipeline(nn.Module):
    """One block a rank; states go on by send and recv."""

    def __init__(self) -> None:
        super().__init__()
        whole = Model()
        self.embed = whole.embed
        self.block = whole.blocks[dist.get_rank()]

    def forward(self, x: Tensor) -> Tensor:
        states = self.embed(x)
        if dist.get_rank() > 0:
            dist.recv(states, dist.get_rank() - 1)
        states = self.block(states)
        if dist.get_rank() + 1 < dist.get_world_size():
            dist.send(states.contiguous(), dist.get_rank() + 1)
        return states
