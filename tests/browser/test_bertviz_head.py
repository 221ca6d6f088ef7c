"""BertViz's head view, interaction by interaction (H1 to H8), on captured BERT, GPT-2 and BART at two steps."""

from __future__ import annotations

import numpy as np
import pytest
from attention_tab import AttentionTab
from expected_pixels import HEAD_COLOURS, rgb
from numpy.typing import NDArray
from playwright.sync_api import Locator, expect
from real_models import HEADS, RealTab, clear_threshold, each_model_and_step
from shown_lines import lines, lines_join, pressed, row_height, strong_lines, table

from tensorboard_plugin_attn.encoding.codes import MAX_ERROR

TOLERANCE = MAX_ERROR + 5e-5
"""Of a number that is shown with four decimals."""
FILTERS = ("A→A", "B→B", "A→B", "B→A")


def inked(pixels: NDArray[np.uint8], colour: str) -> int:
    """Pixels in a head's colour alone."""
    near = np.abs(pixels[..., :3].astype(int) - rgb(colour)).max(axis=-1) <= 3
    return int((near & (pixels[..., 3] > 60)).sum())


def tokens(tab: AttentionTab, side: str) -> Locator:
    """The list of the query or the key tokens."""
    return tab.frame.get_by_role("listbox", name=f"{side} tokens")


def point_at(tab: AttentionTab, side: str, row: int) -> None:
    """Point at a token and wait until the table is about it."""
    tokens(tab, side).hover(position={"x": 40, "y": (row + 0.5) * row_height(tab)})
    caption = "on each key" if side == "Query" else "of each query"
    expect(tab.frame.locator(".head-legend").first).to_contain_text(caption)


@each_model_and_step
def test_h1_a_layer_of_the_list_shows_its_lines_and_weights(real: RealTab) -> None:
    for first, last in real.model.groups.values():
        weights = real.layer(last).weights
        threshold = clear_threshold(weights[2])
        tab = real.go("head", layer=first, heads=2, threshold=threshold, gain=10)
        choose = tab.frame.get_by_role("combobox", name="Layer")
        name = f"Layer {real.number(last)}"
        tab.after_drawing("head", lambda choose=choose, name=name: choose.select_option(name))
        expect(tab.canvas(f"Attention lines of layer {last} at step {real.step}, 1 heads")).to_be_visible()
        assert lines_join(lines(tab), weights[2] >= threshold, 3, row=row_height(tab))
        np.testing.assert_allclose(table(tab), weights[2:3].mean(axis=1), atol=TOLERANCE)


@each_model_and_step
def test_h2_the_kind_of_attention_is_chosen_where_there_are_several(real: RealTab) -> None:
    tab = real.go("head", layer=0, threshold=0, gain=100)
    sentences = tab.frame.get_by_role("group", name="Sentences")
    kinds = tab.frame.get_by_role("group", name="Attention", exact=True)
    expect(sentences).to_have_count(int(real.model.sentence_b is not None))
    expect(kinds).to_have_count(int(len(real.model.groups) > 1))
    if real.model.sentence_b is not None:
        for name in FILTERS:
            check_sentences(real, name)
        sentences.get_by_role("button", name="All").click()
        np.testing.assert_allclose(table(tab), real.layer(0).weights.mean(axis=1), atol=TOLERANCE)
    for kind in real.model.groups if kinds.count() > 0 else ():
        check_kind(real, kind, kinds)


def check_sentences(real: RealTab, name: str) -> None:
    """Lines and numbers between two sentences alone, and how much weight that hides."""
    tab, weights = real.tab, real.layer(0).weights
    tab.button(name).click()
    expect(tab.frame.get_by_text(f"hidden by the filter {name}")).to_be_visible()
    query, key = real.sentences(name)
    kept = np.zeros(weights.shape[1:], bool)
    kept[query, key] = True
    assert lines_join(lines(tab), kept, row=row_height(tab))
    np.testing.assert_allclose(table(tab), weights[:, query, key].mean(axis=1), atol=TOLERANCE)
    shown = tab.frame.locator(".weight-foot [role=cell]:not(.is-mean)").all_inner_texts()
    hidden = 1 - weights[:, query, key].sum(axis=2).mean(axis=1)
    np.testing.assert_allclose([float(text) for text in shown], hidden, atol=0.03)


def check_kind(real: RealTab, kind: str, kinds: Locator) -> None:
    """The layers of one kind of attention, with the tokens that it joins."""
    tab = real.tab
    button = kinds.get_by_role("button", name=kind)
    if button.get_attribute("aria-pressed") == "false":
        tab.after_drawing("head", button.click)
    (layer, *_) = real.model.groups[kind]
    expect(tab.frame.get_by_role("combobox", name="Layer")).to_have_value(str(layer))
    wanted = real.layer(layer)
    for side, names in (("Query", wanted.query_tokens), ("Key", wanted.key_tokens)):
        shown = tokens(tab, side).get_by_role("option").evaluate_all("all => all.map(one => one.title)")
        assert shown == list(names)
    np.testing.assert_allclose(table(tab), wanted.weights.mean(axis=1), atol=TOLERANCE)


@each_model_and_step
@pytest.mark.parametrize("side", ["Query", "Key"], ids=["h3", "h4"])
def test_h3_h4_a_pointed_token_of_either_side_has_its_lines_and_weights_alone(
    real: RealTab, side: str
) -> None:
    for _, layer in real.model.groups.values():
        weights = real.layer(layer).weights
        at = weights.shape[1] // 2 if side == "Query" else 1
        of = weights[:, at] if side == "Query" else weights[:, :, at]
        threshold = clear_threshold(of)
        tab = real.go("head", layer=layer, threshold=threshold, gain=10)
        point_at(tab, side, at)
        expect(tab.canvas("Attention lines of layer")).to_have_class("is-hidden")
        strong = np.zeros(weights.shape[1:], bool)
        strong[(at, slice(None)) if side == "Query" else (slice(None), at)] = (of >= threshold).any(axis=0)
        assert lines_join(strong_lines(tab), strong, row=row_height(tab))
        np.testing.assert_allclose(table(tab), of, atol=TOLERANCE)


@each_model_and_step
def test_h5_all_lines_are_back_when_the_pointer_leaves(real: RealTab) -> None:
    tab = real.go("head", layer=real.model.last())
    before, numbers = lines(tab), table(tab)
    point_at(tab, "Query", 2)
    tab.page.mouse.move(2, 2)
    expect(tab.canvas("Attention lines of layer")).to_have_class("is-shown")
    expect(tab.frame.locator(".line-room canvas:not([role])")).to_be_hidden()
    assert before[..., 3].any()
    np.testing.assert_array_equal(lines(tab), before)
    np.testing.assert_array_equal(table(tab), numbers)


@each_model_and_step
def test_h6_a_click_on_a_square_turns_its_head_off_and_on_and_the_last_one_stays(real: RealTab) -> None:
    layer = real.model.last()
    received = real.layer(layer).weights.mean(axis=1)
    tab = real.go("head", layer=layer)
    colour = HEAD_COLOURS["light"][1]
    assert inked(lines(tab), colour) > 0
    tab.after_drawing("head", tab.button("Head 1").click)
    assert pressed(tab) == [0, 2, 3]
    assert inked(lines(tab), colour) == 0
    np.testing.assert_allclose(table(tab), received[[0, 2, 3]], atol=TOLERANCE)
    for head in (0, 2):
        tab.after_drawing("head", tab.button(f"Head {head}").click)
    tab.button("Head 3").click()
    assert pressed(tab) == [3]
    tab.after_drawing("head", tab.button("Head 1").click)
    assert pressed(tab) == [1, 3]
    assert inked(lines(tab), colour) > 0


@each_model_and_step
def test_h7_a_double_click_leaves_one_head_and_another_brings_all_back(real: RealTab) -> None:
    layer = real.model.last()
    weights = real.layer(layer).weights
    threshold = clear_threshold(weights[2])
    tab = real.go("head", layer=layer, threshold=threshold, gain=10)
    tab.button("Head 2").dblclick()
    expect(tab.canvas(f"Attention lines of layer {layer} at step {real.step}, 1 heads")).to_be_visible()
    assert pressed(tab) == [2]
    assert lines_join(lines(tab), weights[2] >= threshold, 3, row=row_height(tab))
    tab.button("Head 2").dblclick()
    expect(tab.canvas(f"Attention lines of layer {layer} at step {real.step}, {HEADS} heads")).to_be_visible()
    assert pressed(tab) == list(range(HEADS))
    np.testing.assert_allclose(table(tab), weights.mean(axis=1), atol=TOLERANCE)


@each_model_and_step
def test_h8_lines_have_the_colour_of_their_head_and_as_much_ink_as_weight(real: RealTab) -> None:
    layer = real.model.last()
    weights = real.layer(layer).weights
    tab = real.go("head", layer=layer, threshold=0)
    assert all(inked(lines(tab), colour) > 0 for colour in HEAD_COLOURS["light"][:HEADS])
    tab = real.go("head", layer=layer, threshold=0, heads=1)
    pixels = lines(tab)
    row = row_height(tab)
    ends = (np.arange(weights.shape[2]) * row + row // 2).astype(int)
    density = (1.6 * weights[1] * (0.5 + 0.2 * weights[1])).sum(axis=0)
    np.testing.assert_allclose(pixels[ends, -1, 3] / 255, 1 - np.exp(-density), atol=0.02)
    np.testing.assert_allclose(pixels[ends - 1, -1, 3] / 255, 1 - np.exp(-density), atol=0.02)
