"""One real record → thousands of runs, tags or steps of it, by hard links: a large log in seconds."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from logs.random_attention import softmax_weights, token_list

from tensorboard_plugin_attn import AttentionWriter
from tensorboard_plugin_attn.storing.files import LocalFiles
from tensorboard_plugin_attn.storing.packing import pack_directory, read_step
from tensorboard_plugin_attn.storing.store import list_steps, record_directory, step_name

__all__ = ["add_record", "log_many_runs", "log_many_steps"]


def add_record(
    run: Path, tag: str, step: int, *, layers: int = 2, heads: int = 2, metrics_only: bool = False
) -> None:
    """One record, through the writer."""
    weights = np.stack([softmax_weights(heads, 8, 8, step + layer) for layer in range(layers)])
    with AttentionWriter(run) as writer:
        writer.add_attention(tag, weights, token_list(8), step, metrics_only=metrics_only)


def log_many_runs(logdir: Path, runs: Iterable[str], tags: Iterable[str], steps: Iterable[int]) -> None:
    """Every tag at every step in every run."""
    add_record(logdir / "source", "p", 0)
    (source,) = (logdir / "source").rglob("*.safetensors")
    kept = source.rename(logdir / "record")
    names, numbers = list(tags), list(steps)
    for run in runs:
        for tag in names:
            directory = logdir / run / record_directory("", tag)
            directory.mkdir(parents=True)
            for step in numbers:
                os.link(kept, directory / step_name(step))


def log_many_steps(run: Path, tag: str, steps: Iterable[int], *, layers: int, heads: int) -> None:
    """The head metrics of every step, with series files as the writer packs them."""
    add_record(run, tag, 0, layers=layers, heads=heads, metrics_only=True)
    directory = run / record_directory("", tag)
    source = directory / step_name(0, "metrics")
    kept = source.rename(run / "record")
    data = kept.read_bytes()
    for number, step in enumerate(steps):
        if number % 10_000 == 0:  # a file has so many names at most
            kept.unlink()
            kept.write_bytes(data)
        os.link(kept, directory / step_name(step, "metrics"))
    files = LocalFiles(str(run))
    where = record_directory("", tag)
    known, packed = read_step(files, list_steps(files, where)[0])
    pack_directory(files, where, lambda _, each: (known, replace(packed, step=each.step)))
