"""axe-core on every view and on what opens over them, in both themes: no serious violation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attention_tab import AttentionTab
from neuron_log import RUN as NEURON_RUN
from neuron_log import write_log as write_neuron_log
from playwright.sync_api import Browser
from tensorboard_server import TensorBoardServer

AXE = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
HERE: dict[str, Any] = {"run": "planted", "step": 10, "layer": 1}
LINES, PAIR = {**HERE, "tag": "patterns"}, {**HERE, "tag": "pair/she"}
# Names spell out what a picture abbreviates ("Layer 0 head 3" for 0.3), so they do not repeat the text on screen.
RUN_AXE = """async () => {
  const rules = { 'label-content-name-mismatch': { enabled: false } };
  const { violations } = await axe.run(document, { resultTypes: ['violations'], rules });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => [id, nodes.map(({ html, any }) => [html.slice(0, 200), any.map(({ message }) => message)])]);
}"""


def press(name: str) -> Callable[[AttentionTab], object]:
    """Press one of the toolbar's buttons."""
    return lambda tab: tab.button(name).click()


def nothing(tab: AttentionTab) -> None:
    """The view as it is."""


STATES: dict[str, tuple[dict[str, Any], Callable[[AttentionTab], object]]] = {
    "evolution": ({"view": "evolution", **LINES}, nothing),
    "model": ({"view": "model", **LINES}, nothing),
    "model sorted": ({"view": "model", **LINES, "sort": "entropy"}, nothing),
    "head": ({"view": "head", **LINES, "heads": "2.5"}, nothing),
    "head pinned": ({"view": "head", **PAIR, "query": 6, "sentences": "ba"}, nothing),
    "matrix": ({"view": "head", **LINES, "mode": "matrix"}, nothing),
    "no vectors": ({"view": "neuron", **LINES}, nothing),
    "export menu": ({"view": "head", **LINES}, press("Export")),
    "find": ({"view": "model", **LINES}, press("Find head")),
    "compare": ({"view": "model", **LINES}, press("Compare")),
    "damaged": ({"view": "head", **HERE, "tag": "damaged"}, nothing),
}


def violations(tab: AttentionTab) -> list[Any]:
    """Rules that are broken, with the elements that break them."""
    tab.page.wait_for_load_state("networkidle")
    tab.page.wait_for_timeout(300)
    inside = tab.inside()
    inside.evaluate(AXE.read_text(encoding="utf-8"))
    return list(inside.evaluate(RUN_AXE))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", list(STATES))
def test_no_view_has_a_serious_violation(
    open_tab: Callable[..., AttentionTab], server: TensorBoardServer, name: str, dark: bool
) -> None:
    state, act = STATES[name]
    tab = open_tab(server.url, dark=dark, **state)
    tab.frame.get_by_role("slider", name="Step").wait_for()
    act(tab)
    assert violations(tab) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_neuron_view_has_no_serious_violation(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, dark: bool
) -> None:
    log = write_neuron_log(tmp_path_factory.mktemp("neurons"))
    state = {"view": "neuron", "run": NEURON_RUN, "tag": "bert/pair", "step": 40}
    with TensorBoardServer.start(logdir=log.directory) as server:
        tab = AttentionTab.open(browser, server.url, dark=dark, **state)
        tab.wait_drawn("neuron")
        assert violations(tab) == []
        tab.close()
