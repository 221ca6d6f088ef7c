"""A notebook that runs ``show`` in each of its forms, opened in Chromium without a network: every cell draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

SETUP = """\
import numpy as np, torch
from transformers import BertConfig, BertModel
from models.tiny_bert import tiny_tokenizer
from tensorboard_plugin_attn import AttentionReader, AttentionRecord, AttentionWriter, LayerAttention, show
from tensorboard_plugin_attn.showing import head_view, model_view
from tensorboard_plugin_attn.showing.neuron_view import show as neuron_view

torch.manual_seed(0)
tokenizer, text = tiny_tokenizer(), "the doctor asked the nurse ."
sizes = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
model = BertModel(BertConfig(vocab_size=len(tokenizer), **sizes), add_pooling_layer=False)
model.set_attn_implementation("eager")
inputs = tokenizer(text, return_tensors="pt")
attention = model.eval()(**inputs, output_attentions=True).attentions
tokens = tokenizer.convert_ids_to_tokens(inputs["input_ids"][0])
record = AttentionRecord([LayerAttention(layer) for layer in attention], tokens)
with AttentionWriter("log/run") as writer:
    for step in (3, 4, 5):
        writer.add_record("probe", record, step)
reader = AttentionReader("log")
"""
CELLS = {  # code → the view that it draws
    "show(model, tokenizer, text)": "model",
    'show(attention, tokens, view="head")': "head",
    'show(model, tokenizer, text, view="neuron", layer=1)\n"more"': "neuron",
    "record": "model",
    'record.show(view="head")': "head",
    'reader.show("run", "probe", 3)': "model",
    'reader.show("run", "probe")': "model",
    'reader.show("run", "probe", view="evolution")': "evolution",
    "head_view(attention, tokens, heads=[1])": "head",
    'model_view(attention, tokens, display_mode="light")\nNone': "model",
    'neuron_view(model, "bert", tokenizer, text, html_action="return")': "neuron",
}
LIGHT = [*CELLS].index('model_view(attention, tokens, display_mode="light")\nNone')
DRAWN = "performance.getEntries().filter(({name}) => name.startsWith('attn:drawn:')).map(({name}) => name)"


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[list[Any]]:
    """What each cell put out."""
    cells = [nbformat.v4.new_code_cell(code) for code in (SETUP, *CELLS)]
    path = tmp_path_factory.mktemp("notebook")
    client = nbclient.NotebookClient(
        nbformat.v4.new_notebook(cells=cells), timeout=300, resources={"metadata": {"path": str(path)}}
    )
    return [cell["outputs"] for cell in client.execute()["cells"]][1:]


def test_each_cell_holds_one_frame(outputs: list[list[Any]]) -> None:
    for code, cell in zip(CELLS, outputs, strict=True):
        pages = [out["data"]["text/html"] for out in cell if "text/html" in out.get("data", {})]
        assert [page.count("<iframe") for page in pages] == [1], code


def test_only_a_run_has_a_slider_and_a_pane_and_its_steps_draw(
    browser: Browser, outputs: list[list[Any]], tmp_path: Path
) -> None:
    path = tmp_path / "notebook.html"
    run = [*CELLS].index('reader.show("run", "probe")')
    for number in (0, run):
        [out] = [out for out in outputs[number] if "text/html" in out.get("data", {})]
        path.write_text(out["data"]["text/html"], encoding="utf-8")
        context = browser.new_context(offline=True, viewport={"width": 1200, "height": 900})
        page = context.new_page()
        page.goto(path.as_uri())
        frame = page.frames[1]
        frame.wait_for_selector("canvas[role=img]", timeout=60_000)
        slider = frame.get_by_role("slider", name="Step")
        assert slider.count() == (number == run)
        assert frame.locator(".left-pane").count() == (number == run)
        if number == run:
            before = frame.evaluate(DRAWN).count("attn:drawn:model")
            slider.focus()
            page.keyboard.press("ArrowLeft")
            while frame.evaluate(DRAWN).count("attn:drawn:model") == before:
                page.wait_for_timeout(50)
            assert slider.get_attribute("aria-valuetext") != "5"
            assert frame.get_by_text("metrics alone").count() == 0
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_cell_draws_without_a_network_in_both_themes(
    browser: Browser, outputs: list[list[Any]], tmp_path: Path, scheme: Any
) -> None:
    pages = [
        out["data"]["text/html"] for cell in outputs for out in cell if "text/html" in out.get("data", {})
    ]
    path = tmp_path / "notebook.html"
    path.write_text("<!doctype html><meta charset=utf-8>" + "".join(pages), encoding="utf-8")
    context = browser.new_context(offline=True, color_scheme=scheme, viewport={"width": 1000, "height": 900})
    page, errors = context.new_page(), list[str]()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())
    frames = page.frames[1:]
    assert len(frames) == len(CELLS)
    for frame, view in zip(frames, CELLS.values(), strict=True):
        frame.frame_element().scroll_into_view_if_needed()  # what is out of sight is not drawn
        while f"attn:drawn:{view}" not in frame.evaluate(
            DRAWN
        ):  # the page's policy forbids what waits inside it
            page.wait_for_timeout(50)
        assert frame.locator("canvas[role=img]").count() >= 1
        assert frame.evaluate("document.documentElement.dataset.theme") == scheme
    context.close()
    assert errors == []


@pytest.mark.parametrize(
    ("marked", "cell", "theme"),
    [
        ("<body data-jp-theme-light=false>", 1, "dark"),
        ("<body class=vscode-dark>", 1, "dark"),
        ("<html theme=dark><body>", 1, "dark"),
        ("<body class=quarto-light>", 1, "light"),
        ("<body class=vscode-dark>", LIGHT, "light"),
    ],
)
def test_a_frame_is_light_or_dark_as_the_notebook_is_or_as_it_is_told(
    browser: Browser, outputs: list[list[Any]], tmp_path: Path, marked: str, cell: int, theme: str
) -> None:
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html>{marked}{outputs[cell][0]['data']['text/html']}", encoding="utf-8")
    context = browser.new_context(offline=True, color_scheme="null")  # as the system is
    page = context.new_page()
    page.goto(path.as_uri())
    frame = page.frames[1]
    frame.wait_for_selector("canvas[role=img]", timeout=60_000)
    frame.wait_for_selector(f"html[data-theme={theme}]", timeout=60_000)
    context.close()
