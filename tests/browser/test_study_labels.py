"""Compare, Find head and Hints at 900 and 1600 pixels → no two pieces of text overlap, and none leaves what holds it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attention_tab import AttentionTab
from changing_log import PAIR, STEPS
from logs.tensorboard_server import TensorBoardServer
from text_boxes import layout_faults

HERE: dict[str, object] = {
    "run": "a",
    "tag": "she",
    "step": STEPS[-1],
    "layer": 1,
    "head": 2,
    "query": PAIR[0],
}
STATES: dict[str, tuple[str, dict[str, object]]] = {
    "first": (".change-row", {"view": "model", "compare": "first", "kept": 1}),
    "run": (".compare-warning", {"view": "model", "compare": "same", "compare_run": "b", "change": "matrix"}),
    "probe": (".is-differing", {"view": "model", "compare": 30, "compare_tag": "he"}),
    "refused": (".compare-refusal", {"view": "model", "compare": "same", "compare_tag": "short"}),
    "find": (".found-row", {"view": "model", "panel": "find", "find": "4-2"}),
    "find in head": (".found-row", {"view": "head", "panel": "find", "find": "first"}),
    "hints": (".hint", {"view": "model", "panel": "health", "run": "nan"}),
}


@pytest.mark.parametrize("width", [900, 1600])
@pytest.mark.parametrize("state", STATES)
def test_no_label_overlaps_another_or_leaves_its_container(
    open_tab: Callable[..., AttentionTab], changing_server: TensorBoardServer, width: int, state: str
) -> None:
    seen, there = STATES[state]
    tab = open_tab(changing_server.url, width=width, **{**HERE, **there})
    tab.frame.locator(seen).first.wait_for()
    assert layout_faults(tab.inside()) == []
