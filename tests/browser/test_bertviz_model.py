"""BertViz's model view, interaction by interaction (M1 to M4, M6), on captured BERT, GPT-2 and BART at two steps."""

from __future__ import annotations

import numpy as np
from attention_tab import AttentionTab
from expected_pixels import colour_table
from heads_grid import cell_size, cells, wrong_cells
from numpy.typing import NDArray
from playwright.sync_api import Locator, expect
from real_models import RealTab, clear_threshold, each_model_and_step
from shown_matrix import agrees, has_matrix, weights_shown

from tensorboard_plugin_attn.encoding.codes import MAX_ERROR

"""Of a token in the panel."""
TOLERANCE = MAX_ERROR + 0.005
"""Of a number that is shown with two decimals."""


def grid_pixels(tab: AttentionTab) -> NDArray[np.uint8]:
    """The canvas of all heads."""
    return tab.pixels(tab.canvas("Attention heads at step"))


def codes_of(colours: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The thumbnail codes that have these colours."""
    away = np.abs(colours[:, None].astype(float) - colour_table("light")).sum(axis=-1)
    return np.argmin(away, axis=1)


def edge_codes(weights: NDArray[np.float32], side: int) -> NDArray[np.float64]:
    """Codes of a cell's last column when lines run to each key's middle and add up where they meet."""
    ink = np.zeros(side + 1)
    for key, received in enumerate(weights.sum(axis=0)):
        place = (key + 0.5) / weights.shape[1] * side - 0.5
        above = int(place)
        ink[above] += received * (1 - place + above)
        ink[above + 1] += received * (place - above)
    return 255 * (1 - np.exp(-1.6 * ink[:side]))


def beside(tab: AttentionTab) -> Locator:
    """The chosen head's panel."""
    return tab.frame.get_by_role("complementary", name="Chosen head")


def shows(real: RealTab, layer: int, head: int, threshold: float) -> bool:
    """Whether the panel is about this head: its name, and the lines of its weights."""
    tab = real.tab
    expect(beside(tab).get_by_role("heading")).to_have_text(f"{real.layer_name(layer)} · Head {head}")
    what = "matrix" if has_matrix(tab) else "lines"
    expect(tab.canvas(f"Attention {what} of layer {layer} head {head}")).to_be_visible()
    return agrees(tab, real.layer(layer).weights[head], threshold)


@each_model_and_step
def test_m1_every_head_of_every_layer_has_a_thumbnail_of_its_weights(real: RealTab) -> None:
    tab = real.go("model")
    weights = [layer.weights for layer in real.record.layers]
    assert wrong_cells(tab, grid_pixels(tab), weights) == []
    tab.button("Lines").click()
    expect(tab.frame.locator(".legend-scale")).to_contain_text("from query (left) to key")
    pixels = grid_pixels(tab)
    side = cell_size(tab)
    for (layer, head), (y, x) in cells(tab).items():
        edge = codes_of(pixels[y : y + side, x + side - 1, :3])
        np.testing.assert_allclose(edge, edge_codes(weights[layer][head], side), atol=6)


@each_model_and_step
def test_m2_a_click_opens_a_head_beside_the_grid(real: RealTab) -> None:
    for _, layer in real.model.groups.values():
        threshold = clear_threshold(real.layer(layer).weights[2])
        tab = real.go("model", gain=10, threshold=threshold)
        tab.after_drawing("model", tab.button(f"{real.layer_name(layer)} head 2").click)
        assert shows(real, layer, 2, threshold)


@each_model_and_step
def test_m3_a_click_on_another_head_replaces_it_and_another_on_it_closes_it(real: RealTab) -> None:
    layer = real.model.last()
    threshold = clear_threshold(real.layer(layer).weights[1])
    tab = real.go("model", gain=10, threshold=threshold, layer=0, head=3)
    expect(beside(tab).get_by_role("heading")).to_have_text(f"{real.layer_name(0)} · Head 3")
    cell = tab.button(f"{real.layer_name(layer)} head 1")
    tab.after_drawing("model", cell.click)
    assert shows(real, layer, 1, threshold)
    places = cells(tab)
    cell.click()
    expect(beside(tab)).to_have_count(0)
    expect(cell).to_have_attribute("aria-current", "true")
    assert cells(tab) == places, "no head moves"
    cell.click()
    assert shows(real, layer, 1, threshold)


@each_model_and_step
def test_m4_a_pointed_token_beside_the_grid_has_its_lines_and_weights_alone(real: RealTab) -> None:
    for _, layer in real.model.groups.values():
        weights = real.layer(layer).weights[3]
        query = len(weights) // 2
        threshold = clear_threshold(weights[query])
        tab = real.go("model", gain=10, threshold=threshold, layer=layer, head=3)
        queries = tab.frame.get_by_role("listbox", name="Query tokens")
        queries.get_by_role("option").nth(query).hover()
        if not has_matrix(tab):
            expect(tab.canvas("Attention lines of layer")).to_have_class("is-hidden")
        np.testing.assert_allclose(weights_shown(tab), weights[query], atol=TOLERANCE)


@each_model_and_step
def test_m6_the_kind_of_attention_is_chosen_for_a_pair_and_is_a_heading_of_an_encoder_decoder(
    real: RealTab,
) -> None:
    threshold = clear_threshold(real.layer(0).weights[1])
    tab = real.go("model", layer=0, head=1, threshold=threshold, gain=10)
    headings = tab.frame.locator(".grid-heading").all_inner_texts()
    kinds = real.model.groups
    assert headings == (list(kinds) if len(kinds) > 1 else [])
    assert {layer for layer, _ in cells(tab)} == {layer for layers in kinds.values() for layer in layers}
    choice = tab.frame.get_by_role("group", name="Sentences")
    expect(choice).to_have_count(int(real.model.sentence_b is not None))
    for name in ("A→A", "B→B", "A→B", "B→A", "All") if choice.count() > 0 else ():
        choice.get_by_role("button", name=name).click()
        expect(choice.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
        check_pair(real, name, threshold)


def check_pair(real: RealTab, name: str, threshold: float) -> None:
    """Weights between two sentences alone, in every thumbnail and beside the grid."""
    query, key = real.sentences(name) if name != "All" else (slice(None), slice(None))
    kept = np.zeros((len(real.record.tokens),) * 2, np.float32)
    kept[query, key] = 1
    weights = [layer.weights * kept for layer in real.record.layers]
    real.tab.page.mouse.move(2, 2)
    real.tab.settle()
    assert wrong_cells(real.tab, grid_pixels(real.tab), weights) == [], name
    assert agrees(real.tab, weights[0][1], threshold), name
