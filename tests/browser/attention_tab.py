"""A TensorBoard and a browser → the Attention tab, opened, waited for and read by the names users see."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import kept_pages
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, Frame, FrameLocator, Locator, Page

__all__ = ["AttentionTab", "tab_hash"]

VIEWS = {"model": "Model", "head": "Head", "neuron": "Neuron", "evolution": "Evolution"}
QUIET_MS = 300
LOADED = """quiet => attnTest.asked === 0 && performance.now() - attnTest.lastAt > quiet
  && document.querySelector('#attn') !== null
  && document.querySelector('#attn :is([aria-busy=true], [role=progressbar])') === null"""
# A first visit is explained above the picture: only the tests of it want that.
VISITED = "localStorage.setItem('tensorboard-plugin-attn.explained', '1')"
DRAWN = "view => performance.getEntriesByName(`attn:drawn:${view}`).length"

# Every request of the frame is counted from its start until its answer has been read.
# Every mark keeps what the views' canvases held at that very moment, once `keepPictures` is set.
WATCH = """(() => {
  const mark = performance.mark.bind(performance);
  const pixels = canvas => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let text = '';
    for (let i = 0; i < data.length; i += 32768) text += String.fromCharCode(...data.subarray(i, i + 32768));
    return [canvas.width, canvas.height, btoa(text)];
  };
  window.attnTest = { pixels, keepPictures: false, pictures: [], asked: 0, lastAt: 0 };
  const ask = window.fetch;
  const ended = () => { attnTest.asked--; attnTest.lastAt = performance.now(); };
  window.fetch = async (...given) => {
    attnTest.asked++;
    try {
      const answer = await ask(...given);
      await answer.clone().arrayBuffer().catch(() => undefined);
      return answer;
    } finally {
      ended();
    }
  };
  performance.mark = (name, options) => {
    const entry = mark(name, options);
    const canvas = document.querySelector('canvas[role=img]');
    if (name.startsWith('attn:drawn:') && window.attnTest.keepPictures && canvas !== null)
      window.attnTest.pictures.push([canvas.getAttribute('aria-label'), pixels(canvas)]);
    return entry;
  };
})()"""


class AttentionTab:
    """One page with the tab open.

    Example:
        >>> tab = AttentionTab.open(browser, server.url, view="head", layer=5)
        >>> tab.wait_drawn("head")
        >>> tab.button("Head 3").click()
    """

    def __init__(
        self, page: Page, *, kept_as: tuple[Browser, str] | None = None, is_watched: bool = False
    ) -> None:
        self.page = page
        self.kept_as = kept_as
        self.errors: list[str] = []
        page.on("pageerror", self.note_error)
        if not is_watched:
            page.add_init_script(WATCH)
            page.add_init_script(VISITED)

    def note_error(self, error: object) -> None:
        """Keep an error in the page for the end."""
        self.errors.append(str(error))

    @classmethod
    def open(
        cls,
        browser: Browser,
        url: str,
        *,
        width: int = 1600,
        height: int = 800,
        dark: bool = False,
        **state: object,
    ) -> AttentionTab:
        """Open the tab with some state in its URL, such as ``view="model", run="skewed", step=60``."""
        address = f"{url.rstrip('/')}/?darkMode={str(dark).lower()}"
        kept = kept_pages.take(browser, address)
        if kept is not None:
            kept.set_viewport_size({"width": width, "height": height})
            tab = cls(kept, kept_as=(browser, address), is_watched=True)
            tab.begin_anew(state)
            return tab
        tab = cls(browser.new_page(viewport={"width": width, "height": height}), kept_as=(browser, address))
        tab.page.goto(f"{address}#{tab_hash(state)}")
        tab.page.wait_for_selector("iframe", state="attached", timeout=30_000)
        return tab

    def begin_anew(self, state: Mapping[str, object]) -> None:
        """Load the tab's frame again, with another state and the pointer away."""
        self.page.mouse.move(2, 2)
        self.page.evaluate("hash => history.replaceState(history.state, '', hash)", f"#{tab_hash(state)}")
        self.inside().goto(self.inside().url)

    @property
    def frame(self) -> FrameLocator:
        """What lies inside TensorBoard's frame of the plugin."""
        return self.page.frame_locator("iframe[src*='name=attn']")

    @property
    def theme(self) -> str:
        """light or dark, as the tab has it."""
        return str(self.inside().evaluate("document.documentElement.dataset.theme"))

    def inside(self) -> Frame:
        """The frame itself, to evaluate JavaScript in."""
        return next(frame for frame in self.page.frames if "name=attn" in frame.url)

    def button(self, name: str) -> Locator:
        """The button of exactly this name."""
        return self.frame.get_by_role("button", name=name, exact=True)

    def canvas(self, name: str) -> Locator:
        """The picture whose name starts so."""
        return self.frame.locator(f"canvas[role=img][aria-label^='{name}']")

    def go(self, view: str, **state: object) -> None:
        """Follow a link inside the open page and wait until it is drawn; what it does not name is reset."""
        self.page.mouse.move(2, 2)
        target = {"view": view, **state}
        if (
            self.frame.get_by_role("tab", name=VIEWS[view], exact=True).get_attribute("aria-selected")
            == "true"
        ):
            other = "head" if view == "model" else "model"
            self.after_drawing(other, lambda: self.set_hash(tab_hash({**target, "view": other})))
        self.after_drawing(view, lambda: self.set_hash(tab_hash(target)))

    def set_hash(self, text: str) -> None:
        """Change what stands after the ``#``, as a link in the page would.

        The tab writes its place half a second late: a hash that stands there still from the place before would
        be no change, so the tab's own is waited for.
        """
        self.page.wait_for_function("hash => location.hash !== `#${hash}`", arg=text)
        self.page.evaluate("hash => { location.hash = hash }", text)

    def drawn(self, view: str) -> int:
        """How often a view has finished drawing a changed selection."""
        return int(self.inside().evaluate(DRAWN, view))

    def wait_drawn(self, view: str, more_than: int = 0, timeout: float = 20_000) -> None:
        """Wait until a view has drawn more than so many times."""
        self.frame.locator("#attn").wait_for(timeout=timeout)
        self.inside().wait_for_function(
            f"performance.getEntriesByName('attn:drawn:{view}').length > {more_than}", timeout=timeout
        )

    def after_drawing(self, view: str, act: Callable[[], object]) -> None:
        """Do something and wait until the view has drawn what came of it."""
        before = self.drawn(view)
        act()
        self.wait_drawn(view, before)

    def wait_loaded(self) -> None:
        """Wait until the frame has asked for nothing for a while, and nothing in it says that it loads."""
        self.inside().wait_for_function(LOADED, arg=QUIET_MS, timeout=60_000)

    def settle(self) -> None:
        """Let two frames pass, so that what was set is drawn where there is no mark to wait for."""
        self.inside().evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def pixels(self, canvas: Locator) -> NDArray[np.uint8]:
        """A canvas's pixels ``[row, column, rgba]``."""
        return picture(canvas.evaluate("canvas => attnTest.pixels(canvas)"))

    def keep_pictures(self) -> None:
        """From now on keep the canvas's pixels at every mark."""
        self.inside().evaluate("attnTest.keepPictures = true; attnTest.pictures = []")

    def kept_pictures(self) -> list[tuple[str, NDArray[np.uint8]]]:
        """Name and pixels of the canvas at each mark since then; keeps no more."""
        kept = self.inside().evaluate("attnTest.keepPictures = false, attnTest.pictures")
        return [(name, picture(found)) for name, found in kept]

    def hash_has(self, *parts: str) -> None:
        """Wait until the page's address names these."""
        self.page.wait_for_function(
            "parts => parts.every(part => location.hash.split('&').includes(part))", arg=list(parts)
        )

    def close(self) -> None:
        """Close the page; an error in it is an error of the test."""
        self.page.remove_listener("pageerror", self.note_error)
        if self.kept_as is None or self.errors:
            self.page.close()
        else:
            kept_pages.keep(*self.kept_as, self.page)
        if self.errors:
            raise AssertionError(f"errors in the page: {self.errors}")


def picture(found: Any) -> NDArray[np.uint8]:
    """What ``attnTest.pixels`` answers, as an array ``[row, column, rgba]``."""
    width, height, text = found
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)


def tab_hash(state: Mapping[str, object]) -> str:
    """The part of the URL after ``#``."""
    return "attn" + "".join(f"&p.attn.{key}={quote(str(value), safe='')}" for key, value in state.items())
