"""The tab, AttentionReader and the HTTP routes give the same numbers, of the user's own metrics too, to 1e-6."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attention_tab import AttentionTab
from evolution_log import EMERGED, HEAD, HEADS, LAYERS, weights_at
from logs.tensorboard_server import TensorBoardServer
from numpy.typing import NDArray
from playwright.sync_api import expect

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, LayerAttention
from tensorboard_plugin_attn.serving.answers import unpack

OWN = "to the word before"
TOKENS = ["[CLS]", "the", "nurse", "spoke", "because", "she", "was", "late", "[SEP]"]
STEPS = [0, 50, 100, 150, 160, 170, 180, 190, 200, 250, 300, 350]
HERE = {"run": "own", "tag": "p", "view": "evolution"}
OpenTab = Callable[..., AttentionTab]


def to_the_word_before(layer: LayerAttention) -> NDArray[np.float32]:
    """A metric of the user's own."""
    weights: NDArray[np.float32] = layer.weights
    return np.asarray(weights[:, range(2, 8), range(1, 7)].mean(axis=1), np.float32)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run with a metric of its own, beside all others, and its scalars."""
    from torch.utils.tensorboard import SummaryWriter

    directory = tmp_path_factory.mktemp("same_numbers")
    with (
        SummaryWriter(str(directory / "own")) as events,
        AttentionWriter(events, metrics={OWN: to_the_word_before}) as writer,
    ):
        for step in STEPS:
            writer.add_attention("p", weights_at(step, emerges=True), TOKENS, step)
    return directory


@pytest.fixture(scope="module")
def server(log: Path) -> Iterator[TensorBoardServer]:
    """A TensorBoard on it."""
    with TensorBoardServer.start(logdir=log) as server:
        yield server


def answer(server: TensorBoardServer, **query: object) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """What the route ``metrics`` says of this run."""
    fields, arrays = unpack(server.get("metrics", {"run": "own", "tag": "p", **query}).body)
    return fields, {
        name: np.frombuffer(array.data, array.dtype).reshape(array.shape) for name, array in arrays.items()
    }


def cell_numbers(tab: AttentionTab) -> NDArray[np.float64]:
    """The values over the cells, ``[layer, head]``, without the column of means."""
    values = tab.frame.locator(".cell-numbers data").evaluate_all(
        "all => all.map(each => Number(each.value))"
    )
    return np.array(values, np.float64).reshape(LAYERS, -1)[:, :HEADS]


def marks_table(tab: AttentionTab) -> list[dict[str, str]]:
    """The rows of the table of changes."""
    rows = tab.frame.get_by_role("region", name="Which head became what, when").locator("tbody tr")
    expect(rows).not_to_have_count(0)
    read = "rows => rows.map(row => ({ ...row.dataset, step: row.cells[0].innerText, head: row.cells[1].innerText }))"
    return rows.evaluate_all(read)


def test_every_metric_has_one_number_in_page_reader_and_route(
    open_tab: OpenTab, server: TensorBoardServer, log: Path
) -> None:
    series = AttentionReader(log).metrics("own", "p")
    fields, arrays = answer(server)
    assert fields["names"] == series.names
    np.testing.assert_allclose(arrays["values"], series.values, atol=1e-6)
    tab = open_tab(server.url, **HERE)
    tab.wait_drawn("evolution")
    choice = tab.frame.get_by_role("combobox", name="Metric", exact=True)
    listed = choice.locator("option").evaluate_all("options => options.map(option => option.value)")
    defined = [name for at, name in enumerate(series.names) if not np.isnan(series.values[..., at]).all()]
    assert sorted(listed) == sorted(defined)
    assert OWN in listed
    for name in listed:
        if choice.input_value() != name:
            tab.after_drawing("evolution", lambda name=name: choice.select_option(name))
        np.testing.assert_allclose(
            cell_numbers(tab), series.values[-1, ..., series.names.index(name)], atol=1e-6, err_msg=name
        )


def test_marks_and_roles_have_one_number_in_page_reader_and_route(
    open_tab: OpenTab, server: TensorBoardServer, log: Path
) -> None:
    evolution = AttentionReader(log).evolution("own", "p")
    fields, arrays = answer(server, evolution=1)
    tab = open_tab(server.url, **HERE, metric="previous_token")
    tab.wait_drawn("evolution")
    rows, marks = marks_table(tab), evolution.marks()
    assert marks
    assert EMERGED in [mark.step for mark in marks]
    for row, mark, told in zip(rows, marks, fields["marks"], strict=True):
        assert (row["step"], row["head"], row["metric"]) == (
            str(mark.step),
            f"{mark.layer}.{mark.head}",
            mark.metric,
        )
        assert [float(row["before"]), float(row["after"])] == pytest.approx(
            [mark.before, mark.after], abs=1e-6
        )
        assert [told["before"], told["after"], told["size"]] == pytest.approx(
            [mark.before, mark.after, mark.size], abs=1e-6
        )
    np.testing.assert_allclose(arrays["role_scores"], evolution.roles.scores, atol=1e-6)
    if tab.frame.get_by_role("list", name="Roles").count() == 0:
        tab.frame.get_by_role("button", name="Chart", exact=True).click()
    role = (
        tab.frame.get_by_role("list", name="Roles")
        .get_by_role("listitem")
        .filter(has_text=f"{HEAD[0]}.{HEAD[1]}")
    )
    expect(role).to_contain_text(evolution.roles.name(-1, *HEAD))
    score = float(role.get_attribute("data-score") or "nan")
    assert score == pytest.approx(float(evolution.roles.scores[(-1, *HEAD)]), abs=1e-6)


def test_a_metric_of_the_users_own_stands_wherever_metrics_do(
    open_tab: OpenTab, server: TensorBoardServer, log: Path
) -> None:
    series = AttentionReader(log).metrics("own", "p")
    values = series.values[..., series.names.index(OWN)]
    tab = open_tab(
        server.url, **{**HERE, "view": "model", "layer": HEAD[0], "head": HEAD[1], "step": STEPS[-1]}
    )
    tab.wait_drawn("model")
    for control in ("Sort heads by", "Metric under each head"):
        tab.frame.get_by_role("combobox", name=control).select_option(OWN)
    lefts = [tab.button(f"Layer 1 head {head}").bounding_box() for head in range(HEADS)]
    shown = np.argsort([box["x"] for box in lefts if box is not None])
    assert shown.tolist() == np.argsort(-values[-1, 1], kind="stable").tolist()
    row = (
        tab.frame.get_by_role("table", name="Metrics of the chosen head")
        .get_by_role("row")
        .filter(has_text=OWN)
    )
    expect(row.locator(".is-now")).to_have_text(f"{values[(-1, *HEAD)]:.2f}".lstrip("0"))
    tags = server.get("/data/plugin/scalars/tags").json["own"]
    assert {f"attn/p/{OWN}_{part}" for part in ("mean", "min", "max")} <= set(tags)
    points = server.get("/data/plugin/scalars/scalars", {"run": "own", "tag": f"attn/p/{OWN}_max"}).json
    assert [point[2] for point in points] == pytest.approx(values.max(axis=(1, 2)).tolist(), abs=1e-6)
    emerged = AttentionReader(log).evolution("own", "p").emergence.marked()
    assert emerged[(*HEAD, series.names.index(OWN))]
