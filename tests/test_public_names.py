"""What ``import tensorboard_plugin_attn`` brings, each time in a fresh process."""

from __future__ import annotations

import subprocess
import sys

import pytest

import tensorboard_plugin_attn

NAMES = [
    "AlignedWord",
    "AlignmentHead",
    "AttentionReader",
    "AttentionRecord",
    "AttentionWriter",
    "Captured",
    "Comparison",
    "Evolution",
    "Found",
    "FoundHead",
    "HeadChange",
    "Hint",
    "ImageTokens",
    "LayerAttention",
    "Mark",
    "MetricSeries",
    "Part",
    "Rollout",
    "Shown",
    "SoundTokens",
    "Thresholds",
    "align_words",
    "alignment_heads",
    "capture",
    "show",
    "word_heat",
]
HEAVY = "torch", "transformers", "tensorboard", "tensorboardX", "lightning", "google.protobuf", "fsspec"


def run(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_all_is_pinned() -> None:
    assert tensorboard_plugin_attn.__all__ == NAMES
    assert dir(tensorboard_plugin_attn) == NAMES


def test_importing_the_package_imports_nothing_heavy() -> None:
    loaded = run(
        f"import sys, tensorboard_plugin_attn\nprint([name for name in {HEAVY} if name in sys.modules])"
    )
    assert loaded == "[]"


def test_reading_and_records_need_neither_torch_nor_tensorboard() -> None:
    names = sorted({*NAMES} - {"AttentionWriter", "Captured", "Shown", "capture", "show"})
    code = f"import sys\nfrom tensorboard_plugin_attn import {', '.join(names)}\n"
    assert run(code + "print('torch' in sys.modules, 'tensorboard' in sys.modules)") == "False False"


def test_a_writer_to_a_directory_loads_neither_torch_nor_tensorboard(tmp_path: object) -> None:
    code = f"""
import sys
import numpy as np
from tensorboard_plugin_attn import AttentionReader, AttentionWriter
with AttentionWriter({str(tmp_path)!r}) as writer:
    writer.add_attention("probe", np.full((1, 2, 3, 3), 1 / 3, np.float32), ["a", "b", "c"], 7)
print(AttentionReader({str(tmp_path)!r}).steps(".", "probe"), "torch" in sys.modules, "tensorboard" in sys.modules)
"""
    assert run(code) == "[7] False False"


def test_each_name_is_the_same_usable_object_when_imported_twice() -> None:
    code = f"""
import tensorboard_plugin_attn
for name in {NAMES}:
    exec(f"from tensorboard_plugin_attn import {{name}} as first")
    exec(f"from tensorboard_plugin_attn import {{name}} as second")
    same = first is second and first is getattr(tensorboard_plugin_attn, name)
    if not (same and callable(second) and second.__name__ == name):
        print(name)
"""
    assert run(code) == ""


def test_an_unknown_name_lists_the_public_ones() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'Writer'; public names: AlignedWord"):
        _ = tensorboard_plugin_attn.Writer
