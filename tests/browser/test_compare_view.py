"""Compare in a real TensorBoard: what changed between two records, with the numbers that AttentionReader gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from attention_tab import AttentionTab
from changing_log import MOVED, PAIR, SHE, STEPS
from expected_pixels import rgb
from heads_grid import cell_size
from logs.tensorboard_server import TensorBoardServer
from playwright.sync_api import Browser, Locator, expect
from shown_numbers import shown_difference, shown_weight

from tensorboard_plugin_attn import AttentionReader

LAST = STEPS[-1]
HERE: dict[str, object] = {"run": "a", "tag": "she", "step": LAST, "view": "model"}
DIVERGING = {"light": ["#8f2d04", "#e08550", "#f3f5f7", "#5b9fd3", "#08407f"], "dark": ["#ffc19e", "#cf6a34", "#3a3a3a", "#3f8aca", "#bfe1ff"]}  # fmt: skip


@pytest.fixture(scope="module")
def comparing(browser: Browser, changing_server: TensorBoardServer) -> Iterator[AttentionTab]:
    """A tab in which the last step is compared with the first."""
    tab = AttentionTab.open(
        browser, changing_server.url, **HERE, compare="first", layer=1, head=2, query=PAIR[0]
    )
    tab.wait_drawn("model")
    yield tab
    tab.close()


def rows(tab: AttentionTab) -> Locator:
    """The list of heads."""
    return tab.frame.locator(".change-row")


def read_rows(tab: AttentionTab) -> list[dict[str, str]]:
    """Every row's exact numbers and its text."""
    rows(tab).first.wait_for()
    return rows(tab).evaluate_all("rows => rows.map(row => ({ ...row.dataset, text: row.innerText }))")


def show_all(tab: AttentionTab) -> None:
    """Open what the list of heads folded."""
    more = tab.frame.locator(".change-rows .link")
    if more.count():
        more.click()


def agrees(tab: AttentionTab, reader: AttentionReader, first: tuple[str, str, int]) -> None:
    """The list is the reader's ranking, to 1e-6 and to the shown digits."""
    wanted = reader.compare(first, ("a", "she", LAST)).ranking()
    rows(tab).first.wait_for()
    show_all(tab)
    expect(rows(tab)).to_have_count(len(wanted))
    for found, head in zip(read_rows(tab), wanted, strict=True):
        assert found["head"] == f"{head.layer}.{head.head}"
        numbers = [float(found[name]) for name in ("change", "before", "after")]
        assert numbers == pytest.approx([head.change, head.before, head.after], abs=1e-6)
        if head.change > 0 and first[0] == "a":  # of several runs each has a column instead
            lines = [line.strip() for line in found["text"].splitlines() if line.strip()]
            assert lines[1] == shown_weight(head.change)
            assert lines[-1] == shown_difference(head.after - head.before)
            assert lines[-2] == f"{head.query_token} → {head.key_token}"


def test_the_switch_compares_with_the_first_step_and_stops(
    open_tab: Callable[..., AttentionTab], changing_server: TensorBoardServer, changing: Path
) -> None:
    tab = open_tab(changing_server.url, **HERE)
    tab.wait_drawn("model")
    switch = tab.button("Compare")
    expect(switch).to_have_attribute("aria-pressed", "false")
    tab.after_drawing("model", lambda: (switch.focus(), tab.page.keyboard.press("Enter")))
    expect(switch).to_have_attribute("aria-pressed", "true")
    tab.hash_has("p.attn.compare=first")
    agrees(tab, AttentionReader(changing), ("a", "she", 0))
    switch.click()
    expect(tab.canvas(f"Attention heads at step {LAST}")).to_be_visible()


def test_the_head_that_was_made_to_move_stands_first(comparing: AttentionTab) -> None:
    first = read_rows(comparing)[0]
    assert first["head"] == f"{MOVED[0]}.{MOVED[1]}"
    assert f"{SHE[PAIR[0]]} → {SHE[PAIR[1]]}" in first["text"]


@pytest.mark.parametrize(
    ("choice", "first"),
    [
        ("First", ("a", "she", 0)),
        ("Previous", ("a", "she", STEPS[-2])),
        ("Other run", ("b", "she", LAST)),
        ("Probe", ("a", "he", LAST)),
    ],
)
def test_each_choice_is_one_click_and_gives_the_readers_numbers(
    comparing: AttentionTab, changing: Path, choice: str, first: tuple[str, str, int]
) -> None:
    if choice == "First":
        comparing.after_drawing("model", comparing.button("Previous").click)
    comparing.after_drawing("model", comparing.button(choice).click)
    expect(comparing.button(choice)).to_have_attribute("aria-pressed", "true")
    agrees(comparing, AttentionReader(changing), first)


def test_two_runs_without_a_common_start_are_warned_about(comparing: AttentionTab, changing: Path) -> None:
    comparing.button("Other run").click()
    (warning,) = AttentionReader(changing).compare(("b", "she", LAST), ("a", "she", LAST)).warnings
    expect(comparing.frame.get_by_role("note")).to_contain_text(warning[1:])


def test_of_two_probes_the_token_that_differs_is_shown(comparing: AttentionTab) -> None:
    comparing.button("Probe").click()
    expect(comparing.frame.locator(".is-differing")).to_have_text("he → she ")


def test_records_that_do_not_compare_are_refused_with_the_servers_reason(
    open_tab: Callable[..., AttentionTab], changing_server: TensorBoardServer
) -> None:
    tab = open_tab(changing_server.url, **HERE, compare="same", compare_tag="short")
    asked = {"run": "a", "tag": "short", "tag_b": "she", "step": LAST, "step_b": LAST}
    reason = changing_server.get("compare", asked).json["error"]["message"]
    expect(tab.frame.get_by_role("alert")).to_contain_text(reason[1:])
    tab.wait_drawn("model")  # the refusal is what is drawn of this selection
    tab.button("First").click()
    expect(rows(tab).first).to_be_visible()


def test_the_layers_column_and_the_lines_have_the_readers_numbers(
    comparing: AttentionTab, changing: Path
) -> None:
    comparing.button("First").click()
    expect(comparing.frame.locator(".step-number")).to_have_text(f"Step 0 → {LAST}")
    reader = AttentionReader(changing)
    wanted = reader.compare(("a", "she", 0), ("a", "she", LAST))
    rows(comparing).first.click()
    comparing.button("Lines").click()
    comparing.frame.get_by_role("button", name="heads without a difference").click()
    column = comparing.frame.locator(".layer-change")
    expect(column).to_have_count(2)
    found = column.evaluate_all("cells => cells.map(cell => Number(cell.dataset.change))")
    assert found == pytest.approx(wanted.layer_change.tolist(), abs=1e-6)
    assert column.first.inner_text() == "0"
    numbers = comparing.frame.locator(".change-lines .weight-column span")
    expect(numbers).to_have_count(len(SHE))
    for name, step in (("before", 0), ("after", LAST)):
        row = reader.read("a", "she", step).layers[MOVED[0]].weights[MOVED[1], PAIR[0]]
        shown = numbers.evaluate_all("(cells, name) => cells.map(cell => Number(cell.dataset[name]))", name)
        assert shown == pytest.approx(row.tolist(), abs=1e-6)
    difference = wanted.difference(MOVED[0])[MOVED[1], PAIR[0]]
    assert numbers.all_inner_texts() == [shown_difference(float(each)) for each in difference]
    comparing.frame.get_by_role("button", name="heads without a difference").click()
    expect(column).to_have_count(1)
    comparing.button("Matrix").click()


@pytest.mark.parametrize("dark", [False, True])
def test_thumbnails_have_the_colours_of_signed_root_differences(
    open_tab: Callable[..., AttentionTab], changing_server: TensorBoardServer, changing: Path, dark: bool
) -> None:
    tab = open_tab(changing_server.url, dark=dark, **HERE, compare="first", hide=0)
    tab.wait_drawn("model")
    expect(tab.frame.locator(".three-matrices")).to_be_visible()
    tab.settle()
    pixels = tab.pixels(tab.canvas("Attention differences"))
    comparison = AttentionReader(changing).compare(("a", "she", 0), ("a", "she", LAST))
    stops = np.array([rgb(colour) for colour in DIVERGING["dark" if dark else "light"]], float)
    side = cell_size(tab)
    top = tab.button("Layer 1 head 2").evaluate("button => button.offsetTop")
    for head in range(4):
        left = tab.button(f"Layer 1 head {head}").evaluate("button => button.offsetLeft")
        for query, key in [PAIR, (0, 0), (6, 3), (4, 5)]:
            value = float(comparison.difference(1)[head, query, key])
            shade = np.sign(value) * np.sqrt(abs(value))
            wanted = [np.interp(shade, np.linspace(-1, 1, 5), stops[:, channel]) for channel in range(3)]
            x, y = (int((at + 0.5) * side / len(SHE)) for at in (key, query))
            assert np.abs(pixels[top + y, left + x, :3] - wanted).max() <= 3


def test_a_is_moved_with_arrow_keys_of_its_own(comparing: AttentionTab, changing: Path) -> None:
    comparing.button("First").click()
    thumb = comparing.frame.get_by_role("slider", name="Compared step")
    expect(thumb).to_have_attribute("aria-valuetext", "A, step 0 of a, she")
    thumb.focus()
    comparing.after_drawing("model", lambda: comparing.page.keyboard.press("ArrowRight"))
    comparing.hash_has(f"p.attn.compare={STEPS[1]}")
    agrees(comparing, AttentionReader(changing), ("a", "she", STEPS[1]))


def test_differences_below_the_limit_are_hidden_and_the_matrix_says_each(
    open_tab: Callable[..., AttentionTab], changing_server: TensorBoardServer, changing: Path
) -> None:
    tab = open_tab(changing_server.url, **HERE, compare="first", layer=1, head=2, change="matrix")
    tab.wait_drawn("model")
    matrix = tab.frame.get_by_role("group", name="Matrix of differences")
    matrix.focus()
    for key in ("ArrowUp", "ArrowLeft", "ArrowDown", "ArrowRight"):  # from the largest change, and back
        tab.page.keyboard.press(key)
    value = AttentionReader(changing).compare(("a", "she", 0), ("a", "she", LAST)).difference(1)[2][PAIR]
    expect(tab.frame.locator(".change-readout")).to_contain_text(f"{SHE[PAIR[0]]} → {SHE[PAIR[1]]}")
    expect(tab.frame.locator(".change-readout b")).to_have_text(shown_difference(float(value)))


def cell_colours(tab: AttentionTab, pictures: Locator) -> list[tuple[int, ...]]:
    """The colour of the tracked pair's cell in each picture, beside its number."""
    expect(pictures.first).to_be_visible()
    found = []
    for at in range(pictures.count()):
        pixels = tab.pixels(pictures.nth(at))
        row, column = (place * pixels.shape[0] // len(SHE) + 2 for place in PAIR)
        found.append(tuple(int(value) for value in pixels[row, column, :3]))
    return found


def test_the_chosen_head_stands_in_a_in_b_and_as_their_difference(comparing: AttentionTab) -> None:
    comparing.go(**HERE, compare="first", layer=MOVED[0], head=MOVED[1], query=PAIR[0])  # type: ignore[arg-type]
    before, after, gained = cell_colours(comparing, comparing.frame.locator(".both-sides canvas"))
    assert sum(before) > sum(after) + 100  # more ink, more weight
    assert gained[2] > gained[0] + 50  # what was gained is blue
    expect(comparing.frame.locator(".both-sides figcaption")).to_have_text(
        ["A step 0", f"B step {LAST}", "B − A"]
    )


def test_the_head_that_differs_most_is_opened_and_layers_without_a_difference_are_folded(
    open_tab: Callable[..., AttentionTab], changing_server: TensorBoardServer
) -> None:
    tab = open_tab(changing_server.url, **HERE, compare="first")
    tab.wait_drawn("model")
    chosen = tab.frame.get_by_role("region", name="Chosen head")
    expect(chosen).to_contain_text(f"Layer {MOVED[0]} · Head {MOVED[1]}")
    expect(chosen).to_contain_text("differs most")
    expect(chosen.locator(".change-readout")).to_contain_text(f"{SHE[PAIR[0]]} → {SHE[PAIR[1]]}")
    folded = tab.frame.get_by_role("button", name="Layer 0: 4 heads without a difference")
    expect(folded).to_have_attribute("aria-expanded", "false")
    expect(tab.frame.locator(".layer-change")).to_have_count(1)


def test_heads_without_a_difference_are_one_line_of_the_list_and_a_key_opens_them(
    open_tab: Callable[..., AttentionTab], changing_server: TensorBoardServer
) -> None:
    tab = open_tab(changing_server.url, **HERE, compare="first")
    tab.wait_drawn("model")
    more = tab.frame.locator(".change-rows .link")
    more.wait_for()
    found = read_rows(tab)
    assert found
    assert all(
        max(float(row["change"]), abs(float(row["after"]) - float(row["before"]))) >= 0.005 for row in found
    )
    expect(more).to_have_text(f"{8 - len(found)} more without a difference")
    rows(tab).last.focus()
    tab.page.keyboard.press("Tab")
    expect(more).to_be_focused()
    tab.page.keyboard.press("Enter")
    expect(rows(tab)).to_have_count(8)
    expect(rows(tab).nth(len(found))).to_be_focused()
    expect(more).to_have_count(0)


def test_a_difference_that_is_shown_as_zero_has_no_colour(
    open_tab: Callable[..., AttentionTab], changing_server: TensorBoardServer
) -> None:
    tab = open_tab(changing_server.url, **HERE, compare="first", layer=0, head=0, query=1, key=1)
    tab.wait_drawn("model")
    number = tab.frame.locator(".change-readout b")
    expect(number).to_have_text("±.00")
    colours = number.evaluate("b => [b, b.parentElement].map(each => getComputedStyle(each).color)")
    assert colours[0] == colours[1]


def test_more_than_two_runs_are_columns_of_every_head_and_each_becomes_b_by_a_press(
    comparing: AttentionTab, changing: Path
) -> None:
    comparing.go(
        **HERE,  # type: ignore[arg-type]
        compare="same",
        compare_run="b",
        layer=MOVED[0],
        head=MOVED[1],
        query=PAIR[0],
    )
    columns = comparing.frame.get_by_role("group", name="Runs against b")
    expect(columns.get_by_role("button")).to_have_text(["a", "entropy_collapse", "masked", "nan"])
    expect(columns.locator("[aria-pressed=true]")).to_have_text("a")
    row = comparing.frame.locator(f".change-row[data-head='{MOVED[0]}.{MOVED[1]}']")
    reader = AttentionReader(changing)
    for run in ("a", "entropy_collapse"):
        number = row.locator(f"[data-run={run}]")
        expect(number).not_to_have_attribute("data-change", "NaN")
        wanted = reader.compare(("b", "she", LAST), (run, "she", LAST)).change[MOVED[:2]]
        assert float(number.get_attribute("data-change") or "") == pytest.approx(float(wanted), abs=1e-6)
    columns.get_by_role("button", name="entropy_collapse").click()
    comparing.hash_has("p.attn.compare_run=b", "p.attn.run=entropy_collapse")
    expect(columns.locator("[aria-pressed=true]")).to_have_text("entropy_collapse")
