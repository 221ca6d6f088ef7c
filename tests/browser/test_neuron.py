"""The Neuron view on BERT, GPT-2, Llama and BART, in both themes: colours, order, plots, states and labels."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from attention_tab import AttentionTab
from logs.tensorboard_server import TensorBoardServer
from neuron_log import PAIR, RUN, SENTENCE_B, STEPS, NeuronLog, write_log
from neuron_page import cell_pixels, hover_query, row_height, shown_weights, signs, title
from playwright.sync_api import Browser, expect
from text_boxes import layout_faults

from tensorboard_plugin_attn import AttentionReader, LayerAttention

OpenTab = Callable[..., AttentionTab]
SHE, DOCTOR = PAIR.index("she"), PAIR.index("doctor")

both_themes = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
two_steps = pytest.mark.parametrize("step", STEPS)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> NeuronLog:
    return write_log(tmp_path_factory.mktemp("neurons"))


@pytest.fixture(scope="module")
def server(log: NeuronLog) -> Iterator[TensorBoardServer]:
    with TensorBoardServer.start(logdir=log.directory) as server:
        yield server


@pytest.fixture(scope="module")
def pages(browser: Browser, server: TensorBoardServer) -> Iterator[Callable[[bool, int], AttentionTab]]:
    """One open page for each theme and width; an error in one is an error of the tests."""
    opened: dict[tuple[bool, int], AttentionTab] = {}

    def page(dark: bool, width: int) -> AttentionTab:
        if (dark, width) not in opened:
            tab = AttentionTab.open(
                browser, server.url, dark=dark, width=width, view="model", run=RUN, tag="one", step=STEPS[0]
            )
            tab.wait_drawn("model")
            opened[dark, width] = tab
        return opened[dark, width]

    yield page
    for tab in opened.values():
        tab.close()


@pytest.fixture
def show(pages: Callable[[bool, int], AttentionTab]) -> OpenTab:
    """Go to the Neuron view of a probe and wait until it is drawn."""

    def go(tag: str, *, dark: bool = False, width: int = 1280, **state: object) -> AttentionTab:
        tab = pages(dark, width)
        tab.go("neuron", run=RUN, tag=tag, **state)
        return tab

    return go


def layer_of(log: NeuronLog, tag: str, step: int, layer: int) -> LayerAttention:
    return AttentionReader(log.directory).read(RUN, tag, step).layers[layer]


@both_themes
def test_keys_of_the_other_sentence_are_not_drawn_and_their_weight_is_said(
    show: OpenTab, log: NeuronLog, dark: bool
) -> None:
    tab = show("bert/pair", dark=dark, step=STEPS[0], query=SHE)
    tab.button("B→A").click()
    wanted = layer_of(log, "bert/pair", STEPS[0], 0).weights[0, SHE]
    np.testing.assert_allclose(shown_weights(tab), wanted[:SENTENCE_B], atol=6e-5)
    hidden = f"{wanted[SENTENCE_B:].sum():.2f}".lstrip("0")
    expect(tab.frame.get_by_text(f"hidden by the filter: {hidden}")).to_be_visible()
    pixels = tab.pixels(tab.canvas("Query, key"))
    assert pixels[SENTENCE_B * row_height(tab) :, 192 + 16 : 400, 3].max() == 0, (
        "keys of the other sentence are drawn"
    )


@both_themes
@two_steps
def test_signs_of_query_key_and_product_are_blue_and_orange(
    show: OpenTab, log: NeuronLog, step: int, dark: bool
) -> None:
    tab = show("bert/pair", dark=dark, step=step, order="stored", query=SHE)
    layer = layer_of(log, "bert/pair", step, 0)
    for query in (DOCTOR, 1):
        hover_query(tab, query)
        expect(tab.frame.locator(".neuron-title h2")).to_contain_text(f"{PAIR[query]} →")
        np.testing.assert_allclose(shown_weights(tab), layer.weights[0, query], atol=6e-5)
        columns = (layer.query[0, query], layer.key[0, query], layer.query[0, query] * layer.key[0, query])
        for column, values in enumerate(columns):
            largest = (
                abs(layer.query[0]).max(),
                abs(layer.key[0]).max(),
                abs(layer.query[0, query] * layer.key[0]).max(),
            )[column]
            found = signs(cell_pixels(tab, column, query, len(values)))
            clear = abs(values) > 0.3 * largest
            assert clear.any()
            np.testing.assert_array_equal(found[clear], np.sign(values[clear]))


@both_themes
@two_steps
def test_keys_after_the_query_are_hidden_in_a_long_causal_text(
    show: OpenTab, log: NeuronLog, step: int, dark: bool
) -> None:
    tab = show("gpt2/128", dark=dark, step=step, query=4)
    wanted = layer_of(log, "gpt2/128", step, 0).weights[0, 4, :5]
    np.testing.assert_allclose(shown_weights(tab), wanted, atol=6e-5)
    keys = tab.frame.get_by_role("listbox", name="Key tokens").get_by_role("option")
    assert keys.count() == 5
    pixels = tab.pixels(tab.canvas("Query, key"))
    assert pixels[: 5 * row_height(tab), 192 + 16 : 400, 3].max() == 255
    assert pixels[5 * row_height(tab) :, 192 + 16 : 400, 3].max() == 0


def test_every_row_of_a_long_text_can_be_reached(show: OpenTab, log: NeuronLog) -> None:
    tab = show("gpt2/128", step=STEPS[0], query=127)
    wanted = layer_of(log, "gpt2/128", STEPS[0], 0).weights[0, 127]
    found = shown_weights(tab)
    assert len(found) < 60, "rows out of view are in the page"
    np.testing.assert_allclose(found, wanted[-len(found) :], atol=6e-5)


def test_a_pinned_query_and_key_stand_in_the_link(show: OpenTab) -> None:
    tab = show("bert/pair", step=STEPS[1])
    row = row_height(tab)
    tab.frame.get_by_role("listbox", name="Query tokens").click(position={"x": 20, "y": SHE * row + 12})
    tab.frame.get_by_role("listbox", name="Key tokens").click(position={"x": 40, "y": DOCTOR * row + 12})
    tab.page.mouse.move(2, 2)
    tab.hash_has(f"p.attn.query={SHE}", f"p.attn.key={DOCTOR}")
    assert "she → doctor" in title(tab)


@two_steps
def test_dimensions_are_ordered_by_their_part_and_followed(show: OpenTab, log: NeuronLog, step: int) -> None:
    tab = show("bert/pair", step=step, query=SHE, key=DOCTOR)
    layer = layer_of(log, "bert/pair", step, 0)
    products = layer.query[0, SHE] * layer.key[0, DOCTOR]
    best = int(np.argmax(products))
    box = tab.frame.get_by_role("slider", name="Dimension", exact=True)
    box.hover(position={"x": 3, "y": 40})
    captions = tab.frame.locator(".neuron-captions")
    expect(captions).to_contain_text(f"dimension {best} (pointer)")
    expect(captions).to_contain_text(f"+{products[best]:.1f} of she · doctor")
    expect(tab.frame.locator(".plot-legend .is-followed")).to_contain_text(f"dimension {best}")
    tab.page.mouse.move(2, 2)
    box.focus()
    box.press("End")
    expect(captions).to_contain_text(f"dimension {int(np.argmin(products))} (pointer)")
    box.press("Enter")
    tab.hash_has(f"p.attn.dimension={int(np.argmin(products))}")


def test_heads_that_share_a_key_head_are_named(show: OpenTab, log: NeuronLog) -> None:
    tab = show("llama/grouped", step=STEPS[0], head=5, query=7)
    assert "key head 1, shared with heads 4, 6 and 7" in title(tab)
    layer = layer_of(log, "llama/grouped", STEPS[0], 0)
    assert (layer.num_heads, layer.num_kv_heads) == (8, 2)
    np.testing.assert_allclose(shown_weights(tab), layer.weights[5, 7], atol=6e-5)
    expect(tab.frame.locator(".neuron-note")).to_have_count(0)


@two_steps
def test_cross_attention_has_the_tokens_of_both_texts(show: OpenTab, log: NeuronLog, step: int) -> None:
    tab = show("bart/translation", step=step, layer=2, query=2)
    assert "Schwester →" in title(tab)
    layer = layer_of(log, "bart/translation", step, 2)
    assert layer.kind == "cross"
    np.testing.assert_allclose(shown_weights(tab), layer.weights[0, 2], atol=6e-5)
    expect(tab.frame.get_by_text("there is no distance between them")).to_be_visible()


def test_weights_that_query_and_key_do_not_give_are_told(show: OpenTab) -> None:
    tab = show("other/weights", step=STEPS[1])
    expect(tab.frame.locator(".neuron-note")).to_contain_text("Recomputed from query and key")


@pytest.mark.parametrize("tag", ["bert/pair", "gpt2/128", "llama/grouped", "wide/256", "one"])
def test_logged_weights_are_what_query_and_key_give(show: OpenTab, tag: str) -> None:
    tab = show(tag, step=STEPS[0])
    expect(tab.frame.get_by_role("slider", name="Dimension", exact=True)).to_be_visible()
    expect(tab.frame.get_by_text("Recomputed from query and key")).to_have_count(0)


def test_numbers_of_the_query_can_be_read_as_a_table(show: OpenTab, log: NeuronLog) -> None:
    tab = show("bert/pair", step=STEPS[0], query=SHE)
    tab.button("Numbers as a table").click()
    row = tab.frame.get_by_role("table", name="Numbers of she").get_by_role("row").nth(1)
    layer = layer_of(log, "bert/pair", STEPS[0], 0)
    weight = f"{layer.weights[0, SHE, 0]:.3f}".lstrip("0")
    expect(row.get_by_role("cell").last).to_have_text(weight)
    total = float(layer.query[0, SHE] @ layer.key[0, 0])
    shown = row.get_by_role("cell").first.inner_text().replace("−", "-")
    assert float(shown) == pytest.approx(total, abs=0.051)


def test_a_record_without_query_and_key_says_how_to_log_them(
    open_tab: OpenTab, server: TensorBoardServer
) -> None:
    tab = open_tab(server.url, view="neuron", run=RUN, tag="bert/weights", step=STEPS[0])
    expect(tab.frame.get_by_role("heading", level=1)).to_have_text(re.compile("No query and key for layer 0"))
    for way in ("add_probe", "Hugging Face Trainer"):
        tab.button(way).click()
        expect(tab.frame.locator("code")).to_contain_text("query_key=True")


@pytest.mark.parametrize(
    ("tag", "panel"), [("one", "Step 80 cannot be read"), ("bert/pair", "Step 80 has no patterns")]
)
def test_steps_without_a_picture_leave_the_word_to_the_panel(
    open_tab: OpenTab, server: TensorBoardServer, tag: str, panel: str
) -> None:
    tab = open_tab(server.url, view="neuron", run=RUN, tag=tag, step=80)
    expect(tab.frame.get_by_role("heading", name=panel)).to_be_visible()
    expect(tab.frame.locator("canvas[role=img]")).to_have_count(0)


STATES = {
    "pair": {"tag": "bert/pair", "query": SHE, "sentences": "ba", "dimension": 3},
    "collapsed": {"tag": "bert/pair", "query": SHE, "columns": "collapsed"},
    "long": {"tag": "gpt2/128", "query": 60, "order": "stored"},
    "grouped": {"tag": "llama/grouped", "head": 5},
    "cross": {"tag": "bart/translation", "layer": 2},
    "wide": {"tag": "wide/256", "dimension": 200},
    "one": {"tag": "one"},
    "other": {"tag": "other/weights"},
}


@pytest.mark.parametrize("width", [900, 1600])
@pytest.mark.parametrize("state", STATES)
def test_no_label_overlaps_another(show: OpenTab, state: str, width: int) -> None:
    tab = show(width=width, step=STEPS[1], **STATES[state])
    assert layout_faults(tab.inside()) == []
    if state == "long":
        tab.button("Numbers as a table").click()
        assert layout_faults(tab.inside()) == []
        tab.button("Plot by distance").click()
