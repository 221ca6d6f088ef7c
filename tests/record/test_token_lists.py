"""Lists of tokens by stack: which layer has which, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tensorboard_plugin_attn import AttentionReader, AttentionRecord, AttentionWriter, LayerAttention
from tensorboard_plugin_attn.errors import InvalidRecordError

TEXT, VISION = ["a", "cat"], ["[CLS]", "r0c0", "r0c1"]


def layer(queries: int, keys: int, stack: str, kind: str = "self") -> LayerAttention:
    return LayerAttention(np.full((1, queries, keys), 1 / keys, np.float32), stack=stack, kind=kind)


def test_each_stack_has_its_own_list_and_a_file_keeps_them(tmp_path: Path) -> None:
    layers = [layer(2, 2, "text"), layer(3, 3, "vision"), layer(2, 3, "text", "cross"), layer(2, 2, "")]
    record = AttentionRecord(layers, {"text": TEXT, "vision": VISION})
    with AttentionWriter(tmp_path) as writer:
        writer.add_record("p", record, 0)
    for each in (record, AttentionReader(tmp_path).read(".", "p", 0)):
        assert each.token_lists == {"tokens": TEXT, "vision": VISION}
        assert [one.query_tokens for one in each.layers] == [TEXT, VISION, TEXT, TEXT]
        assert [one.key_tokens for one in each.layers] == [TEXT, VISION, VISION, TEXT]


def test_a_list_never_names_the_positions_of_another_stack_by_length_alone() -> None:
    with pytest.raises(InvalidRecordError, match="layer 0 has 3 query positions but tokens has 2 entries"):
        AttentionRecord([layer(3, 3, "audio")], {"text": TEXT, "vision": VISION})


@pytest.mark.parametrize("lists", [{}, {"vision": VISION, "tokens": TEXT}, {"text": TEXT, "vision": []}])
def test_lists_that_cannot_be_told_apart_or_are_empty_are_refused(lists: dict[str, list[str]]) -> None:
    with pytest.raises(InvalidRecordError):
        AttentionRecord([layer(2, 2, "")], lists)
