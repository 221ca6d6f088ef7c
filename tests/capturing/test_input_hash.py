"""What a model is called with → the hash of what tokens do not tell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tensorboard_plugin_attn.capturing.inputs.hashing import input_hash

IDS = torch.tensor([[5, 6, 7, 8]])
PIXELS = torch.arange(48.0).reshape(1, 3, 4, 4)

WITHOUT: list[tuple[str, Any]] = [
    ("token ids alone", {"input_ids": IDS}),
    ("token ids in a tuple", (IDS,)),
    ("one tensor of ids", IDS),
    (
        "masks of any type",
        {"input_ids": IDS, "attention_mask": torch.ones(1, 4), "pixel_mask": torch.ones(1, 4, 4)},
    ),
    ("usual positions", {"input_ids": IDS, "position_ids": torch.arange(4)[None]}),
    ("usual positions without a batch", {"input_ids": IDS, "position_ids": torch.arange(4)}),
    (
        "usual positions behind padding",
        {"attention_mask": torch.tensor([[0, 0, 1, 1]]), "position_ids": torch.tensor([[1, 1, 0, 1]])},
    ),
    ("three usual axes of positions", {"position_ids": torch.arange(4).expand(3, 1, 4)}),
    ("embeddings, which train", {"inputs_embeds": torch.randn(1, 4, 8)}),
]


@pytest.mark.parametrize("inputs", [case[1] for case in WITHOUT], ids=[case[0] for case in WITHOUT])
def test_what_tokens_and_masks_tell_has_no_hash(inputs: Any) -> None:
    assert input_hash(inputs) is None


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
    ("another shape", {"pixel_values": PIXELS}, {"pixel_values": PIXELS.reshape(1, 3, 2, 8)}),
]


@pytest.mark.parametrize(
    ("one", "other"), [case[1:] for case in DIFFERENT], ids=[case[0] for case in DIFFERENT]
)
def test_other_pictures_sounds_and_positions_are_other_inputs(one: Any, other: Any) -> None:
    assert input_hash(one) == input_hash(one)
    assert len({input_hash(one), input_hash(other), None}) == 3


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
