"""A sighting of some of a layer's heads on each rank of a group → one of all of them, in the order of the group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
import torch.distributed as dist

from tensorboard_plugin_attn.capturing.calls.sighting import Sighting
from tensorboard_plugin_attn.capturing.probing.sharded import is_sharded

__all__ = ["gathered", "is_same_on_all", "joined", "without_dtensors"]

HEAD_AXIS = 1
FIELDS = ("weights", "query", "key", "bias", "allowed", "row_scores")
SAME = 1e-5


def gathered(sighting: Sighting, group: Any, receiver: int | None) -> list[Sighting] | None:
    """The sightings of a group's ranks, in the order of the group; None on a rank that does not get them.

    Args:
        sighting: of this rank; all ranks of the group call this for the same attention call.
        receiver: the rank that gets them, None: every rank of the group.

    Raises:
        ValueError: the ranks saw different calls; this is so on all of them, and nothing was exchanged.
    """
    if receiver is not None and receiver not in dist.get_process_group_ranks(group):
        return None
    tensors = tensors_of(sighting)
    mine = sighting.name, {name: (list(each.shape), str(each.dtype)) for name, each in tensors.items()}
    every: list[Any] = [None] * dist.get_world_size(group)
    dist.all_gather_object(every, mine, group=group)
    if any(without_heads(*each) != without_heads(*every[0]) for each in every):
        raise ValueError(f"its ranks saw different calls: {[each[0] for each in every]}")
    fields: dict[str, list[torch.Tensor] | None] = {
        name: exchange(tensor, [each[1][name][0] for each in every], group, receiver)
        for name, tensor in tensors.items()
    }
    if receiver is not None and dist.get_rank() != receiver:
        return None
    parts: list[dict[str, Any]] = [
        {name: received[rank] for name, received in fields.items() if received} for rank in range(len(every))
    ]
    return [replace(sighting, **part) for part in parts]


def without_dtensors(sighting: Sighting, *, whole: bool) -> Sighting:
    """A sighting of plain tensors: ``whole``: what all ranks hold, all of which call this; else what this one holds."""
    names = [name for name in (*FIELDS, "traces") if is_sharded(getattr(sighting, name))]
    found = {name: getattr(sighting, name) for name in names}
    plain: dict[str, Any] = {
        name: each.full_tensor() if whole else each.to_local() for name, each in found.items()
    }
    return replace(sighting, **plain)


def tensors_of(sighting: Sighting) -> dict[str, torch.Tensor]:
    """Its tensors, each with a batch and a head axis."""
    result = {}
    for name in FIELDS:
        tensor = getattr(sighting, name)
        if tensor is not None:
            lead = (3 if name == "row_scores" else 4) - tensor.dim()
            result[name] = tensor.reshape((1,) * lead + tuple(tensor.shape))
    return result


def without_heads(name: str, fields: dict[str, tuple[list[int], str]]) -> Any:
    """What all ranks must have in common: everything but the number of heads."""
    return name, {
        field: (shape[:HEAD_AXIS], shape[HEAD_AXIS + 1 :], dtype) for field, (shape, dtype) in fields.items()
    }


def exchange(
    tensor: torch.Tensor, shapes: Sequence[Sequence[int]], group: Any, receiver: int | None
) -> list[torch.Tensor] | None:
    """One tensor of every rank; heads are filled up to the largest number for the way and cut again."""
    most = max(shape[HEAD_AXIS] for shape in shapes)
    sent = tensor.new_zeros((tensor.shape[0], most, *tensor.shape[HEAD_AXIS + 1 :]))
    sent[:, : tensor.shape[HEAD_AXIS]] = tensor
    sent = sent.to(torch.uint8) if tensor.dtype == torch.bool else sent
    gets = receiver is None or dist.get_rank() == receiver
    received = [torch.empty_like(sent) for _ in shapes] if gets else None
    if receiver is None:
        dist.all_gather(received, sent, group=group)
    else:
        dist.gather(sent, received, dst=receiver, group=group)
    if received is None:
        return None
    return [
        each[:, : shape[HEAD_AXIS]].to(tensor.dtype) for each, shape in zip(received, shapes, strict=True)
    ]


def is_same_on_all(parts: Sequence[Sighting]) -> bool:
    """Whether every rank saw the same heads, because each has all of them."""
    first = parts[0].weights
    return all(
        part.weights.shape == first.shape and torch.allclose(part.weights, first, rtol=0, atol=SAME)
        for part in parts[1:]
    )


def joined(parts: Sequence[Sighting]) -> Sighting:
    """The heads of all ranks, one rank's after another's; a mask without a head axis is the same on all."""
    parts = [with_own_keys(part) for part in parts] if len({groups(part) for part in parts}) > 1 else parts
    first = parts[0]
    heads = first.weights.shape[HEAD_AXIS]
    fields: dict[str, Any] = {}
    for name in FIELDS:
        tensor = getattr(first, name)
        if tensor is not None and (name in ("query", "key") or tensor.shape[HEAD_AXIS] == heads):
            fields[name] = torch.cat([getattr(part, name) for part in parts], HEAD_AXIS)
    return replace(first, **fields)


def groups(sighting: Sighting) -> int:
    """How many query heads share a key head."""
    return 1 if sighting.key is None else sighting.weights.shape[HEAD_AXIS] // sighting.key.shape[HEAD_AXIS]


def with_own_keys(sighting: Sighting) -> Sighting:
    """The same with a key head for every query head."""
    if sighting.key is None:
        return sighting
    return replace(sighting, key=sighting.key.repeat_interleave(groups(sighting), HEAD_AXIS))
