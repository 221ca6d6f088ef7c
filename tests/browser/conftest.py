"""Fixtures of the browser tests: one Chromium for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from attention_tab import AttentionTab
from chromium import launch
from playwright.sync_api import Browser, sync_playwright


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium; missing it is a failure, never a skip."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[Callable[..., AttentionTab]]:
    """Open tabs (arguments of ``AttentionTab.open`` after the browser); all are closed after the test."""
    tabs: list[AttentionTab] = []

    def open_one(url: str, **options: object) -> AttentionTab:
        tabs.append(AttentionTab.open(browser, url, **options))  # type: ignore[arg-type]  # passed through as given
        return tabs[-1]

    yield open_one
    for tab in tabs:
        tab.close()
