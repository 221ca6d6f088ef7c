"""BertViz's page or ours, in a browser of its own → how soon it is drawn, how long actions take, its peak memory.

Every page is looked at: what lies between its tokens must not be blank, and an action must change the picture.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from attention_tab import AttentionTab, tab_hash
from chromium import launch
from compared_actions import ACTIONS, OURS_DRAWN, TIMING
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Frame, Page, Playwright, TimeoutError
from renderer_memory import renderer_peak_mib

VIEWPORT = {"width": 1280, "height": 736}
LEAST_INK = 0.002
REST_MS = 300
SCREENSHOT_MS = 120_000

Place = tuple[str, int, int]
"""An element, and the part of its width that is looked at: from how many pixels, how many."""

WHOLE = (0, VIEWPORT["width"])
PLACES: dict[tuple[str, str], Place] = {
    ("BertViz", "head"): ("#vis > svg", 112, 110),
    ("BertViz", "model"): ("#vis > svg", 40, 900),
    ("BertViz", "neuron"): ("#vis > svg", 122, 880),
    ("ours", "head"): ("canvas[aria-label^='Attention lines of layer']", *WHOLE),
    ("ours", "model"): ("canvas[aria-label^='Attention heads at step']", *WHOLE),
    ("ours", "neuron"): ("canvas[aria-label^='Query, key']", *WHOLE),
}
CHANGED: dict[tuple[str, str], Place] = {("ours", "model"): (".model-side canvas[role=img]", *WHOLE)}
"""What an action changes, where that is not the view's own picture."""


@dataclass
class Measured:
    """What one page took, in milliseconds and MiB.

    ``ink`` is the share of the picture that is not background, ``own_peak`` the memory of TensorBoard's page before
    ours was in it.
    """

    drawn: float = float("nan")
    peak: float = float("nan")
    own_peak: float = float("nan")
    ink: float = float("nan")
    actions: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Opened:
    """A page that is drawn, and the frame of it in which BertViz's view or ours is."""

    page: Page
    frame: Page | Frame
    side: str
    view: str
    name: str


@dataclass
class Bench:
    """What all pages are opened with; pictures of them are kept when there is a folder for them."""

    playwright: Playwright
    site: str
    pictures: Path | None
    tensorboard: str = ""

    @contextmanager
    def page(self, is_drawn: str) -> Iterator[Page]:
        """A page in a new browser."""
        browser = launch(self.playwright)
        page = browser.new_page(viewport=VIEWPORT)
        page.add_init_script(TIMING.replace("IS_DRAWN", is_drawn))
        yield page
        browser.close()

    def keep(self, opened: Opened, when: str) -> None:
        """Save what is seen."""
        if self.pictures is not None:
            name = f"{opened.name}-{opened.side}-{when}.png".replace(" ", "-")
            opened.page.screenshot(path=self.pictures / name, timeout=SCREENSHOT_MS)


def wait_drawn(frame: Page | Frame, limit: float) -> float:
    """When it was drawn, in ms since 1970. Raises Playwright's TimeoutError."""
    frame.wait_for_selector("html[data-drawn-at]", state="attached", timeout=limit * 1000)
    return float(frame.evaluate("document.documentElement.dataset.drawnAt"))


def measure_bertviz(
    bench: Bench, view: str, name: str, is_drawn: str, *, times: int, limit: float
) -> Measured:
    """BertViz's page from navigating on; ``drawn`` is infinite when it was not drawn within so many seconds."""
    found = Measured()
    with bench.page(is_drawn) as page:
        page.goto(f"{bench.site}/bertviz/{name}.html", wait_until="commit")
        try:
            found.drawn = wait_drawn(page, limit) - page.evaluate("performance.timeOrigin")
        except TimeoutError:
            found.drawn = math.inf
            found.peak = renderer_peak_mib()
            return found
        act(bench, Opened(page, page, "BertViz", view, name), found, times)
    return found


def measure_tab(bench: Bench, view: str, state: dict[str, object], name: str, *, times: int) -> Measured:
    """Our tab from following a link to it in TensorBoard's page that is up."""
    found = Measured()
    with bench.page(OURS_DRAWN.format(view=view)) as page:
        tab = AttentionTab(page)
        page.goto(f"{bench.tensorboard}#timeseries")
        page.locator(".mdc-tab", has_text="Attention").wait_for()
        page.wait_for_load_state("networkidle")
        found.own_peak = renderer_peak_mib()
        start = "hash => { location.hash = hash; return performance.timeOrigin + performance.now() }"
        started = page.evaluate(start, tab_hash({"view": view, **state}))
        page.wait_for_selector("iframe", state="attached")
        found.drawn = wait_drawn(tab.inside(), 60) - started
        act(bench, Opened(page, tab.inside(), "ours", view, name), found, times)
    return found


def time_with_tensorboard(bench: Bench, view: str, state: dict[str, object]) -> float:
    """Milliseconds until our tab is drawn, from navigating to it in an empty page."""
    with bench.page(OURS_DRAWN.format(view=view)) as page:
        page.goto(f"{bench.tensorboard}#{tab_hash({'view': view, **state})}", wait_until="commit")
        page.wait_for_selector("iframe", state="attached", timeout=60_000)
        while not (found := [frame for frame in page.frames if "name=attn" in frame.url]):
            page.wait_for_timeout(5)  # the frame is attached before it has its address
        (inside,) = found
        return wait_drawn(inside, 60) - float(page.evaluate("performance.timeOrigin"))


def measure_file(bench: Bench, view: str, name: str, *, times: int) -> Measured:
    """Our stand-alone file from navigating to it on."""
    found = Measured()
    with bench.page(OURS_DRAWN.format(view=view)) as page:
        page.goto(f"{bench.site}/ours/{name}.html", wait_until="commit")
        found.drawn = wait_drawn(page, 60) - page.evaluate("performance.timeOrigin")
        act(bench, Opened(page, page, "ours", view, f"{name}-file"), found, times)
    return found


def act(bench: Bench, opened: Opened, found: Measured, times: int) -> None:
    """Look at the page, do everything so many times, then read its memory."""
    page, side, view = opened.page, opened.side, opened.view
    found.ink = ink(look(opened, PLACES[side, view], "drawn"))
    bench.keep(opened, "drawn")
    place = CHANGED.get((side, view), PLACES[side, view])
    before = look(opened, place, "drawn")
    for action in ACTIONS[view] if times else ():
        taken = found.actions.setdefault(action.name, [])
        for n in range(times):
            page.wait_for_timeout(REST_MS)
            taken.append(opened.frame.evaluate(action.script(side), n))
        bench.keep(opened, action.name)
        after = look(opened, place, action.name)
        if np.array_equal(before, after) and (side == "BertViz" or action.is_seen):
            raise SystemExit(f"{opened.name}, {side}: {action.name} left the picture as it was")
        before = after
    found.peak = renderer_peak_mib()


def look(opened: Opened, place: Place, when: str) -> NDArray[np.uint8]:
    """Colours ``[row, column, rgb]`` of a place, as far as it is in the window; it must not be blank."""
    selector, left, width = place
    box = opened.frame.locator(selector).bounding_box()
    if box is None:
        raise SystemExit(f"{opened.name}, {opened.side}, {when}: there is no picture")
    x, y = round(box["x"] + left), round(box["y"])
    right = min(round(box["x"] + box["width"]), x + width)
    colours = screenshot(opened.page)[y : round(box["y"] + box["height"]), x:right]
    if ink(colours) < LEAST_INK:
        raise SystemExit(f"{opened.name}, {opened.side}, {when}: the picture is blank")
    return colours


def screenshot(page: Page) -> NDArray[np.uint8]:
    """The window's colours ``[row, column, rgb]``."""
    return np.asarray(Image.open(io.BytesIO(page.screenshot(timeout=SCREENSHOT_MS))).convert("RGB"))


def ink(colours: NDArray[np.uint8]) -> float:
    """The share that is not of the most frequent colour."""
    codes = colours.astype(np.int64) @ [1 << 16, 1 << 8, 1]
    values, counts = np.unique(codes, return_counts=True)
    background = values[counts.argmax()]
    wanted = np.array([background >> 16, background >> 8 & 255, background & 255])
    return float((np.abs(colours.astype(int) - wanted).max(axis=-1) > 8).mean())
