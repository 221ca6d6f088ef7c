"""Fixtures of the browser tests: one Chromium, one planted log and one TensorBoard on it for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import changing_log
import pytest
import real_models
from attention_tab import AttentionTab
from chromium import launch
from downloads import offline_pages
from logs.tensorboard_server import TensorBoardServer
from planted_log import PlantedLog, write_log
from playwright.sync_api import Browser, Page, sync_playwright


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium; missing it is a failure, never a skip."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> PlantedLog:
    """The planted log; tests only read it."""
    return write_log(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="session")
def server(planted: PlantedLog) -> Iterator[TensorBoardServer]:
    """A real TensorBoard on the planted log."""
    with TensorBoardServer.start(logdir=planted.directory) as server:
        yield server


@pytest.fixture(scope="session")
def changing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log in which heads change and some are broken; tests only read it."""
    return changing_log.write_log(tmp_path_factory.mktemp("changing"))


@pytest.fixture(scope="session")
def changing_server(changing: Path) -> Iterator[TensorBoardServer]:
    """A real TensorBoard on it."""
    with TensorBoardServer.start(logdir=changing) as server:
        yield server


@pytest.fixture(scope="session")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of captured models; tests only read it."""
    return real_models.write_log(tmp_path_factory.mktemp("captured"))


@pytest.fixture(scope="session")
def captured_tab(browser: Browser, captured: Path) -> Iterator[AttentionTab]:
    """One open page on it for all tests."""
    with TensorBoardServer.start(logdir=captured) as server:
        tab = AttentionTab.open(browser, server.url, width=1280, view="model", tag="bert")
        tab.wait_drawn("model")
        yield tab
        tab.close()


@pytest.fixture
def real(captured_tab: AttentionTab, captured: Path, model: str, step: int) -> real_models.RealTab:
    """The page, to show the model and step of the test's parameters."""
    return real_models.RealTab(captured_tab, captured, real_models.MODELS[model], step)


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


@pytest.fixture
def offline(browser: Browser) -> Iterator[Callable[[Path], Page]]:
    """Opens files in a browser that has no network."""
    open_file, close = offline_pages(browser)
    yield open_file
    close()


@pytest.fixture(scope="module")
def tab(browser: Browser, server: TensorBoardServer) -> Iterator[AttentionTab]:
    """One open page for the tests of a module, which go where they need with ``tab.go``; light."""
    yield from opened(browser, server, dark=False)


@pytest.fixture(scope="module", params=["light", "dark"])
def themed_tab(
    request: pytest.FixtureRequest, browser: Browser, server: TensorBoardServer
) -> Iterator[AttentionTab]:
    """The same in both themes."""
    yield from opened(browser, server, dark=request.param == "dark")


def opened(browser: Browser, server: TensorBoardServer, *, dark: bool) -> Iterator[AttentionTab]:
    """A tab that has drawn; closed at the end."""
    tab = AttentionTab.open(browser, server.url, dark=dark, view="model", run="planted", tag="patterns")
    tab.wait_drawn("model")
    yield tab
    tab.close()
