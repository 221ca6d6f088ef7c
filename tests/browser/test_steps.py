"""The step bar in a real TensorBoard: slider, play, scrubbing, steps that come while the page is open, damage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attention_tab import AttentionTab
from heads_grid import wrong_cells
from logs.tensorboard_server import TensorBoardServer
from planted_log import STEPS, TOKENS, PlantedLog, pattern_weights
from playwright.sync_api import Locator, expect

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, errors

HERE = {"run": "planted", "tag": "patterns"}
SCRUB = """async slider => {
  const frame = () => new Promise(requestAnimationFrame);
  for (const position of [0, 1, 2, 1, 0, 1, 2, 0]) {
    slider.value = position;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    for (let i = 0; i < 40; i++) await frame();
  }
}"""
VIEWS = ("model", "head")
NAMES = {"model": "Attention heads at step {}", "head": "Attention lines of layer 0 at step {}, 12 heads"}


def slider(tab: AttentionTab) -> Locator:
    """The step slider."""
    return tab.frame.get_by_role("slider", name="Step")


def says_step(tab: AttentionTab, step: int, place: str) -> None:
    """Wait until the step bar stands there."""
    expect(tab.frame.locator(".step-number")).to_have_text(f"Step {step}")
    expect(tab.frame.locator(".step-place")).to_contain_text(place)


def test_the_tab_opens_at_the_latest_step(tab: AttentionTab) -> None:
    tab.go("model", **HERE)
    says_step(tab, 250, "3 of 3")
    expect(slider(tab)).to_have_attribute("aria-valuetext", "Step 250, 3 of 3")


@pytest.mark.parametrize("view", VIEWS)
def test_arrow_keys_on_the_slider_go_from_step_to_step(tab: AttentionTab, view: str) -> None:
    tab.go(view, **HERE)
    slider(tab).focus()
    tab.after_drawing(view, lambda: tab.page.keyboard.press("ArrowLeft"))
    says_step(tab, 10, "2 of 3")
    expect(tab.canvas(NAMES[view].format(10))).to_be_visible()
    tab.after_drawing(view, lambda: tab.page.keyboard.press("Home"))
    says_step(tab, 0, "1 of 3")


def test_playing_draws_each_step_in_turn_and_stops_at_the_last(tab: AttentionTab) -> None:
    tab.go("model", **HERE)
    tab.keep_pictures()
    tab.button("Play").click()
    expect(tab.button("Pause")).to_be_visible()
    expect(tab.button("Play")).to_be_visible(timeout=20_000)
    kept = tab.kept_pictures()
    assert [name for name, _ in kept] == [NAMES["model"].format(step) for step in STEPS]
    for step, (_, pixels) in zip(STEPS, kept, strict=True):
        assert wrong_cells(tab, pixels, pattern_weights(step)) == [], step


@pytest.mark.parametrize("view", VIEWS)
def test_scrubbing_sets_one_mark_for_each_changed_step_with_its_pixels_on_screen(
    tab: AttentionTab, view: str
) -> None:
    tab.go(view, **HERE)
    tab.keep_pictures()
    slider(tab).evaluate(SCRUB)
    kept = tab.kept_pictures()
    steps = [STEPS[position] for position in (0, 1, 2, 1, 0, 1, 2, 0)]
    assert [name for name, _ in kept] == [NAMES[view].format(step) for step in steps]
    if view == "model":
        assert [
            wrong_cells(tab, pixels, pattern_weights(step))
            for step, (_, pixels) in zip(steps, kept, strict=True)
        ] == [[]] * 8
    else:
        seen = {step: pixels.tobytes() for step, (_, pixels) in zip(steps, kept, strict=True)}
        assert len(set(seen.values())) == 3
        assert all(seen[step] == pixels.tobytes() for step, (_, pixels) in zip(steps, kept, strict=True))


@pytest.mark.parametrize("view", VIEWS)
def test_a_step_that_cannot_be_read_says_why_and_the_others_work(
    tab: AttentionTab, planted: PlantedLog, view: str
) -> None:
    with pytest.raises(errors.DamagedFileError) as damage:
        AttentionReader(planted.directory).read("planted", "damaged", STEPS[1])
    tab.go(view, run="planted", tag="damaged", step=0)
    slider(tab).focus()
    tab.page.keyboard.press("ArrowRight")
    problem = tab.frame.locator(".step-problem")
    expect(problem).to_contain_text("Step 10 cannot be read")
    expect(problem).to_contain_text(damage.value.reason[1:])
    expect(problem).to_contain_text("The other 2 steps of damaged are whole.")
    expect(problem).to_contain_text(planted.damaged.name)
    tab.after_drawing(view, problem.get_by_role("button", name="Step 250").click)
    says_step(tab, 250, "3 of 3")
    expect(problem).to_have_count(0)
    if view == "model":
        found = tab.pixels(tab.canvas(NAMES[view].format(250)))
        assert wrong_cells(tab, found, pattern_weights(250)) == []


@pytest.fixture
def growing(tmp_path: Path) -> Iterator[tuple[AttentionWriter, TensorBoardServer]]:
    """A TensorBoard on a run that is still being written."""
    with AttentionWriter(tmp_path / "run") as writer:
        for step in STEPS[:2]:
            writer.add_attention("patterns", pattern_weights(step), TOKENS, step)
        writer.flush()
        with TensorBoardServer.start(logdir=tmp_path) as server:
            yield writer, server


def test_new_steps_appear_on_reload_and_move_the_slider_only_from_the_latest(
    growing: tuple[AttentionWriter, TensorBoardServer], open_tab: Callable[..., AttentionTab]
) -> None:
    writer, server = growing
    tab = open_tab(server.url, view="model", tag="patterns", step=0)
    tab.wait_drawn("model")
    says_step(tab, 0, "1 of 2")
    log_and_reload(tab, writer, 20)
    says_step(tab, 0, "1 of 3")
    slider(tab).focus()
    tab.after_drawing("model", lambda: tab.page.keyboard.press("End"))
    says_step(tab, 20, "3 of 3")
    tab.after_drawing("model", lambda: log_and_reload(tab, writer, 250))
    says_step(tab, 250, "4 of 4")
    assert wrong_cells(tab, tab.pixels(tab.canvas("Attention heads")), pattern_weights(250)) == []


def log_and_reload(tab: AttentionTab, writer: AttentionWriter, step: int) -> None:
    """Log a step and press TensorBoard's own button."""
    writer.add_attention("patterns", pattern_weights(STEPS[-1]), TOKENS, step)
    writer.flush()
    tab.page.locator(".reload-button").click()
