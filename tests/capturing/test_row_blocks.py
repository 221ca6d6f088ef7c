"""Rows of a call in blocks → the same metrics, pictures and codes as its whole map gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tensorboard_plugin_attn import LayerAttention
from tensorboard_plugin_attn.capturing.calls.mask_names import mask_name
from tensorboard_plugin_attn.capturing.calls.masks import causal
from tensorboard_plugin_attn.capturing.calls.row_blocks import LEAST_ROWS, LayerBlocks
from tensorboard_plugin_attn.capturing.calls.streamed import projected_of
from tensorboard_plugin_attn.encoding.codes import MAX_ERROR, decode_weights
from tensorboard_plugin_attn.encoding.layer import EncodedLayer, encode_layer
from tensorboard_plugin_attn.encoding.overview import decode_log
from tensorboard_plugin_attn.encoding.streamed import encode_streamed
from tensorboard_plugin_attn.measuring.head_metrics import METRICS
from tensorboard_plugin_attn.measuring.row_stats import WholeCodes, questions_of
from tensorboard_plugin_attn.record.checks import label_layer
from tensorboard_plugin_attn.record.tokens import TokenAxes

HEADS, KEY_HEADS, WIDTH = 4, 2, 8
CASES = [  # mask, kind, queries, keys, rows at once
    ("causal", "self", 40, 40, 7),
    ("full", "self", 40, 40, 7),
    ("window 5", "self", 41, 41, 7),
    ("full", "cross", 13, 30, 7),
    ("full", "cross", 30, 13, 4),
    ("causal", "self", 600, 600, 7),
    ("full", "self", 130, 130, None),
    ("causal", "self", 1, 1, 7),
    ("causal", "self", 33, 33, None),
]


def axes_of(kind: str, queries: int, keys: int) -> TokenAxes:
    """Texts with tokens that come again."""
    names = ["[CLS]", *(f"t{i * i % 11}" for i in range(max(keys, queries)))]
    if kind == "cross":
        return TokenAxes(names[:keys], decoder_tokens=names[1 : queries + 1])
    return TokenAxes(names[:keys])


def visible(mask: str, queries: int, keys: int) -> torch.Tensor:
    if mask == "full":
        return torch.ones(queries, keys, dtype=torch.bool)
    seen = causal(queries, keys, "cpu", keys - queries)
    return (
        seen
        if mask == "causal"
        else seen & ~causal(queries, keys, "cpu", keys - queries - int(mask.split()[1]))
    )


def both(
    mask: str, kind: str, queries: int, keys: int, rows: int | None
) -> tuple[LayerAttention, LayerAttention]:
    """One layer with its weights, and as blocks."""
    generator = torch.Generator().manual_seed(queries)
    query = torch.randn(HEADS, queries, WIDTH, generator=generator) * 3
    key = torch.randn(KEY_HEADS, keys, WIDTH, generator=generator)
    scores = query.double() @ key.double().repeat_interleave(2, 0).transpose(1, 2) * WIDTH**-0.5
    weights = scores.masked_fill(~visible(mask, queries, keys), -torch.inf).softmax(-1).float()
    options = {
        "kind": kind,
        "mask": mask,
        "scale": WIDTH**-0.5,
        "stack": "decoder" if kind == "cross" else "",
    }
    whole = LayerAttention(weights, query=query, key=key, **options)
    streamed: LayerAttention = LayerAttention(None, query=query, key=key, **options)
    streamed.blocks = LayerBlocks(query=query, key=key, scale=WIDTH**-0.5, mask=mask, rows_at_once=rows)
    for layer in (whole, streamed):
        label_layer(axes_of(kind, queries, keys), layer, 0)
    return whole, streamed


def encoded(case: tuple[str, str, int, int, int | None]) -> tuple[EncodedLayer, EncodedLayer]:
    axes = axes_of(*case[1:4])
    whole, streamed = both(*case)
    return encode_layer(whole, axes, METRICS, "uint8"), encode_streamed(
        streamed, axes, METRICS, "uint8", source="codes"
    )


@pytest.mark.parametrize("case", CASES)
def test_metrics_of_blocks_are_those_of_the_whole(case: tuple[str, str, int, int, int | None]) -> None:
    whole, blocks = encoded(case)
    for column, name in enumerate(METRICS):
        np.testing.assert_allclose(
            blocks.metrics[:, column], whole.metrics[:, column], rtol=2e-6, atol=1e-6, err_msg=name
        )


@pytest.mark.parametrize("case", CASES)
def test_codes_and_pictures_of_blocks_are_those_of_the_whole(
    case: tuple[str, str, int, int, int | None],
) -> None:
    whole, blocks = encoded(case)
    assert blocks.codes is not None
    assert whole.codes is not None
    assert blocks.row_max is not None
    assert whole.row_max is not None
    difference = decode_weights(blocks.codes, blocks.row_max) - decode_weights(whole.codes, whole.row_max)
    assert np.abs(difference).max() <= 0.004  # one code, where rounding is undecided
    assert (blocks.codes != whole.codes).mean() < 1e-3
    assert np.abs(blocks.thumbnail.astype(int) - whole.thumbnail).max() <= 1
    assert blocks.faults == whole.faults == []


@pytest.mark.parametrize("case", CASES)
def test_overviews_are_those_of_the_whole_and_of_dropped_codes_as_exact_as_these(
    case: tuple[str, str, int, int, int | None],
) -> None:
    whole, coded = encoded(case)
    assert coded.overview is None
    blocks = encode_streamed(both(*case)[1], axes_of(*case[1:4]), METRICS, "uint8", source="left_out")
    coded.leave_out()
    assert (blocks.overview is None) == (coded.overview is None) == (whole.overview is None)
    if blocks.overview is None or coded.overview is None or whole.overview is None:
        return
    assert np.abs(blocks.overview.astype(int) - whole.overview).max() <= 1
    exact, found = decode_log(whole.overview), decode_log(coded.overview)
    assert (np.abs(found - exact) <= MAX_ERROR + 0.034 * (found + exact)).all()
    assert (coded.overview != 0).sum() > 0.4 * coded.overview.size


SPLITS = [("causal", 40, 1), ("causal", 40, 2), ("causal", 90, 3), ("full", 40, 1), ("window 5", 41, 2)]


@pytest.mark.parametrize(("mask", "length", "heads_at_once"), SPLITS)
def test_heads_measured_one_after_the_other_give_what_all_at_once_give(
    mask: str, length: int, heads_at_once: int
) -> None:
    _, streamed = both(mask, "self", length, length, None)
    values = torch.randn(KEY_HEADS, length, WIDTH, generator=torch.Generator().manual_seed(1))
    output = torch.rand(HEADS, length, WIDTH, generator=torch.Generator().manual_seed(2))
    norm = values.norm(dim=-1).repeat_interleave(2, 0)
    source = replace(
        streamed.blocks,
        projected=projected_of(HEADS, values, output),
        value_norm=norm,
        budget_of=lambda largest: largest,
    )
    split = replace(source, block_bytes=4 * LEAST_ROWS * length * heads_at_once)
    assert len(source.parts()) == 1
    assert len(split.parts()) == {1: 4, 2: 2, 3: 2}[heads_at_once]
    whole, by_parts = WholeCodes(source.shape), WholeCodes(source.shape)
    questions = questions_of(
        streamed, thumbnail=(1, 1), overview=(2, 2), codes=whole, noted=np.array([3, length - 1]), moved=True
    )
    expected, found = source.measure(questions), split.measure(replace(questions, codes=by_parts))
    assert np.abs(by_parts.codes.astype(int) - whole.codes).max() <= 1
    np.testing.assert_array_equal(expected.noted, whole.codes[:, [3, length - 1]])
    np.testing.assert_array_equal(found.noted, by_parts.codes[:, [3, length - 1]])
    assert found.budget == pytest.approx(expected.budget)
    for name, known in {**vars(expected), **vars(expected.moved), **expected.offsets}.items():
        if isinstance(known, np.ndarray) and known.dtype == np.float32:
            other = {**vars(found), **vars(found.moved), **found.offsets}[name]
            np.testing.assert_allclose(other, known, rtol=1e-5, atol=2e-6, err_msg=str(name))


@pytest.mark.parametrize("mask", ["causal", "full"])
def test_lengths_of_values_in_the_same_memory_are_measured_as_in_their_own(mask: str) -> None:
    _, streamed = both(mask, "self", 40, 40, 7)
    values = torch.randn(KEY_HEADS, 40, WIDTH, generator=torch.Generator().manual_seed(1))
    output = torch.rand(HEADS, 40, WIDTH, generator=torch.Generator().manual_seed(2))
    projected = projected_of(HEADS, values, output)
    shared = replace(streamed.blocks, projected=projected, value_norm=projected.sides[..., 1])
    found = [
        source.measure(questions_of(streamed, moved=True))
        for source in (shared, replace(shared, value_norm=projected.sides[..., 1].clone()))
    ]
    (one, other), (moved, others) = ([each.error for each in found], [vars(each.moved) for each in found])
    np.testing.assert_allclose(one, other, rtol=1e-6)
    for name, known in moved.items():
        np.testing.assert_allclose(known, others[name], rtol=1e-6, atol=1e-6, err_msg=name)


def test_nan_is_a_fault_of_its_heads() -> None:
    _, streamed = both("causal", "self", 20, 20, 7)
    streamed.blocks.query[1, 5] = torch.nan
    found = encode_streamed(streamed, axes_of("self", 20, 20), METRICS, "uint8", source="left_out")
    assert [(each["fault"], each["heads"]) for each in found.faults] == [("nan", [1])]


MASKS = [
    ("full", 30, 30, "full"),
    ("causal", 30, 30, "causal"),
    ("causal", 10, 30, "causal"),
    ("window 4", 30, 30, "window 4"),
    ("causal", 1, 30, "full"),
]


@pytest.mark.parametrize(("mask", "queries", "keys", "name"), MASKS)
@pytest.mark.parametrize("is_bool", [True, False])
def test_a_mask_is_named_some_rows_at_a_time(
    mask: str, queries: int, keys: int, name: str, is_bool: bool
) -> None:
    seen = visible(mask, queries, keys)
    given = seen if is_bool else torch.where(seen, 0.0, -torch.inf)
    assert mask_name(given, rows_at_once=7) == name


def test_other_masks_and_biases_have_no_name() -> None:
    holes = visible("causal", 30, 30).clone()
    holes[20, 3] = False
    assert mask_name(holes, rows_at_once=7) is None
    assert mask_name(torch.where(visible("causal", 30, 30), 0.5, -torch.inf), rows_at_once=7) is None
