"""Many random actions in the tab over six logs: nothing fails on the way, and Back undoes each step that history holds."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import changing_log
import evolution_log
import matrix_log
import neuron_log
import planted_log
import pytest
import real_models
from attention_tab import VIEWS, AttentionTab
from logs.tensorboard_server import TensorBoardServer
from playwright.sync_api import Browser, Error, Locator, Response

LOGS: dict[str, Callable[[Path], object]] = {
    "planted": planted_log.write_log,
    "changing": changing_log.write_log,
    "captured": real_models.write_log,
    "evolution": evolution_log.write_evolution,
    "long": matrix_log.write_log,
    "vectors": neuron_log.write_log,
}
ACTIONS = {"daily": 25, "whole": 170}
BROKEN = {"planted": {422}, "changing": {422}, "evolution": {422}}
"""Statuses that a log's damaged files are answered with."""
TARGETS = (
    "button, [role=tab], [role=button], select, input, canvas, a[href^='#'], [tabindex='0'], [role=option]"
)
NOTHING_THERE = "no token of this probe has a cell"  # what Find says, and the panel shows, of such a template
KEYS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Enter", "Escape", "Tab", "[", "]"]
WATCH_HISTORY = """(() => {
  if (window !== window.top) return;
  window.walk = [];
  const { pushState, replaceState } = history;
  history.pushState = function (state, unused, url) {
    pushState.call(this, state, unused, url);
    window.walk.push(location.hash);
  };
  history.replaceState = function (state, unused, url) {
    replaceState.call(this, state, unused, url);
    window.walk[Math.max(0, window.walk.length - 1)] = location.hash;
  };
})()"""


class Walk:
    """One open tab, what went wrong in it, and the next random action."""

    def __init__(self, browser: Browser, url: str, seed: int, expected: set[int]) -> None:
        self.random = random.Random(seed)
        self.done: list[str] = []
        self.wrong: list[str] = []
        self.expected = expected
        page = browser.new_page(viewport={"width": 1280, "height": 800}, accept_downloads=True)
        page.add_init_script(WATCH_HISTORY)
        self.tab = AttentionTab(page)
        self.failed: list[Response] = []
        page.on("response", self.keep_failed)
        page.on("console", lambda told: self.note(told.text) if told.type == "error" else None)
        page.goto(f"{url}/#attn")
        self.tab.wait_drawn("evolution")

    def keep_failed(self, response: Response) -> None:
        """Keep an answer that says that the tab asked wrongly, or that the server broke."""
        if response.status >= 400 and response.status not in self.expected and "/attn/" in response.url:
            self.failed.append(response)

    def check(self) -> None:
        """Nothing went wrong so far."""
        for response in self.failed:
            text = response.text()
            if NOTHING_THERE not in text:
                self.wrong.append(f"{response.status} {response.url}: {text} after {self.done[-3:]}")
        self.failed.clear()
        assert self.wrong == []
        assert self.tab.errors == []

    def note(self, text: str) -> None:
        """Keep what went wrong, and after what; the browser's own words on an expected status are none."""
        if not any(f"status of {status}" in text for status in (*self.expected, 400, 404)):
            self.wrong.append(f"{text} after {self.done[-3:]}")

    def act(self) -> None:
        """One action: mostly a press on something that can be seen, now and then a key, a place or the slider."""
        kind = self.random.choice(["press"] * 6 + ["key", "key", "place", "slide"])
        try:
            getattr(self, kind)()
        except Error as gone:  # what was found a moment ago may be gone, or covered
            if "Timeout" not in str(gone) and "detached" not in str(gone):
                raise
        self.tab.settle()

    def press(self) -> None:
        """Press, or choose in, something that can be seen."""
        found = self.visible(TARGETS)
        name = found.evaluate(
            "e => `${e.tagName} ${e.getAttribute('aria-label') ?? e.textContent.slice(0, 30)}`"
        )
        self.done.append(f"press {name}")
        if name.startswith("SELECT"):
            values = found.evaluate("e => [...e.options].filter(o => !o.disabled).map(o => o.value)")
            if values:
                found.select_option(self.random.choice(values), timeout=500)
        elif name.startswith("INPUT") and found.get_attribute("type") in ("text", "search", "number"):
            words = ["", "1", "0.5"] if found.get_attribute("type") == "number" else ["", "1", "a", "she"]
            found.fill(self.random.choice(words), timeout=500)
        else:
            found.click(timeout=500, no_wait_after=True)

    def key(self) -> None:
        """Press a key where the focus is."""
        key = self.random.choice(KEYS)
        self.done.append(f"key {key}")
        self.tab.page.keyboard.press(key)

    def place(self) -> None:
        """Move over a random place of the page, and press there every second time."""
        x, y = self.random.uniform(0, 1279), self.random.uniform(64, 799)
        self.done.append(f"place {x:.0f} {y:.0f}")
        self.tab.page.mouse.move(x, y)
        if self.random.random() < 0.5:
            self.tab.page.mouse.click(x, y)

    def slide(self) -> None:
        """Go to another step."""
        slider = self.tab.frame.get_by_role("slider", name="Step")
        if slider.count():
            self.done.append("slide")
            slider.first.press(self.random.choice(["Home", "End", "ArrowLeft", "ArrowRight"]), timeout=500)

    def visible(self, selector: str) -> Locator:
        """A random one of those that can be seen."""
        places = self.tab.frame.locator(selector).evaluate_all(
            "all => all.flatMap((e, i) => e.checkVisibility() && !e.disabled && e.type !== 'file' ? [i] : [])"
        )
        return self.tab.frame.locator(selector).nth(self.random.choice(places))

    def go_back(self) -> int:
        """Press Back to the first entry that the walk made; how often. Each time address and view are those of then."""
        entries = self.tab.page.evaluate("walk")
        for expected in reversed(entries[:-1]):
            self.tab.page.go_back(wait_until="commit")
            self.tab.page.wait_for_function("hash => location.hash === hash", arg=expected)
            named = re.search(r"p\.attn\.view=(\w+)", expected)
            chosen = self.tab.frame.get_by_role(
                "tab", name=VIEWS[named[1] if named else "evolution"], exact=True
            )
            chosen.and_(self.tab.frame.locator("[aria-selected=true]")).wait_for()
        return len(entries) - 1


@pytest.fixture
def log(request: pytest.FixtureRequest) -> tuple[str, str]:
    """How long the walk is, and over which log."""
    length, name = request.param
    return length, name


@pytest.fixture
def walk(log: tuple[str, str], browser: Browser, tmp_path: Path) -> Iterator[Walk]:
    """A walk over one log."""
    LOGS[log[1]](tmp_path)
    with TensorBoardServer.start(logdir=tmp_path) as server:
        walk = Walk(browser, server.url, sorted(LOGS).index(log[1]), BROKEN.get(log[1], set()))
        yield walk
        walk.tab.close()


def check(walk: Walk, actions: int) -> None:
    """Walk, then go back."""
    for _ in range(actions):
        walk.act()
        walk.check()
    walk.tab.page.keyboard.press("Escape")
    assert walk.go_back() > 0
    walk.check()


@pytest.mark.parametrize("log", [("daily", "changing")], indirect=True, ids="-".join)
def test_some_random_actions_fail_nowhere_and_back_undoes_them(walk: Walk) -> None:
    check(walk, ACTIONS["daily"])


@pytest.mark.slow
@pytest.mark.parametrize("log", [("whole", name) for name in LOGS], indirect=True, ids="-".join)
def test_a_thousand_random_actions_over_six_logs_fail_nowhere_and_back_undoes_them(
    walk: Walk, log: tuple[str, str]
) -> None:
    check(walk, ACTIONS[log[0]])
