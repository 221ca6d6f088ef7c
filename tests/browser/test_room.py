"""Models from one head to 80 × 64 on real pages → how much of the view their grid and its panel cover."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from attention_tab import AttentionTab
from logs.random_attention import random_record
from logs.tensorboard_server import TensorBoardServer
from playwright.sync_api import Browser

from tensorboard_plugin_attn import AttentionWriter

MODELS = {
    "1x1": (1, 1),
    "1x32": (1, 32),
    "2x12": (2, 12),
    "6x12": (6, 12),
    "24x16": (24, 16),
    "80x64": (80, 64),
}
WINDOWS = ((1280, 800), (2560, 1406))  # of the second the last number's line ends with the grid
DAILY = (("model", "6x12", 1280), ("evolution", "1x32", 1280))
LEAST = 0.85

# The cells with the labels beside and above them, as far as they are seen, and the panel; parts of the view's area.
# In Evolution what lies under the cells on the same step axis belongs to them.
COVERED = """() => {
  const box = name => document.querySelector(name)?.getBoundingClientRect();
  const view = document.querySelector('.model-main').parentElement.getBoundingClientRect();
  const [frame, content] = [box('.heads-grid'), box('.grid-content')];
  const canvas = box('.grid-content canvas');
  const [labels, columns] = [box('.grid-layers'), box('.grid-columns')];
  const right = Math.min(content.right, canvas.right, frame.right);
  const bottom = Math.min(content.bottom, canvas.bottom, frame.bottom);
  const seen = (right - labels.left) * (bottom - columns.top);
  const area = part => part === undefined ? 0 : part.width * part.height;
  const { scrollHeight, clientHeight, scrollWidth, clientWidth } = document.querySelector('.heads-grid');
  return {
    share: (seen + area(box('.model-side')) + area(box('.when-part'))) / area(view),
    scrolled: [scrollHeight - clientHeight, scrollWidth - clientWidth],
  };
}"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoardServer]:
    """A TensorBoard on one run for each model, two steps long."""
    logdir = tmp_path_factory.mktemp("models")
    log(logdir)
    with TensorBoardServer.start(logdir=logdir) as server:
        yield server


def log(logdir: Path) -> None:
    """Random weights of six tokens."""
    for name, (layers, heads) in MODELS.items():
        with AttentionWriter(logdir / name) as writer:
            for step in (0, 10):
                writer.add_record("probe", random_record((heads,) * layers, seed=step), step)


@pytest.mark.parametrize(
    ("view", "name", "window"),
    [
        pytest.param(
            view, name, window, marks=() if (view, name, window[0]) in DAILY else (pytest.mark.slow,)
        )
        for view in ("model", "evolution")
        for name in MODELS
        for window in WINDOWS
    ],
    ids=str,
)
def test_the_grid_and_its_panel_cover_the_view_and_all_heads_are_seen_at_once(
    browser: Browser, models: TensorBoardServer, view: str, name: str, window: tuple[int, int]
) -> None:
    tab = AttentionTab.open(browser, models.url, width=window[0], height=window[1], view=view, run=name)
    tab.wait_drawn(view)
    tab.wait_loaded()
    tab.settle()
    found = tab.inside().evaluate(COVERED)
    tab.close()
    assert found["share"] >= LEAST
    assert max(found["scrolled"]) <= 0
