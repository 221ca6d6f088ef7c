"""README.md and docs/: every block of Python runs as it stands and gives what the page says."""

from __future__ import annotations

import ast
import importlib
import inspect
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import alignment
import digits
import distance_decay
import induction
import numpy as np
import pytest
import speech
import torch
from models.tiny_bert import save_tiny_bert
from pages.page_code import ROOT, blocks, run_block
from transformers import (
    AutoTokenizer,
    BertForSequenceClassification,
    GPT2Config,
    GPT2LMHeadModel,
    Trainer,
    TrainingArguments,
)

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, ImageTokens, Part, SoundTokens
from tensorboard_plugin_attn.commands import command_line
from tensorboard_plugin_attn.integrations.transformers import AttentionCallback
from tensorboard_plugin_attn.measuring.head_metrics import CHANGES, METRICS
from tensorboard_plugin_attn.storing.store import list_steps, list_tags

TWO_STEPS = ["--steps", "2", "--no-serve"]
STORIES: dict[str, Callable[[], int]] = {
    "docs/tutorials/use_case_bias.md": lambda: command_line.main(["demo", *TWO_STEPS, "--model", "my-bert"]),
    "docs/tutorials/use_case_induction.md": lambda: induction.main(TWO_STEPS),
    "docs/tutorials/use_case_alignment.md": lambda: alignment.main(TWO_STEPS),
    "docs/tutorials/use_case_distance_decay.md": lambda: distance_decay.main(TWO_STEPS),
    "docs/tutorials/use_case_digits.md": lambda: digits.main(TWO_STEPS),
    "docs/tutorials/use_case_speech.md": lambda: speech.main(TWO_STEPS),
}
TESTED = {
    "README.md",
    "docs/how-to/training.md",
    "docs/how-to/capture.md",
    "docs/how-to/evolution.md",
    "docs/how-to/effect.md",
    "docs/reference/format.md",
    *STORIES,
}
TESTED_ELSEWHERE = {
    "docs/how-to/homes.md",  # test_homes_page.py
    "docs/how-to/coming_from_bertviz.md",
    "docs/tutorials/notebook.md",
}  # test_notebook_pages.py
READ = [
    "docs/how-to/ranks.md",
    "docs/how-to/team.md",
    "docs/how-to/images_and_sound.md",
    "docs/how-to/vision_language.md",
]
"""Pages whose code needs several processes, a bucket or a trained model: every name and keyword in it exists."""
CALLED = {
    "AttentionWriter": AttentionWriter,
    "add_probe": AttentionWriter.add_probe,
    "add_attention": AttentionWriter.add_attention,
    "AttentionReader": AttentionReader,
    "AttentionCallback": AttentionCallback,
    "ImageTokens": ImageTokens,
    "SoundTokens": SoundTokens,
    "Part": Part,
}
SENTENCE = "the doctor asked the nurse a question because she was late ."


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory with a checkpoint of 6 layers and 4 heads."""
    monkeypatch.chdir(tmp_path)
    save_tiny_bert(tmp_path / "my-bert", layers=6, heads=4)
    return tmp_path


def bert(sentences: list[str]) -> dict[str, Any]:
    """A model that returns its weights, its tokenizer, and encoded sentences."""
    tokenizer = AutoTokenizer.from_pretrained("my-bert")
    model = BertForSequenceClassification.from_pretrained("my-bert", attn_implementation="eager").eval()
    inputs = tokenizer(sentences, return_tensors="pt")
    tokens = tokenizer.convert_ids_to_tokens(inputs["input_ids"][0])
    return {"model": model, "tokenizer": tokenizer, "inputs": inputs, "tokens": tokens, "step": 60}


def trainer(names: dict[str, Any]) -> Callable[..., None]:
    """A ``Trainer(..., callbacks=…)`` that trains two epochs, with the other arguments filled in."""

    def train(_: Any, callbacks: list[Any]) -> None:
        rows = [{"labels": torch.tensor(0), **{key: rows[0] for key, rows in names["inputs"].items()}}] * 8
        arguments = TrainingArguments("runs/trainer", num_train_epochs=2, report_to="tensorboard")
        Trainer(
            names["model"],
            arguments,
            train_dataset=rows,
            processing_class=names["tokenizer"],
            callbacks=callbacks,
        ).train()

    return train


def test_the_evolution_page_names_every_metric() -> None:
    page = (ROOT / "docs" / "how-to" / "evolution.md").read_text("utf-8")
    assert [name for name in [*METRICS, *CHANGES] if f"`{name}`" not in page] == []


def test_every_page_with_python_is_tested() -> None:
    pages = {page.relative_to(ROOT).as_posix() for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]}
    assert {page for page in pages if "```python" in (ROOT / page).read_text("utf-8")} == {
        *TESTED,
        *TESTED_ELSEWHERE,
        *READ,
    }


@pytest.mark.parametrize("page", READ)
def test_code_that_cannot_run_here_uses_names_and_keywords_that_exist(page: str) -> None:
    nodes = [node for block in blocks(page) for node in ast.walk(ast.parse(block))]
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("tensorboard_plugin_attn"):
            module = importlib.import_module(str(node.module))
            assert [each.name for each in node.names if not hasattr(module, each.name)] == []
        if isinstance(node, ast.Call):
            called = CALLED.get(getattr(node.func, "attr", getattr(node.func, "id", "")))
            known = dict(inspect.signature(called).parameters) if called is not None else {}
            if any(each.kind is each.VAR_KEYWORD for each in known.values()):
                known |= inspect.signature(AttentionWriter).parameters
            assert called is None or {each.arg for each in node.keywords} - {None} <= set(known)
    assert nodes


@pytest.mark.filterwarnings("ignore:.*pin_memory")  # torch says that there is no GPU
def test_the_readme_logs_a_probe_by_writer_trainer_and_tensors_and_reads_it_back() -> None:
    names = bert([SENTENCE])
    names["Trainer"] = trainer(names)
    probe, with_trainer, tensors, reading = blocks("README.md")
    run_block("README.md", probe, names)
    names["writer"].flush()
    assert AttentionReader("runs").read("baseline", "doctor/she", 60).tokens[:2] == ["[CLS]", "the"]
    run_block("README.md", with_trainer, names)
    [place] = [run for run in AttentionReader("runs").runs() if run.startswith("trainer")]
    assert AttentionReader("runs").steps(place, "doctor/she") == [0, 1, 2]
    names["model"].eval()
    run_block("README.md", tensors, names)
    names["writer"].close()
    run_block("README.md", reading, names)
    given, read = names["outputs"].attentions, names["record"]
    assert read.tokens == names["tokens"]
    assert np.abs(read.layers[5].weights[3] - given[5][0, 3].detach().numpy()).max() < 0.002


def test_the_capture_page_reads_a_batch_a_generation_and_what_beams_found() -> None:
    names = bert([SENTENCE] * 4)
    batch, generation, beams = blocks("docs/how-to/capture.md")
    run_block("docs/how-to/capture.md", batch, names)
    assert len(names["record"].layers) == 6
    vocabulary = len(names["tokenizer"])
    config = GPT2Config(n_embd=16, n_layer=2, n_head=2, vocab_size=vocabulary, bos_token_id=0, eos_token_id=0)
    names["model"] = GPT2LMHeadModel(config).eval()
    names["inputs"] = {"input_ids": names["inputs"]["input_ids"][:1], "attention_mask": torch.ones(1, 14)}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning)  # transformers on its own defaults
        run_block("docs/how-to/capture.md", generation, names)
        run_block("docs/how-to/capture.md", beams, names)
    assert names["record"].layers[0].mask == "causal"
    assert names["captured"].layers[0].num_keys == len(names["output"][0]) - 1


def test_the_evolution_page_follows_a_pair_and_reads_what_the_tab_shows() -> None:
    logging, reading = blocks("docs/how-to/evolution.md")
    names = bert([SENTENCE])
    run_block("docs/how-to/evolution.md", logging, {**names, "summary_writer": "runs/mine"})
    STORIES["docs/tutorials/use_case_bias.md"]()
    run_block("docs/how-to/evolution.md", reading, names)
    assert "she→nurse" in AttentionReader("runs").metrics("mine", "doctor/she").names
    assert names["series"].steps.tolist() == [0, 1, 2]


def test_the_format_page_decodes_a_head_without_this_package(here: Path) -> None:
    names = bert([SENTENCE])
    with AttentionWriter("runs/a") as writer:
        writer.add_probe("doctor/she", names["model"], names["inputs"], names["tokenizer"], 60)
    reader = AttentionReader("runs")
    [file] = list_steps(reader.files, list_tags(reader.files, "a")["doctor/she"])
    shutil.copy(here / "runs" / file.path, here)
    [block] = blocks("docs/reference/format.md")
    run_block("docs/reference/format.md", block, names)
    assert names["weights"] == pytest.approx(
        reader.read("a", "doctor/she", 60).layers[5].weights[3], abs=1e-6
    )


@pytest.mark.parametrize("page", list(STORIES))
def test_the_python_of_a_use_case_runs_on_the_log_of_its_demo(page: str) -> None:
    STORIES[page]()
    names: dict[str, Any] = {}
    for block in blocks(page):
        run_block(page, block, names)
