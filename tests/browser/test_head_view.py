"""The Head view in a real TensorBoard: lines where they must be and nowhere else, weights as numbers, filters."""

from __future__ import annotations

import numpy as np
import pytest
from attention_tab import AttentionTab
from expected_pixels import HEAD_COLOURS, line_heights, rgb
from planted_log import (
    HEADS,
    LAYERS,
    RUNS,
    STEEP,
    STEPS,
    TOKENS,
    pair_record,
    pattern_weights,
    steep_weights,
    translation_record,
)
from playwright.sync_api import Locator, expect
from shown_lines import LEFT, MIDDLE, RIGHT, agree, crossings, lines, pressed, row_height

from tensorboard_plugin_attn.encoding.codes import MAX_ERROR

HERE = {"run": "planted", "tag": "patterns", "step": 0, "threshold": 0.1}
SCROLL_TO_END = """async element => {
  element.scrollTop = element.scrollHeight;
  for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
  return element.scrollTop;
}"""
NAMED = ("identity", "previous", "first", "bright cell")


def press(tab: AttentionTab, head: int, **options: object) -> Locator:
    """Click the square of a head."""
    square = tab.button(f"Head {head}")
    square.click(**options)  # type: ignore[arg-type]  # passed through as given
    return square


def row_numbers(tab: AttentionTab, token: str, nth: int = 0) -> list[float]:
    """The four decimals behind each number in a token's row of the table."""
    table = tab.frame.get_by_role("table", name="Weights")
    cells = table.get_by_role("row", name=token, exact=True).nth(nth).locator("[role=cell][title]")
    titles = [cell.get_attribute("title") or "" for cell in cells.all()]
    return [float(title.rsplit(" ", 1)[1].replace("−", "-")) for title in titles]


@pytest.mark.parametrize("head", range(4), ids=NAMED)
def test_the_lines_of_a_planted_pattern_run_from_query_to_key_in_the_colour_of_the_head(
    themed_tab: AttentionTab, head: int
) -> None:
    themed_tab.go("head", **HERE, heads=head)
    pixels = lines(themed_tab)
    weights = pattern_weights(0)[0, head]
    for share in (LEFT, MIDDLE, RIGHT):
        assert agree(crossings(pixels, share), line_heights(weights, share, row_height(themed_tab))), share
    ink = pixels[pixels[..., 3] > 100]
    assert len(ink) > 100
    assert np.abs(ink[:, :3].astype(int) - rgb(HEAD_COLOURS[themed_tab.theme][head])).max() <= 3


def test_every_step_of_both_runs_and_every_layer_draws_the_heads_that_have_strong_weights(
    tab: AttentionTab,
) -> None:
    for run in RUNS:
        for step in STEPS:
            layer = STEPS.index(step) % LAYERS
            weights = pattern_weights(step, run)[layer]
            head = next(head for head in range(HEADS) if weights[head, :, 0].min() > 0.9)
            tab.go("head", run=run, tag="patterns", step=step, layer=layer, heads=head, threshold=0.1)
            wanted = line_heights(weights[head], MIDDLE, row_height(tab))
            assert agree(crossings(lines(tab), MIDDLE), wanted), (run, step)


def test_a_muted_token_has_no_line_at_either_end(themed_tab: AttentionTab) -> None:
    themed_tab.go("head", **HERE, heads=0, specials="mute")
    wanted = [(row + 0.5) * row_height(themed_tab) for row in range(1, len(TOKENS) - 1)]
    for share in (LEFT, MIDDLE, RIGHT):
        assert agree(crossings(lines(themed_tab), share), wanted)
    themed_tab.go("head", **HERE, heads=2, specials="mute")
    assert not lines(themed_tab)[..., 3].any(), "all weight goes to [CLS], which is muted"


def test_a_head_that_is_off_draws_nothing_until_its_square_is_clicked(tab: AttentionTab) -> None:
    tab.go("head", **HERE, heads=4)
    assert not lines(tab)[..., 3].any(), "uniform weights lie below the threshold"
    tab.after_drawing("head", lambda: press(tab, 0))
    assert pressed(tab) == [0, 4]
    assert len(crossings(lines(tab), MIDDLE)) == len(TOKENS)
    tab.after_drawing("head", lambda: press(tab, 0))
    assert not lines(tab)[..., 3].any()


def test_a_double_click_isolates_a_head_and_the_last_one_stays(tab: AttentionTab) -> None:
    tab.go("head", **HERE)
    assert pressed(tab) == list(range(HEADS))
    press(tab, 7).dblclick()
    assert pressed(tab) == [7]
    expect(tab.frame.get_by_text("1 of 12 heads")).to_be_visible()
    press(tab, 7)
    assert pressed(tab) == [7]
    tab.frame.get_by_role("group", name="Heads").get_by_role("button", name="All", exact=True).click()
    assert pressed(tab) == list(range(HEADS))


@pytest.mark.parametrize("side", ["Query tokens", "Key tokens"])
def test_pointing_at_a_token_of_either_side_shows_its_weights_as_numbers(
    tab: AttentionTab, side: str
) -> None:
    tab.go("head", **HERE, layer=1)
    at = TOKENS.index("nurse")
    tab.frame.get_by_role("listbox", name=side).get_by_role("option", name="nurse").hover()
    weights = pattern_weights(0)[1]
    by_token = weights[:, at, :] if side == "Query tokens" else weights[:, :, at]
    wanted_caption = "weight of “nurse” on each key" if side == "Query tokens" else "each query on “nurse”"
    expect(tab.frame.get_by_text(wanted_caption)).to_be_visible()
    for position, token in enumerate(TOKENS):
        shown = row_numbers(tab, token, TOKENS[:position].count(token))
        assert shown == pytest.approx(by_token[:, position], abs=MAX_ERROR + 5e-5), token


def test_all_lines_are_back_when_the_pointer_leaves_a_token(tab: AttentionTab) -> None:
    tab.go("head", **HERE, layer=1)
    crowd = tab.canvas("Attention lines of layer 1")
    tab.frame.get_by_role("listbox", name="Query tokens").get_by_role("option", name="nurse").hover()
    expect(crowd).to_have_class("is-hidden")
    tab.page.mouse.move(2, 2)
    expect(crowd).to_have_class("is-shown")


def test_numbers_are_text_of_two_decimals_and_can_be_turned_off(tab: AttentionTab) -> None:
    tab.go("head", **HERE, query=TOKENS.index("nurse"))
    table = tab.frame.get_by_role("table", name="Weights")
    nurse = table.get_by_role("row", name="nurse", exact=True).get_by_role("cell")
    expect(nurse.first).to_have_text("1.00")
    expect(nurse.nth(4)).to_have_text(".07")
    tab.frame.get_by_role("checkbox", name="Weights as numbers").uncheck()
    expect(nurse.first).to_have_text("")


def test_a_click_pins_a_token_and_only_its_lines_stay_strong(tab: AttentionTab) -> None:
    tab.go("head", **HERE, heads=1)
    queries = tab.frame.get_by_role("listbox", name="Query tokens")
    tab.after_drawing("head", queries.get_by_role("option", name="she").click)
    tab.page.mouse.move(2, 2)
    expect(queries.get_by_role("option", name="she")).to_have_attribute("aria-selected", "true")
    over = tab.pixels(tab.frame.locator(".line-room canvas:not([role])"))
    wanted = [(TOKENS.index("she") + 0.5) * row_height(tab)]
    assert agree(crossings(over, LEFT), wanted, 4)
    tab.hash_has(f"p.attn.query={TOKENS.index('she')}")
    tab.button("pinned: she, unpin").click()
    expect(queries.get_by_role("option", name="she")).to_have_attribute("aria-selected", "false")


def test_a_steep_line_among_128_tokens_has_no_gap_and_arrives(themed_tab: AttentionTab) -> None:
    themed_tab.go("head", run="planted", tag="long/128", mode="lines", heads=0, threshold=0.1)
    top = lines(themed_tab)
    start = round((STEEP[0] + 0.5) * row_height(themed_tab))
    assert top[start:, :, 3].max(axis=1).min() > 40
    assert not top[: start - 4, :, 3].any()
    scrolled = themed_tab.frame.locator(".token-lines").evaluate(SCROLL_TO_END)
    bottom = lines(themed_tab)
    end = round((STEEP[1] + 0.5) * row_height(themed_tab) - scrolled)
    assert 0 < end < len(bottom)
    assert bottom[:end, :, 3].max(axis=1).min() > 40
    assert agree(crossings(bottom, RIGHT), [end])
    assert steep_weights()[0].argmax() == np.ravel_multi_index(STEEP, (128, 128))


@pytest.mark.parametrize(
    ("name", "queries", "keys"), [("A→B", range(6), range(6, 10)), ("B→A", range(6, 10), range(6))]
)
def test_a_sentence_filter_keeps_the_lines_between_its_sentences(
    tab: AttentionTab, name: str, queries: range, keys: range
) -> None:
    tab.go("head", run="planted", tag="pair/she", step=0, heads=2, threshold=0)
    tab.button(name).click()
    pixels = lines(tab)
    for share, kept in ((LEFT, queries), (RIGHT, keys)):
        found = crossings(pixels, share)
        assert {int(height // row_height(tab)) for height in found} <= set(kept)
        assert found
    mass = tab.frame.get_by_text(f"hidden by the filter {name}")
    expect(mass).to_be_visible()
    weights = pair_record(0).layers[0].weights[2]
    hidden = [key for key in range(10) if key not in keys]
    shown = tab.frame.locator(".weight-foot [role=cell]").first.inner_text()
    assert float(shown) == pytest.approx(weights[list(queries)][:, hidden].sum() / len(queries), abs=0.02)


def test_cross_attention_has_decoder_queries_and_encoder_keys(tab: AttentionTab) -> None:
    record = translation_record(10)
    tab.go("head", run="planted", tag="translation", step=10, layer=0)
    tab.after_drawing("head", tab.button("Cross").click)
    expect(tab.frame.get_by_role("combobox", name="Layer")).to_have_value("4")
    for side, tokens in (
        ("Query tokens", record.layers[4].query_tokens),
        ("Key tokens", record.layers[4].key_tokens),
    ):
        options = tab.frame.get_by_role("listbox", name=side).get_by_role("option")
        assert [option.get_attribute("title") for option in options.all()] == tokens
    tab.frame.get_by_role("listbox", name="Query tokens").get_by_role("option", name="Schwester").hover()
    shown = [row_numbers(tab, token) for token in record.layers[4].key_tokens]
    assert np.transpose(shown) == pytest.approx(record.layers[4].weights[:, 2], abs=MAX_ERROR + 5e-5)


def test_the_layer_is_chosen_from_a_list_and_drawn_once(tab: AttentionTab) -> None:
    tab.go("head", **HERE, layer=0, heads=0)
    before = tab.drawn("head")
    tab.frame.get_by_role("combobox", name="Layer").select_option("Layer 2")
    tab.wait_drawn("head", before)
    expect(tab.canvas("Attention lines of layer 2 at step 0, 1 heads")).to_be_visible()
    assert agree(crossings(lines(tab), RIGHT), line_heights(pattern_weights(0)[2, 0], RIGHT, row_height(tab)))
    assert tab.drawn("head") == before + 1
