"""docs/how-to/homes.md: each example runs as it stands and logs what it says; of packages that are here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from models.tiny_bert import save_tiny_bert, tiny_tokenizer
from pages.page_code import blocks, run_block
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

from tensorboard_plugin_attn import AttentionReader
from tensorboard_plugin_attn.integrations.transformers import AttentionCallback

PAGE = "docs/how-to/homes.md"
TEXT = "the doctor asked the nurse a question because she was late ."
pytestmark = [pytest.mark.filterwarnings("ignore")]  # of other people's packages


@dataclass(frozen=True)
class Home:
    """A section, the packages that it needs, and what it logs."""

    section: str
    package: str
    layers: int
    steps: Sequence[int] = (0, 10, 20)
    tag: str = "doctor/she"
    given: Callable[[], dict[str, Any]] = field(default=dict)
    is_heavy: bool = True


def rows() -> list[dict[str, Any]]:
    """Encoded sentences with labels."""
    encoded = AutoTokenizer.from_pretrained("my-bert")([TEXT] * 84, return_tensors="pt")
    return [
        {"labels": torch.tensor(row % 2), **{name: encoded[name][row] for name in encoded}}
        for row in range(84)
    ]


def texts() -> dict[str, Any]:
    import datasets

    return {"texts": datasets.Dataset.from_dict({"text": [TEXT] * 400})}


def preferences() -> dict[str, Any]:
    import datasets

    columns = {"prompt": "the doctor asked", "chosen": "the nurse .", "rejected": "a question ."}
    return {"preferences": datasets.Dataset.from_dict({name: [text] * 200 for name, text in columns.items()})}


def pairs() -> dict[str, Any]:
    import datasets

    columns = {"sentence1": [TEXT] * 200, "sentence2": ["the nurse was late ."] * 200, "score": [0.5] * 200}
    return {"pairs": datasets.Dataset.from_dict(columns)}


def images() -> dict[str, Any]:
    return {"images": [(torch.rand(2, 3, 64, 64), torch.tensor([0, 1]))] * 21}


def learner() -> dict[str, Any]:
    from fastai.data.core import DataLoaders
    from fastai.learner import Learner

    model = torch.nn.Sequential(
        torch.nn.Embedding(9, 16),
        torch.nn.TransformerEncoder(torch.nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 2),
        torch.nn.Linear(16, 9),
    )
    rows = [(torch.randint(9, (3,)), torch.randint(9, (3,))) for _ in range(42)]
    loader = torch.utils.data.DataLoader(rows, batch_size=2)
    made = Learner(
        DataLoaders(loader, loader),
        model,
        loss_func=lambda scores, labels: torch.nn.functional.cross_entropy(scores.transpose(1, 2), labels),
    )
    return {"learner": made, "probe": torch.tensor([[0, 1, 2]]), "tokens": list("abc")}


def encoded_rows() -> dict[str, Any]:
    return {"dataset": rows(), "loader": torch.utils.data.DataLoader(rows(), batch_size=4)}


HOMES = [
    Home("TRL: SFT with packing", "trl", 2, given=texts),
    Home("TRL: DPO", "trl", 2, given=preferences),
    Home("PEFT", "peft", 3, given=encoded_rows, is_heavy=False),
    Home("sentence-transformers", "sentence_transformers datasets", 3, given=pairs),
    Home("Lightning Fabric", "lightning", 3, given=encoded_rows, is_heavy=False),
    Home("timm", "timm", 12, tag="cat", given=images),
    Home("fastai", "fastai", 2, (1, 11, 21), "abc", learner),
    Home("Keras", "keras", 1, tag="probe"),
    Home("JAX", "jax", 1, (0,), "probe"),
]


def save_tiny_gpt(folder: Path) -> None:
    """A GPT-2 with random weights that knows the sentences' words, and an end of text."""
    tokenizer = tiny_tokenizer()
    tokenizer.eos_token = "[SEP]"
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    torch.manual_seed(0)
    size = {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64}
    end = tokenizer.eos_token_id
    GPT2LMHeadModel(
        GPT2Config(vocab_size=len(tokenizer), **size, bos_token_id=end, eos_token_id=end, pad_token_id=0)
    ).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@pytest.mark.parametrize(
    "home",
    [
        pytest.param(home, id=home.section, marks=[pytest.mark.slow] if home.is_heavy else [])
        for home in HOMES
    ],
)
def test_each_home_logs_the_probe_while_it_trains(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    for package in home.package.split():
        pytest.importorskip(package, exc_type=ImportError)
    monkeypatch.chdir(tmp_path)
    save_tiny_bert(tmp_path / "my-bert")
    save_tiny_gpt(tmp_path / "my-gpt")
    names = {"AttentionCallback": AttentionCallback, "probes": {"doctor/she": TEXT}, **home.given()}
    for block in blocks(PAGE, home.section):
        assert len([line for line in block.splitlines() if line.strip()]) <= 14
        run_block(PAGE, block, names)
    reader = AttentionReader("runs")
    [run] = reader.runs()
    assert reader.steps(run, home.tag) == list(home.steps)
    record = reader.read(run, home.tag, home.steps[-1])
    assert len(record.layers) == home.layers
    assert all(np.isfinite(layer.weights).all() for layer in record.layers)


def test_every_section_is_run() -> None:
    text = (Path(__file__).resolve().parents[2] / PAGE).read_text("utf-8")
    assert [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")] == [
        home.section for home in HOMES
    ]
