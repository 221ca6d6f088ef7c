"""The Evolution view in a real TensorBoard: its numbers are the reader's, and each of its parts does what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from attention_tab import AttentionTab
from evolution_log import (
    DAMAGED,
    EMERGED,
    HEAD,
    HEADS,
    LAYERS,
    METRICS_ONLY,
    PAIR,
    STEPS,
    TAG,
    write_evolution,
)
from logs.tensorboard_server import TensorBoardServer
from playwright.sync_api import Browser, expect
from text_boxes import layout_faults

from tensorboard_plugin_attn import AttentionReader

HERE = {"view": "evolution", "run": "emerging", "tag": TAG}
NAME = f"Layer {HEAD[0]} head {HEAD[1]}"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log; tests only read it."""
    return write_evolution(tmp_path_factory.mktemp("evolution"))


@pytest.fixture(scope="module")
def server(log: Path) -> Iterator[TensorBoardServer]:
    """A TensorBoard on it."""
    with TensorBoardServer.start(logdir=log) as server:
        yield server


@pytest.fixture(params=["light", "dark"])
def tab(
    request: pytest.FixtureRequest, browser: Browser, server: TensorBoardServer
) -> Iterator[AttentionTab]:
    """The view, drawn with its marks, in both themes."""
    yield from opened(browser, server, dark=request.param == "dark", metric="previous_token")


@pytest.fixture
def light(browser: Browser, server: TensorBoardServer) -> Iterator[AttentionTab]:
    """The same in one theme."""
    yield from opened(browser, server, dark=False, metric="previous_token")


def opened(
    browser: Browser, server: TensorBoardServer, *, dark: bool, **state: object
) -> Iterator[AttentionTab]:
    """A tab whose table of changes has come."""
    tab = AttentionTab.open(browser, server.url, dark=dark, width=1280, **{**HERE, **state})
    tab.wait_drawn("evolution")
    expect(
        tab.frame.get_by_role("region", name="Which head became what, when").locator("tbody tr")
    ).not_to_have_count(0)
    yield tab
    tab.close()


def chart(tab: AttentionTab) -> AttentionTab:
    """The same with the large chart beside the heads."""
    tab.button("Chart").click()
    return tab


def numbers(tab: AttentionTab) -> np.ndarray:
    """The values over the cells, ``[layer, head]``, without the column of means."""
    values = tab.frame.locator(".cell-numbers data").evaluate_all(
        "all => all.map(each => Number(each.value))"
    )
    return np.array(values, np.float64).reshape(LAYERS, -1)[:, :HEADS]


def point(tab: AttentionTab, name: str, share: float) -> None:
    """Put the pointer on a cell, at a share of its width."""
    box = tab.button(name).bounding_box()
    assert box is not None
    tab.page.mouse.move(box["x"] + 0.5 + share * (box["width"] - 1), box["y"] + box["height"] / 2)


def test_it_is_the_landing_view(server: TensorBoardServer, open_tab: Callable[..., AttentionTab]) -> None:
    tab = open_tab(server.url)
    tab.wait_drawn("evolution")
    assert tab.frame.get_by_role("tab").first.text_content() == "Evolution"
    expect(tab.frame.get_by_role("tab", name="Evolution")).to_have_attribute("aria-selected", "true")


def test_every_cell_has_the_readers_value_at_the_last_and_at_the_pointed_step(
    tab: AttentionTab, log: Path
) -> None:
    series = AttentionReader(log).metrics("emerging", TAG)
    column = series.names.index("previous_token")
    np.testing.assert_allclose(numbers(tab), series.values[-1, ..., column], atol=1e-6)
    point(tab, NAME, 0.25)
    expect(tab.frame.get_by_text("pointer: step")).to_be_visible()
    said = tab.frame.get_by_text("pointer: step").text_content() or ""
    step = int(said.rsplit(maxsplit=1)[1])
    assert step in STEPS
    assert abs(step - 0.25 * STEPS[-1]) <= 10
    row = series.steps.tolist().index(step)
    np.testing.assert_allclose(numbers(tab), series.values[row, ..., column], atol=1e-6)
    tab.page.mouse.move(2, 2)
    expect(tab.frame.get_by_text("pointer: step")).to_have_count(0)


def test_the_pointed_step_has_a_ring_on_the_slider(light: AttentionTab) -> None:
    expect(light.frame.locator(".pointed-step")).to_have_count(0)
    point(light, NAME, 0.5)
    ring = light.frame.locator(".pointed-step").bounding_box()
    slider = light.frame.get_by_role("slider", name="Step").bounding_box()
    assert ring is not None
    assert slider is not None
    assert abs(ring["x"] + ring["width"] / 2 - slider["x"] - slider["width"] / 2) < 0.05 * slider["width"]


def test_the_table_tells_what_the_reader_tells(tab: AttentionTab, log: Path) -> None:
    marks = AttentionReader(log).evolution("emerging", TAG).marks()
    rows = tab.frame.get_by_role("region", name="Which head became what, when").locator("tbody tr")
    told = [
        [cell.strip() for cell in row]
        for row in rows.evaluate_all(
            "rows => rows.map(row => [0, 1].map(at => row.cells[at].textContent)"
            ".concat(row.querySelector('.became span').textContent))"
        )
    ]
    assert told == [[str(mark.step), f"{mark.layer}.{mark.head}", mark.became] for mark in marks][: len(told)]
    assert (EMERGED, *HEAD) in {(mark.step, mark.layer, mark.head) for mark in marks}


def test_the_table_sorts_by_each_column(light: AttentionTab) -> None:
    table = light.frame.get_by_role("region", name="Which head became what, when")
    table.get_by_role("columnheader", name="Size").get_by_role("button").click()
    expect(table.get_by_role("columnheader", name="Size")).to_have_attribute("aria-sort", "descending")
    assert f"{HEAD[0]}.{HEAD[1]}" in (table.locator("tbody tr").first.text_content() or "")


def test_a_higher_limit_marks_fewer_heads_and_none_are_left_at_the_top(
    light: AttentionTab, log: Path
) -> None:
    slider = light.frame.get_by_role("slider", name="Mark a lasting change above")
    table = light.frame.get_by_role("region", name="Which head became what, when")
    slider.fill("0.5")
    marks = AttentionReader(log).evolution("emerging", TAG).marks(0.5)
    expect(table.locator("tbody tr")).to_have_count(len(marks))
    slider.fill("1")
    expect(table.get_by_text("No head changed for good")).to_be_visible()


def test_the_emerged_head_is_bold_after_its_mark_and_has_a_triangle(tab: AttentionTab) -> None:
    with_marks = changed_pixels(tab)
    assert with_marks[HEAD] > 10
    others = [count for cell, count in with_marks.items() if cell != HEAD]
    assert min(others) < 3


def changed_pixels(tab: AttentionTab) -> dict[tuple[int, int], int]:
    """How many pixels of each cell the switch of emergence marks changes."""
    canvas = tab.canvas("Histories of all heads")
    before = tab.pixels(canvas).astype(int)
    tab.frame.get_by_label("Emergence marks").uncheck()
    tab.page.wait_for_timeout(300)
    after = tab.pixels(canvas).astype(int)
    box = canvas.bounding_box()
    assert box is not None
    found = {}
    for layer in range(LAYERS):
        for head in range(HEADS):
            cell = tab.button(f"Layer {layer} head {head}").bounding_box()
            assert cell is not None
            top, left = int(cell["y"] - box["y"]), int(cell["x"] - box["x"])
            part = np.s_[top : top + int(cell["height"]), max(0, left - 2) : left + int(cell["width"]) + 2]
            found[layer, head] = int((before[part] != after[part]).any(axis=-1).sum())
    return found


def test_a_click_opens_the_pattern_at_the_pointed_step(light: AttentionTab) -> None:
    point(light, NAME, 0.5)
    step = (light.frame.get_by_text("pointer: step").text_content() or "").rsplit(maxsplit=1)[1]
    light.page.mouse.down()
    light.page.mouse.up()
    light.hash_has(
        "p.attn.view=model", f"p.attn.layer={HEAD[0]}", f"p.attn.head={HEAD[1]}", f"p.attn.step={step}"
    )
    expect(light.frame.get_by_role("heading", name=f"Layer {HEAD[0]} · Head {HEAD[1]}")).to_be_visible()


def test_open_in_the_table_goes_to_the_step_of_the_change(light: AttentionTab) -> None:
    name = f"Open the pattern of layer {HEAD[0]} head {HEAD[1]} at step {EMERGED}"
    light.button(name).focus()
    light.page.keyboard.press("Enter")
    light.hash_has("p.attn.view=model", f"p.attn.step={EMERGED}")


def test_lanes_tell_what_heads_became_on_the_axis_of_the_loss(light: AttentionTab) -> None:
    lanes = light.frame.get_by_role("list", name="What heads became, over the steps")
    expect(lanes.get_by_role("listitem")).to_contain_text(["previous-token"])
    mark = lanes.get_by_role("button", name=f"{HEAD[0]}.{HEAD[1]} previous-token at step {EMERGED}")
    mark_box, lane = mark.bounding_box(), lanes.get_by_role("listitem").first.bounding_box()
    assert mark_box is not None and lane is not None  # noqa: PT018
    place = (mark_box["x"] - lane["x"]) / lane["width"]
    assert place == pytest.approx(EMERGED / STEPS[-1], abs=2 / lane["width"])
    plot = light.frame.get_by_role("img", name="train/loss over the steps").bounding_box()
    assert plot is not None
    assert (plot["x"], plot["width"]) == pytest.approx((lane["x"], lane["width"]), abs=1)
    mark.click()
    light.hash_has("p.attn.view=model", f"p.attn.step={EMERGED}")


def test_shift_click_and_shift_enter_put_heads_into_the_chart_and_take_them_out(light: AttentionTab) -> None:
    labels = chart(light).frame.locator(".chart-label")
    before = labels.count()
    light.button("Layer 0 head 0").click(modifiers=["Shift"])
    changed = labels.count()
    assert abs(changed - before) == 1
    light.button("Layer 0 head 0").focus()
    light.page.keyboard.press("Shift+Enter")
    expect(labels).to_have_count(before)


def test_the_chart_and_the_grid_share_the_pointer(light: AttentionTab, log: Path) -> None:
    plot = chart(light).frame.locator(".chart-plot").first.bounding_box()
    assert plot is not None
    light.page.mouse.move(plot["x"] + plot["width"] / 2, plot["y"] + 20)
    said = light.frame.get_by_text("pointer: step").text_content() or ""
    step = int(said.rsplit(maxsplit=1)[1])
    series = AttentionReader(log).metrics("emerging", TAG)
    values = series.values[series.steps.tolist().index(step), ..., series.names.index("previous_token")]
    np.testing.assert_allclose(numbers(light), values, atol=1e-6)
    label = light.frame.locator(".chart-label", has_text=f"{HEAD[0]}.{HEAD[1]}").locator("data")
    assert abs(float(label.get_attribute("value") or "nan") - values[HEAD]) < 1e-6
    expect(light.frame.locator(".chart-pointer")).to_have_count(2)


def test_the_runs_scalars_stand_under_the_chart(tab: AttentionTab) -> None:
    scalar = chart(tab).frame.get_by_role("combobox", name="Scalar under the chart")
    expect(scalar).to_have_value("train/loss")
    shown = tab.frame.locator(".scalar-value")
    assert abs(float(shown.get_attribute("value") or "nan") - 3 / (1 + STEPS[-1] / 100)) < 1e-6
    scalar.select_option("learning_rate")
    expect(shown).to_have_text("1.0e−3")
    tab.hash_has("p.attn.scalar=learning_rate")


def test_ticked_runs_lie_over_one_another(tab: AttentionTab) -> None:
    canvas = chart(tab).canvas("Histories of all heads")
    both = tab.pixels(canvas)
    expect(tab.frame.get_by_text("Dashed: control")).to_be_visible()
    tab.frame.get_by_role("checkbox", name="control").uncheck()
    expect(tab.frame.get_by_text("Dashed: control")).to_have_count(0)
    tab.page.wait_for_timeout(300)
    assert (both != tab.pixels(canvas)).any()


def test_a_tracked_pair_has_its_words_in_the_title_and_a_baseline(light: AttentionTab, log: Path) -> None:
    light.frame.get_by_role("combobox", name="Metric", exact=True).select_option(PAIR)
    expect(light.frame.get_by_role("heading", name="How much “she” attends to “nurse”")).to_be_visible()
    series = AttentionReader(log).metrics("emerging", TAG)
    np.testing.assert_allclose(numbers(light), series.values[-1, ..., series.names.index(PAIR)], atol=1e-6)
    expect(light.frame.get_by_text("uniform .11")).to_be_visible()
    light.frame.get_by_label("Uniform baseline").uncheck()
    expect(light.frame.get_by_text("uniform .11")).to_have_count(0)


@pytest.mark.parametrize("sort", ["last", "change"])
def test_sorted_heads_stand_by_value(light: AttentionTab, sort: str) -> None:
    light.frame.get_by_role("combobox", name="Sort heads by").select_option(sort)
    first, second = (light.button(f"Layer 1 head {head}").bounding_box() for head in (HEAD[1], 0))
    assert first is not None
    assert second is not None
    assert first["x"] < second["x"]
    ordered = numbers(light)
    if sort == "last":
        assert (np.diff(ordered, axis=1) <= 0).all()


def test_heads_sort_by_their_first_crossing(light: AttentionTab) -> None:
    light.frame.get_by_role("combobox", name="Sort heads by").select_option("crossing")
    light.frame.get_by_role("slider", name="Crosses").fill("0.8")
    boxes = [light.button(f"Layer 1 head {head}").bounding_box() for head in range(HEADS)]
    lefts = [box["x"] for box in boxes if box is not None]
    assert lefts.index(min(lefts)) == HEAD[1]


def test_a_logarithmic_axis_gives_early_steps_more_room(light: AttentionTab) -> None:
    light.button("Log").click()
    point(light, NAME, 0.5)
    said = light.frame.get_by_text("pointer: step").text_content() or ""
    assert int(said.rsplit(maxsplit=1)[1]) < 50
    light.hash_has("p.attn.axis=log")


def test_a_damaged_step_is_a_gap_and_stops_nothing(light: AttentionTab) -> None:
    expect(light.frame.get_by_text("1 step could not be read: gaps.")).to_be_visible()
    slider = light.frame.get_by_role("slider", name="Step")
    slider.fill(str(STEPS.index(DAMAGED)))
    expect(light.frame.get_by_text("cannot be read")).to_have_count(0)
    assert np.isnan(numbers(light)).all()


def test_a_step_of_metrics_alone_is_hollow_and_names_the_nearest_pattern(
    server: TensorBoardServer, open_tab: Callable[..., AttentionTab]
) -> None:
    tab = open_tab(server.url, **{**HERE, "step": METRICS_ONLY})
    tab.wait_drawn("evolution")
    expect(tab.frame.locator(".tick-hollow")).to_have_count(1)
    assert np.isfinite(numbers(tab)).all()
    for view in ("Model", "Head"):
        tab.frame.get_by_role("tab", name=view).click()
        expect(tab.frame.get_by_text("metrics only; nearest pattern: step 200")).to_be_visible()
    tab.button("step 200").click()
    tab.hash_has("p.attn.step=200")
    expect(tab.frame.get_by_text("metrics only; nearest pattern")).to_have_count(0)


def test_roles_have_a_score_or_are_unclassified(light: AttentionTab, log: Path) -> None:
    roles = AttentionReader(log).evolution("emerging", TAG).roles
    listed = chart(light).frame.get_by_role("list", name="Roles").get_by_role("listitem")
    expect(listed.filter(has_text=f"{HEAD[0]}.{HEAD[1]}")).to_contain_text("previous-token .9")
    assert roles.name(-1, *HEAD) == "previous-token"
    expect(listed.filter(has_text="unclassified").first).to_be_visible()


def test_one_step_is_drawn_as_dots_and_says_so(
    server: TensorBoardServer, open_tab: Callable[..., AttentionTab]
) -> None:
    tab = open_tab(server.url, view="evolution", run="single", tag="one/step")
    tab.wait_drawn("evolution")
    expect(tab.frame.get_by_text("One step so far: lines begin with the second.")).to_be_visible()
    expect(tab.frame.get_by_text("One step so far: changes need two and more.").first).to_be_visible()
    expect(tab.frame.get_by_text("this run has no scalars in TensorBoard")).to_be_visible()


def test_arrows_move_among_the_cells_and_enter_opens_the_pattern(light: AttentionTab) -> None:
    light.button("Layer 0 head 0").focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        light.page.keyboard.press(key)
    expect(light.button(NAME)).to_be_focused()
    light.page.keyboard.press("Enter")
    light.hash_has("p.attn.view=model", f"p.attn.layer={HEAD[0]}", f"p.attn.head={HEAD[1]}")


@pytest.mark.parametrize("width", [900, 1280, 1600])
def test_no_label_covers_another(
    server: TensorBoardServer, open_tab: Callable[..., AttentionTab], width: int
) -> None:
    tab = open_tab(server.url, width=width, **{**HERE, "metric": "previous_token"})
    tab.wait_drawn("evolution")
    assert layout_faults(tab.inside()) == []
    expect(chart(tab).frame.locator(".scalar-value")).to_be_visible()
    assert layout_faults(tab.inside()) == []
