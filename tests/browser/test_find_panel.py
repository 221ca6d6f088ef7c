"""Find a head in a real TensorBoard: every head by its weight on a pattern, now and over the steps."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from attention_tab import AttentionTab
from changing_log import MOVED, PAIR, SHE, STEPS
from logs.tensorboard_server import TensorBoardServer
from planted_log import STEPS as PAIR_STEPS
from planted_log import PlantedLog
from playwright.sync_api import Locator, Route, expect
from shown_numbers import shown_weight

from tensorboard_plugin_attn import AttentionReader

LAST = STEPS[-1]
HERE: dict[str, object] = {"run": "a", "tag": "she", "step": LAST, "view": "model"}
OpenTab = Callable[..., AttentionTab]


def rows(tab: AttentionTab) -> Locator:
    """The list of heads."""
    return tab.frame.locator(".found-row")


def found(tab: AttentionTab) -> list[dict[str, str]]:
    """Every row once the search is over."""
    rows(tab).first.wait_for()
    expect(tab.frame.get_by_role("progressbar")).to_have_count(0)
    return rows(tab).evaluate_all("rows => rows.map(row => ({ ...row.dataset, text: row.innerText }))")


def agrees(
    tab: AttentionTab,
    reader: AttentionReader,
    at: tuple[str, str, int] = ("a", "she", LAST),
    **pattern: object,
) -> None:
    """The list is the reader's ranking, and the first step at or above .5 is its too."""
    wanted = reader.find(*at, **pattern).ranking()
    over = sorted(reader.find_over_steps(*at[:2], **pattern), key=lambda each: each.step)
    listed = found(tab)
    assert [row["head"] for row in listed] == [f"{head.layer}.{head.head}" for head in wanted]
    for row, head in zip(listed, wanted, strict=True):
        assert float(row["weight"]) == pytest.approx(head.weight, abs=1e-6)
        decimals = 2 if head.weight >= 0.01 else 4
        assert shown_weight(head.weight, decimals) in row["text"].split()
        passed = [each.step for each in over if each.values[head.layer, head.head] >= 0.5]
        assert row["since"] == str(passed[0] if passed else "")


def test_tokens_picked_by_keyboard_rank_every_head(
    open_tab: OpenTab, changing_server: TensorBoardServer, changing: Path
) -> None:
    tab = open_tab(changing_server.url, **HERE)
    tab.wait_drawn("model")
    tab.button("Find head").click()
    for name, token in (("From queries", PAIR[0]), ("To keys", PAIR[1])):
        tab.frame.get_by_role("listbox", name=name).focus()
        for _ in range(token):
            tab.page.keyboard.press("ArrowRight")
        tab.page.keyboard.press("Enter")
    agrees(tab, AttentionReader(changing), query=PAIR[0], key=PAIR[1])
    tab.hash_has("p.attn.panel=find", f"p.attn.find={PAIR[0]}-{PAIR[1]}")
    first = found(tab)[0]
    assert (first["head"], first["since"]) == (f"{MOVED[0]}.{MOVED[1]}", str(MOVED[2]))


@pytest.mark.parametrize("template", ["previous", "same", "next", "first"])
def test_a_template_ranks_as_the_reader_does(
    open_tab: OpenTab, changing_server: TensorBoardServer, changing: Path, template: str
) -> None:
    tab = open_tab(changing_server.url, **HERE, panel="find", find=template)
    agrees(tab, AttentionReader(changing), template=template)


@pytest.mark.parametrize("template", ["across", "same_word", "induction"])
def test_in_a_sentence_pair_heads_are_found_across_it_and_by_its_words(
    open_tab: OpenTab, server: TensorBoardServer, planted: PlantedLog, template: str
) -> None:
    run, tag, step = "planted", "pair/she", PAIR_STEPS[-1]
    tab = open_tab(server.url, view="model", run=run, tag=tag, step=step, panel="find")
    choice = tab.frame.get_by_label("Look for heads that attend")
    choice.select_option(template)
    agrees(tab, AttentionReader(planted.directory), (run, tag, step), template=template)
    tab.hash_has(f"p.attn.find={template}")


def test_sets_of_tokens_count_together(
    open_tab: OpenTab, changing_server: TensorBoardServer, changing: Path
) -> None:
    tab = open_tab(changing_server.url, **HERE, panel="find", find="4.5-1.2.3")
    agrees(tab, AttentionReader(changing), query=[4, 5], key=[1, 2, 3])


def test_a_tracked_pair_is_there_without_a_search(
    open_tab: OpenTab, changing_server: TensorBoardServer, changing: Path
) -> None:
    tab = open_tab(changing_server.url, **HERE, panel="find")
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    tab.frame.get_by_label("Look for heads that attend").select_option(label="Tracked: she → nurse")
    logged = AttentionReader(changing).metrics("a", "she")
    values = logged.values[-1, :, :, logged.names.index("she → nurse")]
    weights = {row["head"]: float(row["weight"]) for row in found(tab)}
    wanted = {f"{layer}.{head}": float(values[layer, head]) for layer in range(2) for head in range(4)}
    assert weights == pytest.approx(wanted, abs=1e-6)
    assert list(weights) == sorted(wanted, key=lambda name: -wanted[name])
    assert not [url for url in asked if "/find?" in url]


def test_a_search_can_be_cancelled_and_goes_on_where_it_stopped(
    open_tab: OpenTab, changing_server: TensorBoardServer, changing: Path
) -> None:
    tab = open_tab(changing_server.url, **HERE)
    tab.wait_drawn("model")
    held: list[Route] = []

    def hold(route: Route) -> None:
        """Everything but the first two steps waits."""
        if re.search(r"steps=\d+&", route.request.url):
            route.continue_()
        else:
            held.append(route)

    tab.page.route("**/find?*", hold)
    tab.page.evaluate("location.hash += '&p.attn.panel=find&p.attn.find=previous'")
    expect(rows(tab)).to_have_count(8)
    expect(tab.frame.locator(".find-progress")).to_contain_text(f"2 of {len(STEPS)} steps")
    tab.button("Cancel").click()
    expect(tab.button("Continue")).to_be_visible()
    tab.page.unroute("**/find?*")
    tab.button("Continue").click()
    agrees(tab, AttentionReader(changing), template="previous")


def test_a_row_opens_its_head_with_the_token_pinned(
    open_tab: OpenTab, changing_server: TensorBoardServer
) -> None:
    tab = open_tab(changing_server.url, **HERE, panel="find", find=f"{PAIR[0]}-{PAIR[1]}")
    rows(tab).first.focus()
    tab.page.keyboard.press("Enter")
    tab.wait_drawn("head")
    tab.hash_has(
        "p.attn.view=head", f"p.attn.layer={MOVED[0]}", f"p.attn.head={MOVED[1]}", f"p.attn.query={PAIR[0]}"
    )
    pinned = tab.frame.get_by_role("listbox", name="Query tokens").get_by_role("option", selected=True)
    expect(pinned).to_have_text(SHE[PAIR[0]])


def test_what_the_probe_cannot_have_is_said(open_tab: OpenTab, changing_server: TensorBoardServer) -> None:
    tab = open_tab(changing_server.url, **HERE, panel="find", find="across")
    reason = changing_server.get("find", {"run": "a", "tag": "she", "step": LAST, "template": "across"})
    message = reason.json["error"]["message"]
    expect(tab.frame.get_by_role("alert")).to_have_text(f"{message[0].upper()}{message[1:]}.")


def test_escape_closes_the_panel_and_the_switch_has_focus_again(
    open_tab: OpenTab, changing_server: TensorBoardServer
) -> None:
    tab = open_tab(changing_server.url, **HERE)
    tab.wait_drawn("model")
    tab.button("Find head").focus()
    tab.page.keyboard.press("Enter")
    expect(tab.frame.get_by_role("complementary", name="Find head")).to_be_focused()
    tab.page.keyboard.press("Escape")
    expect(tab.button("Find head")).to_be_focused()


def test_runs_of_tokens_are_picked_with_shift_by_pointer_and_keyboard(
    open_tab: OpenTab, changing_server: TensorBoardServer, changing: Path
) -> None:
    tab = open_tab(changing_server.url, **HERE, panel="find")
    queries = tab.frame.get_by_role("listbox", name="From queries")
    queries.get_by_role("option").nth(3).click()
    queries.get_by_role("option").nth(6).click(modifiers=["Shift"])
    expect(queries.get_by_role("option", selected=True)).to_have_count(4)
    tab.frame.get_by_role("listbox", name="To keys").focus()
    for key in ("Home", "Enter", "ArrowRight", "ArrowRight", "Shift+Enter"):
        tab.page.keyboard.press(key)
    agrees(tab, AttentionReader(changing), query=range(3, 7), key=range(3))
    tab.hash_has("p.attn.find=3_6-0_2")
