"""TensorBoard below a path prefix, and behind a proxy that strips one: the tab draws, and all that it asks for is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from attention_tab import AttentionTab
from logs.prefix_proxy import stripping_proxy
from logs.small_log import log_run
from logs.tensorboard_server import TensorBoardServer
from playwright.sync_api import Browser

FONTS = """() => [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).map(({ cssText }) => cssText)
  .filter((text) => text.startsWith("@font-face")).map((text) => /url\\("([^"]+)"\\)/.exec(text)[1])"""


@pytest.fixture(params=["plain", "path prefix", "stripping proxy", "both"])
def url(
    request: pytest.FixtureRequest, tmp_path: Path, start_tensorboard: Callable[..., TensorBoardServer]
) -> Iterator[str]:
    """Where the browser finds TensorBoard."""
    log_run(tmp_path / "run", steps=[0, 1])
    has_prefix = request.param in ("path prefix", "both")
    server = start_tensorboard(logdir=tmp_path, arguments=["--path_prefix=/board"] if has_prefix else [])
    with (
        stripping_proxy(server.url)
        if request.param in ("stripping proxy", "both")
        else nullcontext(server.url)
    ) as address:
        yield address


def test_the_tab_draws_and_its_fonts_and_answers_are_there(browser: Browser, url: str) -> None:
    tab = AttentionTab.open(browser, url, view="model", run="run", tag="probe", step=1)
    failed: list[str] = []
    tab.page.on("response", lambda reply: failed.append(reply.url) if reply.status >= 400 else None)
    tab.wait_drawn("model")
    fonts = tab.inside().evaluate(FONTS)
    assert len(fonts) > 5
    assert all(font.startswith(url) for font in fonts)
    statuses = tab.inside().evaluate(
        "async (fonts) => Promise.all(fonts.map(async (font) => (await fetch(font)).status))", fonts
    )
    assert set(statuses) == {200}
    assert [each for each in failed if "/plugin/attn/" in each] == []
    tab.close()
