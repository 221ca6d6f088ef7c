"""Pages of TensorBoard that tests are done with → the same for the next test, whose tab in them begins anew.

TensorBoard's own page takes seconds of a processor to start, the tab in its frame a fraction of one. What the tab
keeps in the browser is cleared, and its frame is loaded anew, so a test finds what it would find in a fresh page.
"""

from __future__ import annotations

from playwright.sync_api import Browser, Page

__all__ = ["keep", "take"]

MOST = 3
KEPT: list[tuple[Browser, str, Page]] = []
CLEAR = "() => { localStorage.clear(); sessionStorage.clear(); }"


def take(browser: Browser, address: str) -> Page | None:
    """A page that shows this address but for what stands after its ``#``."""
    for number, (owner, shown, page) in enumerate(KEPT):
        if owner is browser and shown == address and not page.is_closed():
            del KEPT[number]
            return page
    return None


def keep(browser: Browser, address: str, page: Page) -> None:
    """Hold a page for later, where it still shows its address; the one held longest goes."""
    if page.is_closed() or page.url.partition("#")[0] != address:
        page.close()
        return
    page.unroute_all()
    page.evaluate(CLEAR)
    KEPT.append((browser, address, page))
    while len(KEPT) > MOST:
        KEPT.pop(0)[2].close()
