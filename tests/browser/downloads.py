"""A tab's Export menu → the file that a user gets, and what is in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

from attention_tab import AttentionTab
from playwright.sync_api import Browser, Page

__all__ = ["ITEMS", "offline_pages", "save", "table"]

ITEMS = {
    "png": "Picture (PNG, 2×)",
    "svg": "Picture (SVG)",
    "csv": "Numbers (CSV)",
    "npz": "Whole record (NumPy, npz)",
    "html": "Stand-alone page (HTML)",
}


def save(tab: AttentionTab, kind: str, target: Path, item: str | None = None) -> Path:
    """Choose a kind in the Export menu, or an item by its name, and keep the file."""
    tab.button("Export").click()
    with tab.page.expect_download() as download:
        tab.frame.get_by_role("menuitem", name=item or ITEMS[kind], exact=True).click()
    assert download.value.suggested_filename.endswith(f".{kind}")
    path = target / download.value.suggested_filename
    download.value.save_as(path)
    return path


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


def offline_pages(browser: Browser) -> tuple[Callable[[Path], Page], Callable[[], None]]:
    """What opens a file in a browser without a network, and what closes it again."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, offline=True)

    def open_file(path: Path) -> Page:
        page = context.new_page()
        page.goto(path.as_uri())
        return page

    return open_file, context.close
