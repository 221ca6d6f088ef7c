"""docs/tutorials/notebook.md and docs/how-to/coming_from_bertviz.md: every block runs as it stands; BertViz's calls are ours."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from logs.stand_in_bundle import stand_in
from models.tiny_bert import save_tiny_bert
from pages.page_code import ROOT, blocks, run_block

from tensorboard_plugin_attn.showing import head_view, model_view, neuron_view, show

NOTEBOOK, BERTVIZ = "docs/tutorials/notebook.md", "docs/how-to/coming_from_bertviz.md"


@pytest.mark.parametrize("page", [NOTEBOOK, BERTVIZ])
def test_every_block_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    stand_in(tmp_path, monkeypatch)
    save_tiny_bert(tmp_path / "my-bert")
    names: dict[str, Any] = {}
    for block in blocks(page):
        run_block(page, block, names)
    assert (tmp_path / "figure.html").exists() == (page == NOTEBOOK)


def test_each_argument_on_the_page_is_one_of_ours() -> None:
    text = (ROOT / BERTVIZ).read_text("utf-8")
    known = {
        name
        for call in (head_view, model_view, neuron_view.show, show)
        for name in inspect.signature(call).parameters
    }
    assert set(re.findall(r"(\w+)=", text)) - known == {"output_attentions"}


def test_the_page_for_bertviz_is_one_screen() -> None:
    assert len((ROOT / BERTVIZ).read_text("utf-8").splitlines()) <= 45
