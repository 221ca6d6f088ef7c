"""A TensorBoard and a browser → the Attention tab, opened, waited for and read by the names users see."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, FrameLocator, Locator, Page

__all__ = ["AttentionTab"]

DRAWN = """view => performance.getEntriesByName(`attn:drawn:${view}`).length"""
PIXELS = """canvas => {
  const image = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return [canvas.width, canvas.height, Array.from(image.data)];
}"""


class AttentionTab:
    """One page with the tab open.

    Example:
        >>> tab = AttentionTab.open(browser, server.url, view="head", layer=5)
        >>> tab.wait_drawn("head")
        >>> tab.frame.get_by_role("button", name="Head 3").click()
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    @classmethod
    def open(
        cls, browser: Browser, url: str, *, width: int = 1600, height: int = 800, dark: bool = False, **state: object
    ) -> AttentionTab:
        """Open the tab with some state in its URL, such as ``view="model", run="skewed", step=60``."""
        page = browser.new_page(viewport={"width": width, "height": height})
        tab = cls(page)
        page.goto(f"{url.rstrip('/')}/?darkMode={str(dark).lower()}#{tab_hash(state)}")
        page.wait_for_selector("iframe", state="attached", timeout=30_000)
        return tab

    @property
    def frame(self) -> FrameLocator:
        """What lies inside TensorBoard's frame of the plugin."""
        return self.page.frame_locator("iframe[src*='name=attn']")

    def inside(self) -> object:
        """The frame itself, to evaluate JavaScript in."""
        return next(frame for frame in self.page.frames if "name=attn" in frame.url)

    def drawn(self, view: str) -> int:
        """How often a view has finished drawing a changed selection."""
        return int(self.inside().evaluate(DRAWN, view))  # type: ignore[attr-defined]  # a playwright Frame

    def wait_drawn(self, view: str, more_than: int = 0, timeout: float = 20_000) -> None:
        """Wait until a view has drawn more than so many times."""
        self.frame.locator("body").wait_for(timeout=timeout)
        self.inside().wait_for_function(  # type: ignore[attr-defined]  # a playwright Frame
            f"performance.getEntriesByName('attn:drawn:{view}').length > {more_than}", timeout=timeout
        )

    def pixels(self, canvas: Locator) -> NDArray[np.uint8]:
        """A canvas's pixels ``[row, column, rgba]``."""
        width, height, data = canvas.evaluate(PIXELS)
        return np.array(data, np.uint8).reshape(height, width, 4)

    def close(self) -> None:
        """Close the page; an error in it is an error of the test."""
        self.page.close()
        if self.errors:
            raise AssertionError(f"errors in the page: {self.errors}")


def tab_hash(state: Mapping[str, object]) -> str:
    """The part of the URL after ``#``."""
    return "attn" + "".join(f"&p.attn.{key}={quote(str(value), safe='')}" for key, value in state.items())
