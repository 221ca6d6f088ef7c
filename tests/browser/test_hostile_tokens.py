"""Tokens that are markup, turn the text round, cannot be seen or never end: shown as text, the layout intact."""

from __future__ import annotations

import pytest
from attention_tab import AttentionTab
from planted_log import HOSTILE
from playwright.sync_api import expect

HERE = {"run": "planted", "tag": "hostile/<i>"}
SIDES = ["Query tokens", "Key tokens"]


@pytest.fixture(params=["model", "head"])
def view(request: pytest.FixtureRequest, tab: AttentionTab) -> str:
    """Either view, showing the hostile probe."""
    tab.go(request.param, **HERE, thumbnails="lines")
    return str(request.param)


@pytest.mark.usefixtures("view")
def test_hostile_tokens_are_text_and_nothing_in_them_is_executed(tab: AttentionTab) -> None:
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    queries = tab.frame.get_by_role("listbox", name="Query tokens").get_by_role("option")
    expect(queries).to_have_count(len(HOSTILE))
    texts = queries.all_inner_texts()
    assert texts[1].startswith("</script><img src=x onerror=")
    assert texts[2:4] == ["<b>bold</b>", "&lt;amp&gt;"]
    assert texts[12] == "${alert(1)}"
    assert all(text.strip() for text in texts), "a token that cannot be seen is shown by name"
    for option in queries.all()[:4]:
        option.hover()
    assert tab.frame.locator("#attn img, #attn script, #attn b, #attn i:not([class])").count() == 0
    assert "owned" not in tab.page.title()
    assert [url for url in asked if url.endswith("/x")] == []


def test_no_hostile_token_widens_its_column_or_moves_another_row(tab: AttentionTab, view: str) -> None:
    for side in SIDES:
        column = tab.frame.get_by_role("listbox", name=side)
        box = column.bounding_box()
        assert box is not None
        rows = [option.bounding_box() for option in column.get_by_role("option").all()]
        heights = [round(row["y"] - box["y"]) for row in rows if row is not None]
        pitch = {"model": 24, "head": 32}[view]
        assert heights == [pitch * at for at in range(len(HOSTILE))]
        for text in column.locator(".token-text").all():
            inside = text.bounding_box()
            assert inside is not None
            assert inside["x"] >= box["x"] - 0.5
            assert inside["x"] + inside["width"] <= box["x"] + box["width"] + 0.5
    wide = tab.inside().evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]


@pytest.mark.usefixtures("view")
def test_the_probe_with_markup_in_its_name_is_listed_as_it_was_named(tab: AttentionTab) -> None:
    expect(
        tab.frame.get_by_role("region", name="Probes").get_by_text("hostile/<i>", exact=True)
    ).to_be_visible()
