"""A model of 48 × 25 heads at T=128, a page to open it in → how long the Model view takes to redraw another step.

BertViz does not finish a page of 12 × 12 heads at this length.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from attention_tab import AttentionTab, tab_hash
from compared_actions import OURS_DRAWN
from compared_pages import PLACES, REST_MS, Bench, Opened, look, wait_drawn

from tensorboard_plugin_attn import AttentionWriter

LAYERS, HEADS, LENGTH = 48, 25, 128
HOLD_MS = 600
WHERE = {"run": "wide", "tag": "wide", "view": "model"}

# To the second frame after the rows in view have been drawn; the rows of the canvas that are not follow in between.
REDRAW = """async position => {
  const { timed, drawnAgain } = bench;
  const slider = document.querySelector('input[aria-label=Step]');
  return timed(() => {
    slider.value = position;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
  }, drawnAgain('model'));
}"""


def write_log(directory: Path, steps: int) -> None:
    """Softmax of noise, moved on by a head from layer to layer and step to step."""
    scores = np.random.default_rng(0).normal(size=(HEADS, LENGTH, LENGTH)).astype(np.float32) * 2
    heads = np.exp(scores)
    heads /= heads.sum(axis=-1, keepdims=True)
    tokens = [f"token{number}" for number in range(LENGTH)]
    with AttentionWriter(directory / WHERE["run"]) as writer:
        for step in range(steps):
            layers = [np.roll(heads, layer + step, axis=0) for layer in range(LAYERS)]
            writer.add_attention(WHERE["tag"], layers, tokens, step)


def measure_redraws(bench: Bench, steps: int) -> list[float]:
    """Milliseconds from each step to the one before it."""
    taken = []
    with bench.page(OURS_DRAWN.format(view="model")) as page:
        tab = AttentionTab(page)
        page.goto(f"{bench.tensorboard}#{tab_hash(WHERE)}")
        page.wait_for_selector("iframe", state="attached", timeout=60_000)
        inside = tab.inside()
        wait_drawn(inside, 60)
        opened, place = Opened(page, inside, "ours", "model", "wide"), PLACES["ours", "model"]
        before = look(opened, place, "drawn")
        bench.keep(opened, "drawn")
        for position in range(steps - 2, -1, -1):
            page.wait_for_timeout(REST_MS)
            taken.append(float(inside.evaluate(REDRAW, position)))
            after = look(opened, place, "another step")
            if np.array_equal(before, after):
                raise SystemExit("wide: another step left the picture as it was")
            before = after
    return taken
