"""docs/how-to/training.md: every block of Python runs as it stands and logs what it says."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from models.tiny_bert import save_tiny_bert
from pages.page_code import blocks, run_block
from transformers import AutoTokenizer, BertForSequenceClassification, GPT2Config, GPT2LMHeadModel

from tensorboard_plugin_attn import AttentionReader, AttentionWriter

PAGE = "docs/how-to/training.md"
MOST_LINES = 12
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*pin_memory"),  # torch says that there is no GPU
    pytest.mark.filterwarnings("ignore::lightning.pytorch.utilities.warnings.PossibleUserWarning"),  # advice
    pytest.mark.filterwarnings("ignore:.*treespec, LeafSpec.*"),  # lightning calls what torch will remove
]


def run(section: str, names: dict[str, Any]) -> None:
    """Execute a section's blocks, one after another."""
    for block in blocks(PAGE, section):
        run_block(PAGE, block, names)


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the page's reader has: a checkpoint, a dataset and a loader, in an empty directory."""
    monkeypatch.chdir(tmp_path)
    save_tiny_bert(tmp_path / "my-bert")
    tokenizer = AutoTokenizer.from_pretrained("my-bert")
    encoded = tokenizer(["the doctor asked the nurse ."] * 84, return_tensors="pt")
    dataset = [
        {"labels": torch.tensor(row % 2), **{name: encoded[name][row] for name in encoded}}
        for row in range(84)
    ]
    return {"dataset": dataset, "loader": torch.utils.data.DataLoader(dataset, batch_size=4)}


@pytest.mark.parametrize(
    ("section", "steps"),
    [
        ("Trainer", [0, 10, 20]),
        ("Lightning", [0, 10, 20]),
        ("Plain loop", [0, 10, 20]),
        ("accelerate", [0, 10, 20]),
    ],
)
def test_an_example_of_at_most_twelve_lines_logs_a_bert_like_model(
    section: str, steps: list[int], names: dict[str, Any]
) -> None:
    longest = max(
        len([line for line in block.splitlines() if line.strip()]) for block in blocks(PAGE, section)
    )
    assert longest <= MOST_LINES
    run(section, names)
    reader = AttentionReader("runs")
    (place,) = reader.runs()
    assert reader.steps(place, "doctor/she") == steps
    record = reader.read(place, "doctor/she", 20)
    assert record.tokens[:3] == ["[CLS]", "the", "doctor"]
    assert len(record.layers) == 3
    assert len(list(Path("runs").rglob("events.*"))) == (0 if section == "accelerate" else 1)


def bert_names(writer: AttentionWriter) -> dict[str, Any]:
    tokenizer = AutoTokenizer.from_pretrained("my-bert")
    return {
        "model": BertForSequenceClassification.from_pretrained("my-bert"),
        "tokenizer": tokenizer,
        "inputs": tokenizer("the doctor asked the nurse .", return_tensors="pt"),
        "writer": writer,
        "step": 100,
    }


@pytest.mark.usefixtures("names")
def test_the_other_blocks_log_what_they_say() -> None:
    with AttentionWriter("runs") as writer:
        run("Several probes in one forward", bert_names(writer))
        run("FSDP: EVERY RANK MUST CALL `add_probe`", bert_names(writer))
        generating = bert_names(writer)
        config = GPT2Config(n_embd=16, n_layer=2, n_head=2, vocab_size=len(generating["tokenizer"]))
        config.bos_token_id = config.eos_token_id = config.pad_token_id = 0
        generating["model"] = GPT2LMHeadModel(config).eval()
        generating["inputs"].pop("token_type_ids")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=FutureWarning)  # transformers on its own defaults
            run("generate", generating)
    reader = AttentionReader("runs")
    assert reader.tags(".") == ["doctor/he", "doctor/she", "doctor/short", "generated"]
    assert len(reader.read(".", "doctor/short", 100).tokens) == 8
    assert len(reader.read(".", "doctor/he", 100).tokens) > 8
    assert reader.read(".", "generated", 100).layers[0].mask == "causal"
