"""BertViz's neuron view, interaction by interaction (N1 to N7), on captured BERT, GPT-2 and BART at two steps."""

from __future__ import annotations

import numpy as np
from attention_tab import AttentionTab
from neuron_page import cell_pixels, hover_query, row_height, shown_weights, signs
from playwright.sync_api import expect
from real_models import RealTab, clear_threshold, each_model_and_step
from shown_lines import lines_join, strong_lines

from tensorboard_plugin_attn.encoding.codes import MAX_ERROR

TOLERANCE = MAX_ERROR + 5e-5
FILTERS = ("A→A", "B→B", "A→B", "B→A")
COLUMN, GAP = 192, 16


def seen(real: RealTab, layer: int, query: int) -> int:
    """Keys that the model lets a query see: in a decoder's own attention those up to itself."""
    wanted = real.layer(layer)
    is_causal = real.model.name == "gpt2" or (wanted.kind == "self" and wanted.stack == "decoder")
    return query + 1 if is_causal else wanted.weights.shape[2]


def check_weights(real: RealTab, layer: int, head: int, query: int) -> None:
    """The numbers beside the bars are the query's weights on the keys that it sees."""
    wanted = real.layer(layer).weights[head, query, : seen(real, layer, query)]
    np.testing.assert_allclose(shown_weights(real.tab), wanted, atol=TOLERANCE)


def layer_name(real: RealTab, group: str, layer: int) -> str:
    """Its name in the list of layers, which says the kind of attention where there are several."""
    return f"Layer {layer}" if len(real.model.groups) == 1 else f"{group} {real.number(layer)}"


@each_model_and_step
def test_n1_layer_and_head_are_chosen_by_name(real: RealTab) -> None:
    tab = real.go("neuron", query=3)
    for group, (_, layer) in real.model.groups.items():
        name = layer_name(real, group, layer)
        choose, heads = (tab.frame.get_by_label(label, exact=True) for label in ("Layer", "Head"))
        tab.after_drawing("neuron", lambda choose=choose, name=name: choose.select_option(name))
        if heads.input_value() != "3":
            tab.after_drawing("neuron", lambda heads=heads: heads.select_option("Head 3"))
        expect(tab.frame.locator(".neuron-title")).to_contain_text(
            f"{real.layer_name(layer).lower()} · head 3"
        )
        check_weights(real, layer, 3, 3)


@each_model_and_step
def test_n2_a_sentence_pair_is_filtered(real: RealTab) -> None:
    query = (real.model.sentence_b or 0) + 1
    tab = real.go("neuron", query=query)
    choice = tab.frame.get_by_role("group", name="Sentences")
    expect(choice).to_have_count(int(real.model.sentence_b is not None))
    for name in FILTERS if choice.count() > 0 else ():
        choice.get_by_role("button", name=name).click()
        queries, keys = real.sentences(name)
        kept = range(len(real.record.tokens))[queries]
        hover_query(tab, kept[0])
        expect(tab.frame.locator(".neuron-title h2")).to_contain_text("→")
        wanted = real.layer(0).weights[0, kept[0], keys]
        np.testing.assert_allclose(shown_weights(tab), wanted, atol=TOLERANCE)


@each_model_and_step
def test_n3_collapsed_a_pointed_token_has_its_lines_and_weights_alone(real: RealTab) -> None:
    for _, layer in real.model.groups.values():
        weights = real.layer(layer).weights[2]
        query = len(weights) // 2
        threshold = clear_threshold(weights[query])
        tab = real.go("neuron", layer=layer, head=2, columns="collapsed", threshold=threshold, gain=10)
        hover_query(tab, query)
        expect(tab.canvas("Attention lines of layer")).to_have_class("is-hidden")
        strong = np.zeros(weights.shape, bool)
        strong[query] = weights[query] >= threshold
        assert lines_join(strong_lines(tab), strong, row=row_height(tab))
        texts = tab.frame.locator(".weight-column span").all_inner_texts()
        shown = [float(text) for text in texts if text]
        count = seen(real, layer, query)
        np.testing.assert_allclose(shown, weights[query, :count], atol=MAX_ERROR + 0.005)


@each_model_and_step
def test_n4_and_n6_a_visible_switch_opens_the_columns_and_closes_them(real: RealTab) -> None:
    layer = real.model.last()
    tab = real.go("neuron", layer=layer, columns="collapsed", query=2)
    expect(tab.canvas("Attention lines of layer")).to_be_visible()
    tab.after_drawing("neuron", tab.button("Expanded").click)
    assert column_heads(tab) == ["query", "key", "q × k", "q · k", "softmax"]
    expect(tab.canvas("Attention lines of layer")).to_have_count(0)
    check_weights(real, layer, 0, 2)
    tab.after_drawing("neuron", tab.button("Collapsed").click)
    expect(tab.canvas("Query, key")).to_have_count(0)
    expect(tab.canvas("Attention lines of layer")).to_be_visible()


def column_heads(tab: AttentionTab) -> list[str]:
    """The names over the columns."""
    return tab.frame.locator(".neuron-heads b").all_inner_texts()


@each_model_and_step
def test_n5_expanded_a_pointed_query_is_worked_out_anew(real: RealTab) -> None:
    for _, layer in real.model.groups.values():
        wanted = real.layer(layer)
        assert wanted.query is not None
        assert wanted.key is not None
        tab = real.go("neuron", layer=layer, head=1, order="stored", query=0)
        for query in (2, 4):
            hover_query(tab, query)
            token = str(wanted.query_tokens[query]).replace("Ġ", "")
            expect(tab.frame.locator(".neuron-title h2")).to_contain_text(f"{token} →")
            check_weights(real, layer, 1, query)
            check_signs(tab, wanted.query[1], wanted.key[1], query)


def check_signs(tab: AttentionTab, queries: np.ndarray, keys: np.ndarray, query: int) -> None:
    """Blue where the number is positive, orange where it is negative, in the rows that both sides have."""
    key = min(query, len(keys) - 1)
    product = queries[query] * keys
    columns = (
        (query, queries[query], queries),
        (key, keys[key], keys),
        (key, product[key], product[: key + 1]),
    )
    for column, (row, values, scale) in enumerate(columns):
        found = signs(cell_pixels(tab, column, row, len(values)))
        clear = abs(values) > 0.35 * abs(scale).max()
        np.testing.assert_array_equal(found[clear], np.sign(values[clear]))


@each_model_and_step
def test_n7_keys_after_the_query_are_hidden_where_the_model_is_causal(real: RealTab) -> None:
    for _, layer in real.model.groups.values():
        tab = real.go("neuron", layer=layer, query=2)
        count = seen(real, layer, 2)
        check_weights(real, layer, 0, 2)
        keys = tab.frame.get_by_role("listbox", name="Key tokens").get_by_role("option")
        expect(keys).to_have_count(count)
        pixels = tab.pixels(tab.canvas("Query, key"))
        column = slice(COLUMN + GAP, 2 * COLUMN + GAP)
        assert pixels[: count * row_height(tab), column, 3].max() == 255
        assert not pixels[count * row_height(tab) :, column, 3].any()
