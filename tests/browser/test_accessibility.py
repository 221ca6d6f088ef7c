"""axe-core on every view and on what opens over them, in both themes: no serious violation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attention_tab import AttentionTab
from logs.tensorboard_server import TensorBoardServer
from neuron_log import RUN as NEURON_RUN
from neuron_log import write_log as write_neuron_log

AXE = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
HERE: dict[str, Any] = {"run": "planted", "step": 10, "layer": 1}
LINES, PAIR = {**HERE, "tag": "patterns"}, {**HERE, "tag": "pair/she"}
# One of axe's experiments, off unless it is asked for: a name contains the text on screen (WCAG 2.5.3).
RUN_AXE = """async () => {
  const rules = { 'label-content-name-mismatch': { enabled: true } };
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
    "head side by side": ({"view": "head", **LINES, "layout": "horizontal", "query": 3}, nothing),
    "head pinned": ({"view": "head", **PAIR, "query": 6, "sentences": "ba"}, nothing),
    "matrix": ({"view": "head", **LINES, "mode": "matrix", "query": 3, "key": 2}, nothing),
    "no vectors": ({"view": "neuron", **LINES}, nothing),
    "export menu": ({"view": "head", **LINES}, press("Export")),
    "find": ({"view": "model", **LINES}, press("Find head")),
    "compare": ({"view": "model", **LINES}, press("Compare")),
    "hostile tokens": ({"view": "head", **HERE, "tag": "hostile/<i>"}, nothing),
    "damaged": ({"view": "head", **HERE, "tag": "damaged"}, nothing),
}


def violations(tab: AttentionTab) -> list[Any]:
    """Rules that are broken, with the elements that break them."""
    tab.wait_loaded()
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
    tab.frame.get_by_role("slider", name="Step", exact=True).wait_for()
    act(tab)
    assert violations(tab) == []


STUDIES: dict[str, dict[str, Any]] = {
    "evolution": {"view": "evolution", "run": "a", "heads": "1.2"},
    "compare": {"view": "model", "run": "a", "compare": "first", "layer": 1, "head": 2, "query": 4},
    "compare matrix": {"view": "model", "run": "a", "compare": "first", "layer": 1, "change": "matrix"},
    "find": {"view": "head", "run": "a", "panel": "find", "find": "4-2"},
    "hints": {"view": "model", "run": "nan", "panel": "health"},
}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", list(STUDIES))
def test_no_study_of_changes_has_a_serious_violation(
    open_tab: Callable[..., AttentionTab], changing_server: TensorBoardServer, name: str, dark: bool
) -> None:
    tab = open_tab(changing_server.url, dark=dark, tag="she", step=60, **STUDIES[name])
    tab.frame.get_by_role("slider", name="Step", exact=True).wait_for()
    tab.frame.locator(".change-row, .found-row, .hint, .changes tbody tr").first.wait_for()
    assert violations(tab) == []


@pytest.fixture(scope="module")
def neuron_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoardServer]:
    """A TensorBoard on records with query and key."""
    log = write_neuron_log(tmp_path_factory.mktemp("neurons"))
    with TensorBoardServer.start(logdir=log.directory) as server:
        yield server


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("columns", ["expanded", "collapsed"])
def test_the_neuron_view_has_no_serious_violation(
    open_tab: Callable[..., AttentionTab], neuron_server: TensorBoardServer, columns: str, dark: bool
) -> None:
    state = {"view": "neuron", "run": NEURON_RUN, "tag": "bert/pair", "step": 40, "query": 9}
    tab = open_tab(neuron_server.url, dark=dark, columns=columns, **state)
    tab.wait_drawn("neuron")
    assert violations(tab) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_empty_tab_has_no_serious_violation(
    open_tab: Callable[..., AttentionTab], tmp_path: Path, dark: bool
) -> None:
    with TensorBoardServer.start(logdir=tmp_path) as server:
        tab = open_tab(server.url, dark=dark)
        tab.frame.get_by_role("tab", name="Evolution").wait_for()
        assert violations(tab) == []
