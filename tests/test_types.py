"""A user's typed script passes mypy --strict and pyright; each wrong use of a public name is an error of both."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RIGHT = """\
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tensorboard_plugin_attn import (
    AttentionReader, AttentionRecord, AttentionWriter, LayerAttention, Shown, capture, show,
)

weights: NDArray[np.float32] = np.full((2, 3, 3), 1 / 3, np.float32)
record = AttentionRecord([LayerAttention(weights)], ["a", "b", "c"])
read: NDArray[np.float32] = record.layers[0].weights
largest: float = float(record.layers[0].weights.max())

def log(model: torch.nn.Module, attentions: tuple[torch.Tensor, ...]) -> Shown:
    with AttentionWriter(Path("runs"), precision="float16", scalars="summary") as writer:
        writer.add_record("probe", record, 0)
        writer.add_attention("probe", attentions, ["a", "b", "c"], 1)
        writer.add_attention("probe", [weights], ["a", "b", "c"], 2, track={"pair": ("a", "b")})
    with capture(model) as captured:
        captured.model(torch.zeros(1))
    on_cpu: torch.Tensor = captured.layers[0].weights.cpu()
    print(on_cpu.shape)
    shown: Shown = show(attentions, ["a", "b", "c"], view="head", heads=[0])
    return shown

reader = AttentionReader("runs")
steps: list[int] = reader.steps(".", "probe")
values: NDArray[np.float32] = reader.metrics(".", "probe").values
shown: Shown = reader.show(".", "probe", steps[0], view="model", save="figure.html")
"""
WRONG = {
    "a precision that there is not": 'AttentionWriter("runs", precision="int4")',
    "scalars that are none of the three": 'AttentionWriter("runs", scalars="all")',
    "a step as text": 'AttentionWriter("runs").add_record("probe", record, "1")',
    "weights as text": 'AttentionWriter("runs").add_attention("probe", 5, ["a"], 1)',
    "an array where a record belongs": 'AttentionWriter("runs").add_record("probe", weights, 1)',
    "a view that there is not": 'record.show("matrix")',
    "a layer without weights as one": "AttentionRecord([weights], ['a', 'b', 'c'])",
    "a number as its tokens": "AttentionRecord([LayerAttention(weights)], 3)",
    "numpy taken for torch": "record.layers[0].weights.cpu()",
    "an option that there is not": "show([weights], ['a'], theme='dark')",
}


def script(folder: Path, *lines: str) -> Path:
    path = folder / "users.py"
    path.write_text(RIGHT + "".join(f"{line}\n" for line in lines))
    return path


def mypy_errors(path: Path) -> dict[int, str]:
    """Line → message."""
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--no-error-summary",
        "--cache-dir",
        str(path.parent / "cache"),
    ]
    done = subprocess.run(
        [*command, str(path)], cwd=path.parent, env=environment(), capture_output=True, text=True
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = re.findall(r"^users\.py:(\d+): error: (.*)$", done.stdout, re.MULTILINE)
    return {int(line): message for line, message in found}


def pyright_errors(path: Path) -> dict[int, str]:
    """Line → message."""
    (path.parent / "pyrightconfig.json").write_text(
        json.dumps({"typeCheckingMode": "standard", "extraPaths": [str(ROOT)]})
    )
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, str(path)]
    done = subprocess.run(command, cwd=path.parent, env=environment(), capture_output=True, text=True)
    found = json.loads(done.stdout)["generalDiagnostics"]
    return {
        each["range"]["start"]["line"] + 1: each["message"] for each in found if each["severity"] == "error"
    }


def environment() -> dict[str, str]:
    """The checkout as a user's checker finds it."""
    return {**os.environ, "MYPYPATH": str(ROOT), "PYTHONPATH": str(ROOT)}


CHECKERS = {"mypy": mypy_errors, "pyright": pyright_errors}


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS)
def test_a_typed_script_passes_and_every_wrong_use_is_an_error(checker: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed")
    found = CHECKERS[checker](script(tmp_path, *WRONG.values()))
    first = RIGHT.count("\n") + 1
    assert {line: message for line, message in found.items() if line < first} == {}
    missed = [name for number, name in enumerate(WRONG, start=first) if number not in found]
    assert missed == []
