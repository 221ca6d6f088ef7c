"""A model's geometry → what one probe of it costs, what its record takes, and what of its weights is kept.

Run ``python tests/bench/bench_geometries.py [NAME …] [--layers N] [--max-mib N] [--dtype bfloat16]``. GPT-2 small is the
real architecture with random weights; the others are attention alone, on synthetic queries and keys, one layer after
another. ``--layers`` measures the first N of them: nothing is extrapolated, the row says how many there were.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

GEOMETRIES = {  # layers, heads, key heads, width of a head, tokens
    "gpt2": (12, 12, 12, 64, 1024),
    "llama-3-8b": (32, 32, 8, 128, 8192),
    "70b": (80, 64, 8, 128, 8192),
}


class Synthetic(nn.Module):
    """Attention layers alone; each one's queries and keys are drawn when it is its turn."""

    def __init__(self, layers: int, heads: int, key_heads: int, width: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.shape, self.dtype = (layers, heads, key_heads, width), dtype
        self.anchor = nn.Parameter(torch.zeros(1))

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        """``[head, query, d]`` of the last layer."""
        layers, heads, key_heads, width = self.shape
        found = input_ids
        for layer in range(layers):
            maker = torch.Generator().manual_seed(layer)
            query, key, value = (
                torch.randn(1, count, input_ids.shape[1], width, generator=maker).to(self.dtype)
                for count in (heads, key_heads, key_heads)
            )
            found = F.scaled_dot_product_attention(query * 2, key, value, is_causal=True, enable_gqa=True)
        return found


def model_of(name: str, layers: int, dtype: torch.dtype) -> nn.Module:
    """The model of a geometry, of so many of its layers."""
    _, heads, key_heads, width, _ = GEOMETRIES[name]
    if name != "gpt2":
        return Synthetic(layers, heads, key_heads, width, dtype).eval()
    from transformers import GPT2Config, GPT2Model

    model: Any = GPT2Model(GPT2Config(n_layer=layers, bos_token_id=0, eos_token_id=0))
    whole: nn.Module = model.eval()
    return whole


def measure(name: str, layers: int, max_mib: int, dtype: torch.dtype) -> None:
    """Print one row, and what the writer warned of."""
    from tensorboard_plugin_attn import AttentionWriter
    from tensorboard_plugin_attn.storing.files import open_files
    from tensorboard_plugin_attn.storing.store import list_steps, open_header, record_directory

    every, heads, key_heads, width, length = GEOMETRIES[name]
    model = model_of(name, layers, dtype)
    ids = (torch.arange(length) ** 2 % 997)[None]
    tokens = [f"t{number}" for number in ids[0].tolist()]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with AttentionWriter(folder, max_record_bytes=max_mib << 20) as writer:
            before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
            writer.add_probe("probe", model, {"input_ids": ids}, tokens, 0)
            writer.flush()
            seconds = time.process_time() - started
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.safetensors"))
        files = open_files(folder)
        header = open_header(files, list_steps(files, record_directory("", "probe"))[0])
    kept = Counter(layer.source for layer in header.layers)
    pictures = sorted({layer.overview for layer in header.layers if layer.overview is not None})
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(
        f"{name}: {layers} of {every} layers × {heads} heads ({key_heads} key heads), d = {width}, T = {length:,}, "
        f"max_record_bytes {max_mib} MiB | record {size / 2**20:.1f} MiB | {seconds:.0f} s CPU, {more:.0f} MiB more, "
        f"the model's own forward included | {dict(kept)}, overviews {pictures} | load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    for each in told:
        print(f"  warning: {each.message}", flush=True)


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(GEOMETRIES))
    parser.add_argument("--layers", type=int)
    parser.add_argument("--max-mib", type=int, default=64)
    parser.add_argument("--dtype", default="bfloat16")
    given = parser.parse_args()
    torch.set_num_threads(1)
    for name in given.names:
        layers = min(given.layers or GEOMETRIES[name][0], GEOMETRIES[name][0])
        with torch.no_grad():
            measure(name, layers, given.max_mib, getattr(torch, given.dtype))


if __name__ == "__main__":
    main()
