"""The Model view in a real TensorBoard: thumbnails to the pixel, tips with the record's metrics, the chosen head."""

from __future__ import annotations

import numpy as np
import pytest
from attention_tab import AttentionTab
from expected_pixels import STORED, line_heights, same_colours, thumbnail
from heads_grid import cell, cell_size, covered, wrong_cells
from planted_log import BRIGHT, RUNS, STEPS, TOKENS, PlantedLog, pattern_weights, steep_weights
from playwright.sync_api import Locator, expect
from shown_matrix import agrees, weights_shown

from tensorboard_plugin_attn import AttentionReader

TITLES = {
    "max_score": "largest score",
    "change_first": "change from first step",
    "change_previous": "change from previous step",
}


def test_every_head_of_every_step_of_both_runs_shows_its_planted_pattern_in_both_themes(
    themed_tab: AttentionTab,
) -> None:
    for run in RUNS:
        for step in STEPS:
            themed_tab.go("model", run=run, tag="patterns", step=step)
            found = themed_tab.pixels(themed_tab.canvas(f"Attention heads at step {step}"))
            assert wrong_cells(themed_tab, found, pattern_weights(step, run)) == [], (run, step)


def test_one_strong_weight_among_128_tokens_stays_visible_in_its_cell(themed_tab: AttentionTab) -> None:
    themed_tab.go("model", run="planted", tag="long/128", head=11)
    y, x = cell(themed_tab, 0, 0)
    side = cell_size(themed_tab)
    found = themed_tab.pixels(themed_tab.canvas("Attention heads"))[y : y + side, x : x + side]
    weights = steep_weights()[0]
    assert same_colours(found, thumbnail(weights, themed_tab.theme, side))
    from_zero = np.abs(found[..., 0].astype(int) - found[-1, 0, 0])
    row, column = np.unravel_index(from_zero.argmax(), from_zero.shape)
    last = int(np.ceil(side / STORED))  # pixels of the last key that is stored
    assert (row, column >= side - last) == (0, True)


def test_line_thumbnails_draw_each_pattern_from_query_to_key(tab: AttentionTab) -> None:
    tab.go("model", run="planted", tag="patterns", step=0, thumbnails="lines", layer=2, head=11)
    pixels = tab.pixels(tab.canvas("Attention heads")).astype(int)
    weights = pattern_weights(0)[0]
    side = cell_size(tab)
    pitch = side / len(TOKENS)
    for head in range(3):
        y, x = cell(tab, 0, head)
        middle = 243 - pixels[y : y + side, x + side // 2, 0]
        heights = line_heights(weights[head], 0.5, pitch)
        inked = {height for height in heights if middle[int(height) - 1 : int(height) + 2].max() > 60}
        assert inked == set(heights)
    y, x = cell(tab, 0, 3)
    middle = pixels[y : y + side, x + side // 2, 0]
    assert abs(int(middle.argmin()) - (sum(BRIGHT) / 2 + 0.5) * pitch) <= 2


def test_dimmed_heads_are_paler_and_sorted_heads_change_places(
    tab: AttentionTab, planted: PlantedLog
) -> None:
    where = {"run": "planted", "tag": "patterns", "step": 0}
    tab.go("model", **where, metric="same_token", dim=0.5, layer=2, head=11)
    pixels = tab.pixels(tab.canvas("Attention heads")).astype(int)
    side = cell_size(tab)
    y, x = cell(tab, 0, 0)
    assert pixels[y : y + side, x : x + side, 0].min() < 20
    y, x = cell(tab, 0, 1)
    assert pixels[y : y + side, x : x + side, 0].min() > 150
    tab.go("model", **where, sort="previous_token")
    series = AttentionReader(planted.directory).metrics("planted", "patterns")
    values = series.values[0, 0, :, series.names.index("previous_token")]
    lefts = [cell(tab, 0, head)[1] for head in range(12)]
    assert np.argsort(lefts).tolist() == np.argsort(-values, kind="stable").tolist()
    assert tab.frame.get_by_text("most to least previous token").is_visible()


@pytest.mark.parametrize(("run", "step", "layer", "head"), [("planted", 10, 1, 3), ("second", 250, 0, 7)])
def test_the_tip_names_layer_head_and_the_metrics_of_the_record(
    tab: AttentionTab, planted: PlantedLog, run: str, step: int, layer: int, head: int
) -> None:
    tab.go("model", run=run, tag="patterns", step=step)
    tab.button(f"Layer {layer} head {head}").hover()
    tip = tab.frame.get_by_role("tooltip")
    expect(tip).to_contain_text(f"Layer {layer} · Head {head}")
    shown = {
        row.get_by_role("rowheader").inner_text(): row.get_by_role("cell").all_inner_texts()
        for row in rows(tip)
    }
    series = AttentionReader(planted.directory).metrics(run, "patterns")
    values = series.values[STEPS.index(step), layer, head]
    change = values - series.values[0, layer, head]
    assert len(shown) >= 8
    for name, value, difference in zip(series.names, values, change, strict=True):
        texts = shown.pop(TITLES.get(name, name.replace("_", " ")), None)
        if texts is not None:
            assert number(texts[0]) == pytest.approx(value, abs=0.0051, nan_ok=True), name
            assert number(texts[1]) == pytest.approx(difference, abs=0.0051, nan_ok=True), name
    assert shown == {}
    assert covered(tip, tab.canvas("Attention heads at step")) < 0.5


def rows(tip: Locator) -> list[Locator]:
    """The rows of a tip's table that hold a metric."""
    found = tip.get_by_role("row").all()
    return [row for row in found if row.get_by_role("cell").count() > 0]


def number(text: str) -> float:
    """A shown number; a dash is an undefined one."""
    return float("nan") if text == "–" else float(text.replace("−", "-").replace("±", ""))


def test_a_click_opens_the_head_beside_the_grid_and_the_link_leads_to_the_head_view(
    tab: AttentionTab,
) -> None:
    tab.go("model", run="planted", tag="patterns", step=0)
    tab.after_drawing("model", tab.button("Layer 1 head 4").click)
    chosen = tab.frame.get_by_role("complementary", name="Chosen head")
    expect(chosen.get_by_role("heading")).to_have_text("Layer 1 · Head 4")
    expect(tab.canvas("Attention matrix of layer 1 head 4")).to_be_visible()
    expect(tab.button("Layer 1 head 4")).to_have_attribute("aria-current", "true")
    tab.after_drawing("head", chosen.get_by_role("button", name="Head →").click)
    expect(tab.frame.get_by_role("tab", name="Head")).to_have_attribute("aria-selected", "true")
    expect(tab.frame.get_by_role("combobox", name="Layer")).to_have_value("1")


def test_the_side_panel_shows_the_matrix_and_where_a_token_looks(themed_tab: AttentionTab) -> None:
    themed_tab.go("model", run="planted", tag="patterns", step=0, layer=0, head=1)
    weights = pattern_weights(0)[0, 1]
    assert agrees(themed_tab, weights, 0.1)
    themed_tab.frame.get_by_role("option", name="doctor").first.hover()
    assert weights_shown(themed_tab) == pytest.approx(weights[TOKENS.index("doctor")].tolist(), abs=0.0051)


def test_beside_line_thumbnails_stand_the_lines_and_weights_of_the_chosen_head(tab: AttentionTab) -> None:
    tab.go("model", run="planted", tag="patterns", step=0, layer=0, head=1, thumbnails="lines")
    lines = tab.pixels(tab.canvas("Attention lines of layer 0 head 1"))
    wanted = line_heights(pattern_weights(0)[0, 1], 0.5, 24)
    middle = lines[:, lines.shape[1] // 2, 3]
    assert [height for height in wanted if middle[int(height) - 1 : int(height) + 2].max() < 60] == []
    tab.frame.get_by_role("option", name="doctor").first.hover()
    expect(tab.frame.locator(".weight-column span").nth(1)).to_have_text("1.00")
    expect(tab.frame.locator(".weight-column span").nth(2)).to_have_text(".00")


def test_encoder_decoder_and_cross_layers_stand_under_their_headings(tab: AttentionTab) -> None:
    tab.go("model", run="planted", tag="translation", step=10)
    text = tab.frame.locator(".heads-grid").inner_text().lower()
    assert all(name in text for name in ("encoder", "decoder", "cross"))
    for group in ("Encoder", "Decoder", "Cross"):
        for layer in range(2):
            expect(tab.button(f"{group} layer {layer} head 3")).to_be_attached()


def test_layers_may_have_different_numbers_of_heads(tab: AttentionTab) -> None:
    tab.go("model", run="planted", tag="ragged", step=10)
    counts = [tab.frame.locator(f"button[data-layer='{layer}']").count() for layer in range(4)]
    assert counts == [3, 12, 1, 20]
    tab.after_drawing("model", tab.button("Layer 3 head 19").click)
    expect(tab.frame.get_by_role("heading", name="Layer 3 · Head 19")).to_be_visible()
