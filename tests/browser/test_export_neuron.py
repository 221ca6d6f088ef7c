"""What the Neuron view saves, expanded and collapsed: pictures, numbers, and a page that stays small."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attention_tab import AttentionTab
from downloads import save, table
from logs.tensorboard_server import TensorBoardServer
from neuron_log import PAIR, RUN, NeuronLog, write_log
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect

from tensorboard_plugin_attn import AttentionReader

HERE: dict[str, Any] = {"run": RUN, "step": 40, "layer": 1}
SHE = 9


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> NeuronLog:
    """Records with query and key; tests only read them."""
    return write_log(tmp_path_factory.mktemp("neurons"))


@pytest.fixture(scope="module")
def tab(log: NeuronLog, browser: Browser) -> Iterator[AttentionTab]:
    """The Neuron view on them."""
    with TensorBoardServer.start(logdir=log.directory) as server:
        tab = AttentionTab.open(browser, server.url, view="neuron", **HERE, tag="bert/pair")
        tab.wait_drawn("neuron")
        yield tab
        tab.close()


def column(rows: list[dict[str, str]], name: str) -> NDArray[np.float64]:
    """One column as numbers."""
    return np.array([float(row[name]) for row in rows])


def test_the_numbers_of_the_columns_are_the_records(
    tab: AttentionTab, log: NeuronLog, offline: Callable[[Path], Page], tmp_path: Path
) -> None:
    tab.go("neuron", **HERE, tag="bert/pair", query=SHE)
    rows = table(save(tab, "csv", tmp_path))
    layer = AttentionReader(log.directory).read(RUN, "bert/pair", 40).layers[1]
    assert layer.query is not None
    assert layer.key is not None
    np.testing.assert_allclose(column(rows, "weight"), np.asarray(layer.weights)[0, SHE], atol=1e-6)
    np.testing.assert_allclose(
        column(rows, "q_dot_k"), np.asarray(layer.key)[0] @ np.asarray(layer.query)[0, SHE], atol=1e-4
    )
    page = offline(save(tab, "svg", tmp_path))
    assert {"query q", "q × k", "softmax", "nurse"} <= set(page.locator("text").all_text_contents())


def test_collapsed_to_lines_the_picture_has_the_lines_and_the_numbers_are_the_heads(
    tab: AttentionTab, log: NeuronLog, offline: Callable[[Path], Page], tmp_path: Path
) -> None:
    tab.go("neuron", **HERE, tag="bert/pair", head=2, query=SHE, columns="collapsed")
    weights = np.asarray(AttentionReader(log.directory).read(RUN, "bert/pair", 40).layers[1].weights)[2]
    rows = table(save(tab, "csv", tmp_path))
    assert {row["head"] for row in rows} == {"2"}
    np.testing.assert_allclose(column(rows, "weight").reshape(weights.shape), weights, atol=1e-6)
    page = offline(save(tab, "svg", tmp_path))
    texts = page.locator("text").all_text_contents()
    assert [texts.count(token) for token in PAIR] == [2 * PAIR.count(token) for token in PAIR]
    assert f"{weights[SHE].max():.2f}".lstrip("0") in texts
    assert page.locator("path").count() >= len(PAIR)


def test_keys_that_the_chosen_query_cannot_see_are_not_in_the_collapsed_picture(
    tab: AttentionTab, offline: Callable[[Path], Page], tmp_path: Path
) -> None:
    tab.go("neuron", **HERE, tag="llama/grouped", query=2, columns="collapsed")
    page = offline(save(tab, "svg", tmp_path))
    texts = page.locator("text").all_text_contents()
    words = ["a", "llama", "looks", "at", "its", "own", "keys"]
    assert [texts.count(word) for word in words] == [2, 2, 2, 1, 1, 1, 1]


def test_the_page_opens_with_the_head_and_the_query_of_the_tab(
    tab: AttentionTab, offline: Callable[[Path], Page], tmp_path: Path
) -> None:
    tab.go("neuron", **HERE, tag="bert/pair", head=2, query=SHE)
    page = offline(save(tab, "html", tmp_path))
    expect(page.get_by_role("heading", name="How the weight she")).to_be_visible()
    expect(page.get_by_role("tab", name="Neuron")).to_have_attribute("aria-selected", "true")
    expect(page.locator("canvas[aria-label*='layer 1 head 2']")).to_be_visible()
