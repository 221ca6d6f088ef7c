"""Effects in a real TensorBoard: the ranking, bars on the squares, words, and the roles' line are those of the log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from attention_tab import AttentionTab
from logs.tensorboard_server import TensorBoardServer
from models.sharp_models import small, token_ids
from playwright.sync_api import Browser, expect
from shown_numbers import shown_difference

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, MetricSeries

STEPS = (0, 10, 20)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small GPT-2 whose heads change; effects on its loss, and on a function of its outputs."""
    path = tmp_path_factory.mktemp("effects")
    torch.manual_seed(0)
    model = small("gpt2")
    ids = token_ids(1)
    tokens = [f"t{number}" for number in range(ids.shape[1])]

    def seven_minus_eight(outputs: object) -> torch.Tensor:
        last: torch.Tensor = outputs.logits[0, -1]  # type: ignore[attr-defined]  # transformers' outputs
        return last[7] - last[8]

    with AttentionWriter(path) as writer:
        for step in STEPS:
            inputs = {"input_ids": ids, "labels": ids}
            writer.add_probe("loss", model, inputs, tokens, step, effect="loss", ablate=True)
            writer.add_probe("logits", model, {"input_ids": ids}, tokens, step, effect=seven_minus_eight)
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter += 0.02 * torch.randn_like(parameter)
    return path


@pytest.fixture(scope="module", params=["light", "dark"])
def tab(request: pytest.FixtureRequest, browser: Browser, directory: Path) -> Iterator[AttentionTab]:
    with TensorBoardServer.start(logdir=directory) as server:
        tab = AttentionTab.open(browser, server.url, dark=request.param == "dark", view="model", tag="loss")
        tab.wait_drawn("model")
        yield tab
        tab.close()


def ranked(series: MetricSeries, name: str, row: int) -> list[tuple[str, float]]:
    """Layer.head and value, the largest first."""
    values = series.values[row, :, :, series.names.index(name)]
    order = np.argsort(-np.abs(values), axis=None, kind="stable")
    places = [divmod(int(at), values.shape[1]) for at in order]
    return [(f"{layer}.{head}", float(values[layer, head])) for layer, head in places]


def test_the_ranking_is_that_of_the_log_and_says_who_helps(tab: AttentionTab, directory: Path) -> None:
    series = AttentionReader(directory).metrics(".", "loss")
    tab.go("model", run=".", tag="loss", step=20)
    title = "Heads by effect on the loss at step 20"
    region = tab.frame.get_by_role("region", name=title)
    rows = region.locator(".effect-row")
    rows.first.wait_for()
    found = rows.evaluate_all("rows => rows.map(row => [row.dataset.head, Number(row.dataset.value)])")
    wanted = ranked(series, "effect", 2)[: len(found)]
    assert [head for head, _ in found] == [head for head, _ in wanted]
    np.testing.assert_allclose([value for _, value in found], [value for _, value in wanted], rtol=1e-5)
    words = rows.locator(".effect-word").all_inner_texts()
    for word, (_, value) in zip(words, wanted, strict=True):
        assert word in ("within noise", "helps" if value < 0 else "hurts")
    tab.go("model", run=".", tag="loss", step=20, metric="ablation")
    expect(tab.frame.get_by_role("region", name="Heads by ablation on the loss at step 20")).to_be_visible()
    tab.go("model", run=".", tag="logits", step=10)
    expect(
        tab.frame.get_by_role("region", name="Heads by effect on seven minus eight at step 10")
    ).to_be_visible()


def test_the_squares_of_the_head_view_have_bars_and_say_the_effect(
    tab: AttentionTab, directory: Path
) -> None:
    series = AttentionReader(directory).metrics(".", "loss")
    effect = series.names.index("effect")
    tab.go("head", run=".", tag="loss", step=20, layer=1, mode="lines")
    values = series.values[2, 1, :, effect]
    heights: list[float] = []
    for head, value in enumerate(values):
        square = tab.button(f"Head {head}")
        bar = square.locator(".square-effect")
        heights.append(bar.evaluate("bar => parseFloat(bar.style.height)"))
        assert ("is-less" in str(bar.get_attribute("class"))) == (value < 0)
        number = square.locator(".square-number").inner_text().replace("−", "-").replace("±", "")
        assert float(number) == pytest.approx(value, rel=0.06, abs=0.0001)
        assert "effect on the loss" in str(square.get_attribute("title"))
    shares = np.abs(values) / np.abs(values).max()
    assert np.array(heights) / max(heights) == pytest.approx(shares, abs=0.1)  # a bar is never below 1 px


def test_evolution_names_the_objective_and_roles_say_the_effect(tab: AttentionTab, directory: Path) -> None:
    series = AttentionReader(directory).metrics(".", "loss")
    tab.go("evolution", run=".", tag="loss", step=20, metric="effect", pane="chart", chosen="1.2")
    expect(tab.frame.get_by_role("heading", name="Effect of every head on the loss")).to_be_visible()
    value = float(series.values[2, 1, 2, series.names.index("effect")])
    text = f"effect {shown_difference(value)}" if abs(value) >= 0.1 else "effect "
    expect(tab.frame.get_by_role("list", name="Roles")).to_contain_text(text)
