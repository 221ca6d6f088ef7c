"""Compare and the panels beside a view: their pictures and tables, with the numbers that AttentionReader gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from attention_tab import AttentionTab
from changing_log import MOVED, PAIR, SHE, SICK, STEPS
from downloads import save, table
from logs.tensorboard_server import TensorBoardServer
from playwright.sync_api import Page, expect

from tensorboard_plugin_attn import AttentionReader

OpenTab = Callable[..., AttentionTab]
LAST = STEPS[-1]
HERE: dict[str, object] = {"run": "a", "tag": "she", "step": LAST, "view": "model"}
COMPARED = {**HERE, "compare": "first", "layer": MOVED[0], "head": MOVED[1], "query": PAIR[0]}


@pytest.fixture
def comparing(open_tab: OpenTab, changing_server: TensorBoardServer) -> AttentionTab:
    """The last step beside the first; the head that moved is chosen."""
    tab = open_tab(changing_server.url, **COMPARED, change="lines")
    tab.frame.locator(".change-row").first.wait_for()
    tab.canvas("Attention lines gained and lost").wait_for()
    return tab


def test_every_heads_change_is_in_the_table_of_compare(
    comparing: AttentionTab, changing: Path, tmp_path: Path
) -> None:
    wanted = AttentionReader(changing).compare(("a", "she", STEPS[0]), ("a", "she", LAST)).ranking()
    rows = table(save(comparing, "csv", tmp_path))
    assert [(int(row["layer"]), int(row["head"])) for row in rows] == [
        (head.layer, head.head) for head in wanted
    ]
    found = [[float(row[name]) for name in ("jsd", "before", "after")] for row in rows]
    assert found == pytest.approx(np.array([[h.change, h.before, h.after] for h in wanted]), abs=1e-6)
    assert {(row["step_a"], row["step_b"]) for row in rows} == {(str(STEPS[0]), str(LAST))}
    assert (rows[0]["query_token"], rows[0]["key_token"]) == (SHE[PAIR[0]], SHE[PAIR[1]])


def test_both_weights_of_the_chosen_head_are_in_its_own_table(
    comparing: AttentionTab, changing: Path, tmp_path: Path
) -> None:
    rows = table(save(comparing, "csv", tmp_path, "Chosen head (CSV)"))
    reader = AttentionReader(changing)
    for name, step in (("before", STEPS[0]), ("after", LAST)):
        wanted = np.asarray(reader.read("a", "she", step).layers[MOVED[0]].weights)[MOVED[1]]
        found = np.array([float(row[name]) for row in rows]).reshape(wanted.shape)
        np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_the_picture_of_compare_has_grid_list_and_lines_as_texts_and_shapes(
    comparing: AttentionTab, offline: Callable[[Path], Page], tmp_path: Path
) -> None:
    page = offline(save(comparing, "svg", tmp_path))
    texts = page.locator("text").all_text_contents()
    assert f"What changed from step {STEPS[0]} to step {LAST}" in texts[0]
    assert {"JSD", "gained", "lost", "B − A", "she → nurse", f"{MOVED[0]}.{MOVED[1]}"} <= set(texts)
    assert {token for token in SHE if texts.count(token) < 2} == set()
    assert page.locator("path").count() > 0


def test_the_matrix_of_differences_is_in_the_picture_when_it_is_chosen(
    open_tab: OpenTab, changing_server: TensorBoardServer, offline: Callable[[Path], Page], tmp_path: Path
) -> None:
    tab = open_tab(changing_server.url, **COMPARED, change="matrix")
    tab.canvas("Matrix of what layer").wait_for()
    page = offline(save(tab, "svg", tmp_path))
    assert page.locator("path").count() == 0
    turned = page.locator("text[transform^=rotate]").all_text_contents()
    assert turned == SHE


def test_what_is_not_compared_cannot_be_saved(open_tab: OpenTab, changing_server: TensorBoardServer) -> None:
    tab = open_tab(changing_server.url, **{**COMPARED, "compare": "same", "compare_tag": "short"})
    tab.frame.get_by_role("alert").wait_for()
    tab.button("Export").click()
    expect(tab.frame.get_by_role("menuitem", name="Numbers (CSV)")).to_be_disabled()


def test_the_heads_that_were_found_are_saved_in_their_order_with_every_step(
    open_tab: OpenTab, changing_server: TensorBoardServer, changing: Path, tmp_path: Path
) -> None:
    query, key = PAIR
    tab = open_tab(changing_server.url, **HERE, panel="find", find=f"{query}-{key}")
    tab.frame.locator(".found-row").first.wait_for()
    expect(tab.frame.get_by_role("progressbar")).to_have_count(0)
    rows = table(save(tab, "csv", tmp_path, "Heads found (CSV)"))
    over = list(AttentionReader(changing).find_over_steps("a", "she", query=query, key=key))
    (last,) = (found for found in over if found.step == LAST)
    wanted = last.ranking()
    assert [(int(row["layer"]), int(row["head"])) for row in rows] == [(h.layer, h.head) for h in wanted]
    for step in over:
        found = [float(row[f"step_{step.step}"]) for row in rows]
        assert found == pytest.approx([step.values[h.layer, h.head] for h in wanted], abs=1e-6)
    assert int(rows[0]["first_step_at_least_0.50"]) == MOVED[2]


def test_the_hints_are_saved_with_their_place(
    open_tab: OpenTab, changing_server: TensorBoardServer, tmp_path: Path
) -> None:
    step, layer, head = SICK["nan"]
    tab = open_tab(changing_server.url, **{**HERE, "run": "nan"}, panel="health")
    tab.frame.locator(".hint").first.wait_for()
    first = table(save(tab, "csv", tmp_path, "Hints (CSV)"))[0]
    assert (first["kind"], first["step"], first["layer"], first["heads"]) == (
        "nan",
        str(step),
        str(layer),
        str(head),
    )


def test_the_table_of_which_head_became_what_is_saved(
    open_tab: OpenTab, changing_server: TensorBoardServer, changing: Path, tmp_path: Path
) -> None:
    tab = open_tab(changing_server.url, **{**HERE, "view": "evolution"})
    tab.frame.locator(".changes tbody tr").first.wait_for()
    rows = table(save(tab, "csv", tmp_path, "Heads that changed (CSV)"))
    wanted = AttentionReader(changing).evolution("a", "she").marks()
    assert {(int(r["step"]), int(r["layer"]), int(r["head"]), r["metric"]) for r in rows} == {
        (mark.step, mark.layer, mark.head, mark.metric) for mark in wanted
    }
