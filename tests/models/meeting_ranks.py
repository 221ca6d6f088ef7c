"""Two or four gloo processes whose models meet in the forward, probed in every way → JSON of what came of it.

python -m models.meeting_ranks DIRECTORY [RANKS]
"""

from __future__ import annotations

import datetime
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from models import rank_models as models
from models.leaving_ranks import leave
from torch import nn
from torch.distributed.device_mesh import init_device_mesh

from tensorboard_plugin_attn import AttentionWriter, Part
from tensorboard_plugin_attn.capturing.probing import meeting
from tensorboard_plugin_attn.errors import AttentionError

Make = Callable[[], nn.Module]


def setups(directory: Path) -> dict[str, tuple[Make, list[str | Part]]]:
    """How each model is made, and the values of ``ranks``, or the parts, to probe it with."""
    ranks = dist.get_world_size()
    mesh = init_device_mesh("cpu", (ranks,))
    own, zigzag = dist.get_rank(), models.zigzag()
    heads, layers = models.HEADS // ranks, models.DEPTH // min(ranks, models.DEPTH)
    some_heads = Part(own, ranks, heads=range(own * heads, (own + 1) * heads))
    found: dict[str, tuple[Make, list[str | Part]]] = {
        "tensor parallel": (lambda: models.tensor_parallel(mesh), ["auto", "rank0", some_heads]),
        "tensor parallel, eager": (lambda: models.tensor_parallel(mesh, "eager"), ["auto"]),
        "sequence parallel": (lambda: models.sequence_parallel(mesh), ["auto"]),
        "ulysses": (lambda: models.split_positions(models.Ulysses), ["auto", "all", some_heads]),
        "gathered keys": (
            lambda: models.split_positions(models.GatheredKeys),
            ["auto", "all", Part(own, ranks, queries=zigzag)],
        ),
    }
    if ranks == 2:
        found["expert parallel"] = models.expert_parallel, ["auto", "all", "rank0"]
        stage = Part(own, ranks, layers=range(own * layers, (own + 1) * layers))
        found["pipeline"] = models.Pipeline, ["auto", "all", stage]
        found["pipeline schedule"] = models.scheduled, ["auto", "all", stage]
        found["first step of a schedule"] = models.Scheduled, [stage]
    else:
        both = init_device_mesh("cpu", (2, ranks // 2), mesh_dim_names=("dp", "tp"))
        llama = str(directory / "llama")
        if dist.get_rank() == 0:
            models.save_llama(llama)
        dist.barrier()
        found["tp_plan"] = lambda: models.Llama(llama, is_parallel=True), ["auto"]
        found["FSDP2 and tensor parallel"] = lambda: models.sharded_tensor_parallel(both), ["auto"]
    return found


def told_of_a_late_rank(directory: Path) -> list[str]:
    """What is said where other ranks than 0 come to a probe of all ranks long after rank 0."""
    meeting.WAIT_SECONDS = 1.0
    model = models.expert_parallel()
    with warnings.catch_warnings(record=True) as told, AttentionWriter(directory) as writer:
        warnings.simplefilter("always")
        for step in range(2):
            if dist.get_rank() > 0:
                time.sleep(3)
            writer.add_probe("p", model, models.inputs(), models.TOKENS, step, ranks="all")
    return [str(each.message) for each in told if "waiting" in str(each.message)]


def word(way: str | Part) -> str:
    return way if isinstance(way, str) else "part"


def train(make: Make, log: Callable[[nn.Module, int], None], steps: int = 3) -> list[float]:
    """The losses of a short training, in which ``log`` may probe."""
    model = make()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for step in range(steps):
        log(model, step)
        loss = model(models.inputs()).square().mean()
        if loss.requires_grad and not isinstance(model, models.Pipeline | models.Scheduled):
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        losses.append(float(loss))
    return losses


def probed(directory: Path, make: Make, way: str | Part) -> dict[str, Any]:
    """What a training with probes left: its losses, messages and seconds."""
    errors: list[str] = []
    part, ranks = (way, "all") if isinstance(way, Part) else (None, way)
    with AttentionWriter(directory, precision="float32", part=part) as writer:

        def log(model: nn.Module, step: int) -> None:
            try:
                writer.add_probe(
                    "p", model, models.inputs(), models.TOKENS, step, ranks=ranks, query_key=step == 0
                )
            except AttentionError as error:
                errors.append(f"{type(error).__name__}: {error}")

        losses = train(make, log)
    return {"losses": losses, "errors": errors, "written": writer.num_written}


def main(rank: int, directory: Path, place: str, ranks: int) -> None:
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    dist.init_process_group(
        "gloo",
        init_method=f"file://{place}",
        rank=rank,
        world_size=ranks,
        timeout=datetime.timedelta(seconds=120),
    )
    found: dict[str, Any] = {}
    for name, (make, ways) in setups(directory).items():
        started = time.monotonic()
        without = train(make, lambda model, step: None)
        found[name] = {
            "without": without,
            **{word(way): probed(directory / name / word(way), make, way) for way in ways},
        }
        found[name]["seconds"] = time.monotonic() - started
    if ranks == 2:
        found["late"] = told_of_a_late_rank(directory / "late")
    every: list[Any] = [None] * ranks
    dist.all_gather_object(every, found)
    if rank == 0:
        for how in ("sdpa", "eager"):
            for experts in (False, True):
                with AttentionWriter(directory / "truth" / f"{how} {experts}", precision="float32") as writer:
                    writer.add_probe(
                        "p", models.Model(how=how, experts=experts), models.inputs(), models.TOKENS, 0,
                        query_key=True, ranks="rank0",
                    )  # fmt: skip
        if ranks == 4:
            with AttentionWriter(directory / "truth" / "llama", precision="float32") as writer:
                writer.add_probe(
                    "p", models.Llama(str(directory / "llama"), is_parallel=False), models.inputs(),
                    models.TOKENS, 0, query_key=True,
                )  # fmt: skip
        (directory / "found.json").write_text(json.dumps(every))
    leave()


if __name__ == "__main__":
    target, number = Path(sys.argv[1]), int((sys.argv[2:] or ["2"])[0])
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(main, (target, f"{folder}/meeting", number), number)
