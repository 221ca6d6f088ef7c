"""Tokens of every sort in matrix, Neuron, Compare, Find head and in what they save: text, in its place, as logged on request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attention_tab import AttentionTab
from downloads import save, table
from logs.random_attention import softmax_weights
from logs.tensorboard_server import TensorBoardServer
from planted_log import HOSTILE
from playwright.sync_api import Browser, Page, expect

from tensorboard_plugin_attn import AttentionRecord, AttentionWriter, LayerAttention

MARKUP = HOSTILE[1]
SCRIPTS = ["שלום", "مرحبا", "看護師", "👩‍⚕️"]
PIECES = {
    "bytes": (["The", "Ġnurse", "Ġcaf", "Ã©", "Ċ"], ["The", "nurse", "caf", "é", "↵"]),
    "sentencepiece": (["▁The", "▁nurse", "<0xE2>", "<0x0A>", "▁"], ["The", "nurse", "‹E2›", "↵", "␣"]),
    "wordpiece": (["[CLS]", "nurse", "##s", "late", "[SEP]"], ["[CLS]", "nurse", "s", "late", "[SEP]"]),
    "word ends": (["the</w>", "nur", "ses</w>", "we", "re</w>"], ["the", "nur", "ses", "we", "re"]),
}
HERE: dict[str, Any] = {"run": "run", "step": 10}
VIEWS: dict[str, dict[str, Any]] = {
    "lines": {"view": "head", "query": 1},
    "matrix": {"view": "head", "mode": "matrix", "query": 1, "key": 11},
    "neuron": {"view": "neuron", "query": 1},
    "collapsed": {"view": "neuron", "query": 1, "columns": "collapsed"},
    "compare": {"view": "model", "compare": "first", "query": 1},
    "compare matrix": {"view": "model", "compare": "first", "query": 1, "change": "matrix"},
    "find": {"view": "model", "panel": "find", "find": "1-11"},
}


def record(tokens: list[str], seed: int) -> AttentionRecord:
    """Two heads with query and key."""
    random = np.random.default_rng(seed)
    vectors = [random.normal(size=(2, len(tokens), 8)).astype(np.float32) for _ in range(2)]
    weights = softmax_weights(2, len(tokens), len(tokens), seed)
    return AttentionRecord([LayerAttention(weights, query=vectors[0], key=vectors[1], scale=8**-0.5)], tokens)


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[AttentionTab]:
    """A tab on probes of such tokens at two steps."""
    logdir = tmp_path_factory.mktemp("tokens")
    probes = {
        "hostile": HOSTILE,
        "scripts": SCRIPTS,
        **{name: logged for name, (logged, _) in PIECES.items()},
    }
    with AttentionWriter(logdir / "run") as writer:
        for step in (0, 10):
            for name, tokens in probes.items():
                writer.add_record(name, record(tokens, step), step)
    with TensorBoardServer.start(logdir=logdir) as server:
        tab = AttentionTab.open(browser, server.url, view="model", **HERE, tag="hostile")
        tab.wait_drawn("model")
        yield tab
        tab.close()


def go(tab: AttentionTab, view: str, tag: str, **more: object) -> None:
    """Open one of the views on a probe."""
    state = {**HERE, "tag": tag, **VIEWS[view], **more}
    tab.go(**state)
    tab.wait_loaded()


@pytest.mark.parametrize("view", list(VIEWS))
def test_hostile_tokens_are_text_in_every_view_and_widen_nothing(tab: AttentionTab, view: str) -> None:
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    go(tab, view, "hostile")
    expect(tab.frame.locator("#attn").get_by_text("</script><img", exact=False).first).to_be_attached()
    assert tab.frame.locator("#attn").locator("img, script, b:not([class]) > b, i > b").count() == 0
    assert "owned" not in tab.page.title()
    assert [url for url in asked if url.endswith("/x")] == []
    wide = tab.inside().evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]


@pytest.mark.parametrize("view", [view for view in VIEWS if view != "matrix"])
def test_a_long_token_is_elided_and_whole_on_hover(tab: AttentionTab, view: str) -> None:
    go(tab, view, "hostile")
    texts = tab.inside().evaluate(
        "[...document.querySelectorAll('#attn .content [title]')].map(each => [each.title, each.innerText])"
    )
    found = [(title, text) for title, text in texts if "x" * 10_000 in title]
    assert found
    assert all(len(text) < 100 and text.strip().endswith("…") for _, text in found)


@pytest.mark.parametrize("view", list(VIEWS))
def test_a_saved_picture_holds_hostile_tokens_as_text(
    tab: AttentionTab, offline: Callable[[Path], Page], tmp_path: Path, view: str
) -> None:
    go(tab, view, "hostile")
    page = offline(save(tab, "svg", tmp_path))
    assert page.locator("svg").count() == 1
    assert page.locator("img, script, foreignObject").count() == 0
    texts = page.locator("text").all_text_contents()
    if view not in ("find", "matrix"):
        assert max(map(len, texts)) < 100
    if view != "find":
        assert any(text.startswith("</script><img") for text in texts)
        assert {"‹D83D›", "‹ZWSP›", "‹empty›"} <= set(texts)


def test_the_table_has_the_whole_token_as_it_was_logged(tab: AttentionTab, tmp_path: Path) -> None:
    go(tab, "lines", "hostile")
    tokens = {row["key_token"] for row in table(save(tab, "csv", tmp_path))}
    assert {MARKUP, "x" * 10_000, "${alert(1)}"} <= tokens


@pytest.mark.parametrize("pieces", list(PIECES))
@pytest.mark.parametrize("view", ["lines", "neuron", "collapsed", "compare", "find"])
def test_markers_are_taken_off_and_shown_on_request(tab: AttentionTab, view: str, pieces: str) -> None:
    logged, shown = PIECES[pieces]
    more = {"find": "1-2"} if view == "find" else {}
    for raw, wanted in ((0, shown), (1, [token.replace("\n", "↵") for token in logged])):
        go(tab, view, pieces, raw=raw, **more)
        name = "From queries" if view == "find" else "Query tokens"
        found = tab.frame.get_by_role("listbox", name=name).first.get_by_role("option")
        expect(found).to_have_count(len(wanted))
        assert found.locator("bdi").all_inner_texts() == wanted


def test_right_to_left_tokens_keep_their_place_and_turn_nothing_beside_them(
    tab: AttentionTab, offline: Callable[[Path], Page], tmp_path: Path
) -> None:
    go(tab, "compare", "scripts", query=0)
    pairs = tab.frame.locator(".change-row .change-pair").all_inner_texts()
    sides = [side for pair in pairs if pair for side in pair.split(" → ")]
    assert len(sides) >= 2
    assert {side.strip("\u2068\u2069") for side in sides} <= set(SCRIPTS)
    assert all(side.startswith("\u2068") == (side.strip("\u2068\u2069") in SCRIPTS[:2]) for side in sides)
    go(tab, "lines", "scripts")
    assert tab.frame.get_by_role("listbox", name="Key tokens").locator("bdi").all_inner_texts() == SCRIPTS
    texts = offline(save(tab, "svg", tmp_path)).locator("text").all_text_contents()
    assert {"\u2068שלום\u2069", "\u2068مرحبا\u2069", "看護師", "👩‍⚕️"} <= set(texts)
