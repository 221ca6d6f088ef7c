"""What a model is called with → the hash of what names do not tell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tensorboard_plugin_attn.capturing.inputs.hashing import input_hash
from tensorboard_plugin_attn.encoding.header import same_input, same_surroundings

IDS = torch.tensor([[5, 6, 7, 8]])
PIXELS = torch.arange(48.0).reshape(1, 3, 4, 4)

SAME: list[tuple[str, Any, Any]] = [
    ("usual positions", {"input_ids": IDS}, {"input_ids": IDS, "position_ids": torch.arange(4)[None]}),
    (
        "usual positions without a batch",
        {"input_ids": IDS},
        {"input_ids": IDS, "position_ids": torch.arange(4)},
    ),
    (
        "masks of any type",
        {"input_ids": IDS, "attention_mask": torch.ones(1, 4), "pixel_mask": torch.ones(1, 4, 4)},
        {"input_ids": IDS},
    ),
    (
        "padding",
        {"input_ids": torch.tensor([[0, 0, 5, 6]]), "attention_mask": torch.tensor([[0, 0, 1, 1]])},
        {"input_ids": torch.tensor([[5, 6, 9]]), "attention_mask": torch.tensor([[1, 1, 0]])},
    ),
    (
        "usual positions behind padding",
        {
            "input_ids": IDS,
            "attention_mask": torch.tensor([[0, 0, 1, 1]]),
            "position_ids": torch.tensor([[1, 1, 0, 1]]),
        },
        {"input_ids": IDS[:, 2:]},
    ),
    (
        "three usual axes of positions",
        {"input_ids": IDS, "position_ids": torch.arange(4).expand(3, 1, 4)},
        {"input_ids": IDS},
    ),
    ("embeddings, which train", {"inputs_embeds": torch.randn(1, 4, 8)}, {"inputs_embeds": None}),
    ("ids of another type", {"input_ids": IDS}, {"input_ids": IDS.int()}),
    ("ids of numpy", {"input_ids": IDS}, {"input_ids": IDS.numpy()}),
    ("labels", {"input_ids": IDS, "labels": IDS}, {"input_ids": IDS, "labels": IDS + 1}),
    (
        "sentences that are all the first",
        {"input_ids": IDS},
        {"input_ids": IDS, "token_type_ids": torch.zeros_like(IDS)},
    ),
]


@pytest.mark.parametrize(("one", "other"), [case[1:] for case in SAME], ids=[case[0] for case in SAME])
def test_what_changes_nothing_that_is_read_has_the_same_hash(one: Any, other: Any) -> None:
    assert input_hash(one) == input_hash(other)


def test_ids_of_names_that_a_tokenizer_made_are_not_counted_twice() -> None:
    other, packed = {"input_ids": IDS + 1}, {"input_ids": IDS, "position_ids": IDS}
    named = input_hash({"input_ids": IDS}, names_tell_ids=True)
    assert named == input_hash(other, names_tell_ids=True) != input_hash(packed, names_tell_ids=True)
    listed = [input_hash(each) for each in ({"input_ids": IDS}, other, packed)]
    assert [same_input(("p", named), ("p", each)) for each in listed] == [True, True, False]
    assert [same_input(("p", listed[0]), ("p", each)) for each in listed] == [True, False, False]
    assert same_surroundings(listed[0], listed[1])
    assert same_input(("p", None), ("p", listed[0]))


DIFFERENT: list[tuple[str, Any, Any]] = [
    ("pixels", {"pixel_values": PIXELS}, {"pixel_values": PIXELS + 1}),
    ("pixels as one tensor", PIXELS, PIXELS * 2),
    ("sound", {"input_values": torch.ones(1, 9)}, {"input_values": torch.zeros(1, 9)}),
    ("numpy pixels", {"pixel_values": PIXELS.numpy()}, {"pixel_values": PIXELS.numpy() + 1}),
    (
        "packed positions",
        {"position_ids": torch.tensor([[0, 1, 0, 1]])},
        {"position_ids": torch.tensor([[0, 0, 1, 2]])},
    ),
    ("documents", {"cu_seq_lens_q": torch.tensor([0, 2, 4])}, {"cu_seq_lens_q": torch.tensor([0, 3, 4])}),
    ("bytes", {"audio": b"a"}, {"audio": b"b"}),
    ("other ids under the same names", {"input_ids": IDS}, {"input_ids": IDS + 1}),
    ("ids as one tensor", IDS, IDS.flip(1)),
    ("positions where there were none", {"input_ids": IDS}, {"input_ids": IDS, "position_ids": IDS}),
    ("boxes of words", {"input_ids": IDS, "bbox": IDS}, {"input_ids": IDS, "bbox": IDS + 1}),
    ("pixels of whole numbers", {"image": PIXELS.byte()}, {"image": PIXELS.byte() + 1}),
    (
        "a second sentence",
        {"input_ids": IDS},
        {"input_ids": IDS, "token_type_ids": torch.tensor([[0, 0, 1, 1]])},
    ),
    (
        "who sees whom",
        {"attention_mask": torch.ones(1, 1, 4, 4).tril()},
        {"attention_mask": torch.ones(1, 1, 4, 4)},
    ),
    (
        "patches that are hidden",
        {"pixel_values": PIXELS, "bool_masked_pos": IDS > 6},
        {"pixel_values": PIXELS, "bool_masked_pos": IDS > 7},
    ),
    (
        "what a decoder reads",
        {"input_ids": IDS, "decoder_input_ids": IDS},
        {"input_ids": IDS, "decoder_input_ids": IDS + 1},
    ),
    ("another shape", {"pixel_values": PIXELS}, {"pixel_values": PIXELS.reshape(1, 3, 2, 8)}),
]


@pytest.mark.parametrize(
    ("one", "other"), [case[1:] for case in DIFFERENT], ids=[case[0] for case in DIFFERENT]
)
def test_other_pictures_sounds_and_positions_are_other_inputs(one: Any, other: Any) -> None:
    assert input_hash(one) == input_hash(one)
    assert input_hash(one) != input_hash(other)


def test_a_row_of_a_batch_has_the_hash_it_has_alone_and_half_precision_the_same() -> None:
    batch = torch.cat([PIXELS, PIXELS + 1])
    alone = input_hash({"pixel_values": PIXELS + 1})
    assert input_hash({"pixel_values": batch}, 1) == alone
    assert input_hash({"pixel_values": batch}, 0) != alone
    assert input_hash({"pixel_values": (PIXELS + 1).bfloat16()}) == alone


def test_a_picture_of_pil_is_hashed_by_its_pixels() -> None:
    image = pytest.importorskip("PIL.Image")
    one, other = (image.fromarray(np.full((4, 4), shade, np.uint8)) for shade in (3, 4))
    assert input_hash({"images": [one]}) != input_hash({"images": [other]})
    assert input_hash({"images": [one]}) == input_hash({"images": [one.copy()]})
