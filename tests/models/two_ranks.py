"""Two gloo processes that train small models in every distributed way, with probes and without → JSON on stdout.

python -m models.two_ranks DIRECTORY BACKEND SETUP…    BACKEND of torch.compile: eager or inductor
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from models.leaving_ranks import leave
from models.undisturbed_runs import LENGTH, VOCABULARY, Block, Small, seed, train
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
from torch.distributed.fsdp.wrap import ModuleWrapPolicy
from torch.nn.parallel import DistributedDataParallel

from tensorboard_plugin_attn import AttentionWriter
from tensorboard_plugin_attn.capturing import head_effects
from tensorboard_plugin_attn.errors import CaptureError

RANKS = 2
Prepare = Callable[[nn.Module], nn.Module]


def fsdp1(model: nn.Module, **options: Any) -> nn.Module:
    return FullyShardedDataParallel(
        model, auto_wrap_policy=ModuleWrapPolicy({Block}), device_id=torch.device("cpu"), **options
    )


def fsdp2(model: Any, backend: str = "") -> nn.Module:
    mesh = init_device_mesh("cpu", (RANKS,))
    for block in model.blocks:
        if backend:
            block.compile(backend=backend)
        fully_shard(block, mesh=mesh)
    return fully_shard(model, mesh=mesh)


def compiled_ddp(model: nn.Module, backend: str) -> nn.Module:
    return torch.compile(DistributedDataParallel(model), backend=backend)


def ddp_of_compiled(model: nn.Module, backend: str) -> nn.Module:
    return DistributedDataParallel(torch.compile(model, backend=backend))


def setups(backend: str) -> dict[str, tuple[Prepare, dict[str, Any]]]:
    return {
        "DDP": (DistributedDataParallel, {}),
        "DDP, gradient checkpointing": (DistributedDataParallel, {"checkpoints": True}),
        "compiled DDP": (partial(compiled_ddp, backend=backend), {}),
        "DDP of a compiled model": (partial(ddp_of_compiled, backend=backend), {}),
        "FSDP1": (partial(fsdp1, use_orig_params=True), {}),
        "FSDP1, flat parameters": (partial(fsdp1, use_orig_params=False), {}),
        "FSDP2": (fsdp2, {}),
        "FSDP2, compiled blocks": (partial(fsdp2, backend=backend), {}),
        "FSDP2, gradient checkpointing, autocast": (fsdp2, {"checkpoints": True, "autocast": True}),
    }


def effects(prepare: Prepare, checkpoints: bool = False, **_: Any) -> Any:
    """Each head's effect on the loss of a fresh model, or why there is none."""
    torch.compiler.reset()
    seed()
    ids = torch.arange(LENGTH)[None] % VOCABULARY
    try:
        found = head_effects(prepare(Small(checkpoints).train()), {"input_ids": ids, "labels": ids}, itself)
    except CaptureError as error:
        return str(error)
    return [values.tolist() for values in found.by_call.values()]


def itself(loss: torch.Tensor) -> torch.Tensor:
    return loss


def compare(rank: int, directory: Path, backend: str, names: list[str]) -> dict[str, Any]:
    """Both trainings of every set-up as this rank saw them."""
    found = {}
    known = setups(backend)
    for name in names:
        prepare, options = known[name]
        without = train(prepare, rank=rank, steps=4, **options)
        with AttentionWriter(directory / name) as writer:
            with_probes = train(prepare, writer, rank=rank, steps=4, **options)
        found[name] = {"without": asdict(without), "with": asdict(with_probes), "written": writer.num_written}
        found[name]["effects"] = effects(prepare, **options)
    found["plain"] = {"effects": effects(lambda model: model)}
    return found


def main(rank: int, directory: Path, meeting: str, backend: str, names: list[str]) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=RANKS)
    found = compare(rank, directory, backend, names)
    every: list[Any] = [None] * RANKS
    dist.all_gather_object(every, found)
    if rank == 0:
        (directory / "traces.json").write_text(json.dumps(every))
    leave()


if __name__ == "__main__":
    target, compiler, *chosen = sys.argv[1:]
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(main, (Path(target), f"{folder}/meeting", compiler, chosen), RANKS)
