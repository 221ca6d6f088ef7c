"""Length of a text → CPU seconds and memory that a probe needs beyond the plain forward; run it on two versions to compare.

Each measurement is a process of its own; memory is the peak resident size above that of the plain forward.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

WAYS = ("plain", "metrics", "probe")


class Attention(nn.Module):
    """Layers of attention alone, with grouped keys and a causal mask."""

    def __init__(self, layers: int, heads: int, key_heads: int, width: int) -> None:
        super().__init__()
        self.heads, self.key_heads, self.width = heads, key_heads, width
        size = heads * width
        self.queries = nn.ModuleList([nn.Linear(size, size) for _ in range(layers)])
        self.keys = nn.ModuleList([nn.Linear(size, 2 * key_heads * width) for _ in range(layers)])

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """``[batch, position, feature]`` of the same shape."""
        for to_query, to_key in zip(self.queries, self.keys, strict=True):
            query = to_query(states).unflatten(-1, (self.heads, self.width)).transpose(1, 2)
            both = to_key(states).unflatten(-1, (2 * self.key_heads, self.width)).transpose(1, 2)
            key, value = both.chunk(2, 1)
            found = F.scaled_dot_product_attention(query * 4, key, value, is_causal=True, enable_gqa=True)
            states = states + found.transpose(1, 2).flatten(2)
        return states


def measure(way: str, layers: int, heads: int, key_heads: int, width: int, length: int) -> dict[str, float]:
    """One forward, or one probe, in this process."""
    from tensorboard_plugin_attn import AttentionWriter

    torch.set_num_threads(1)
    torch.manual_seed(0)
    model, states = Attention(layers, heads, key_heads, width).eval(), torch.randn(1, length, heads * width)
    tokens = [f"t{i * i % 997}" for i in range(length)]
    with tempfile.TemporaryDirectory() as name, torch.no_grad():
        with AttentionWriter(name) as writer:
            writer.add_probe("warm", model, states[:, :16], tokens[:16], 0)  # what any length needs
            writer.flush()
            started = time.process_time()
            if way == "plain":
                model(states)
            else:
                writer.add_probe("probe", model, states, tokens, 0, metrics_only=way == "metrics")
        seconds = time.process_time() - started
        written = sum(path.stat().st_size for path in Path(name).glob("plugins/attn/probe/*"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "MiB": peak, "written": written / 2**20}


def main() -> None:
    """Print a row a way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shape", type=int, nargs=5, default=[1, 16, 4, 64, 8192])
    parser.add_argument("--way", choices=WAYS)
    arguments = parser.parse_args()
    if arguments.way:
        print(json.dumps(measure(arguments.way, *arguments.shape)))
        return
    shape = [str(each) for each in arguments.shape]
    print("{} layers × {} heads ({} key heads), d = {}, T = {}".format(*shape))
    found = {}
    for way in WAYS:
        command = [sys.executable, __file__, "--way", way, "--shape", *shape]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found[way] = json.loads(done.stdout.splitlines()[-1])
        times = found[way]["seconds"] / found["plain"]["seconds"]
        extra = found[way]["MiB"] - found["plain"]["MiB"]
        print(
            f"{way:<8} {found[way]['seconds']:6.1f} s CPU ({times:4.1f} ×)  {extra:6.0f} MiB more"
            f"  record {found[way]['written']:.1f} MiB",
            flush=True,
        )


if __name__ == "__main__":
    main()
