"""Train a small vision transformer to read one of three digits: its CLS token comes to look at the asked-for one.

Three handwritten digits, red, green and blue, lie somewhere on a canvas, and the patch in the top left corner has the
colour of the one to be read. Nothing but the loss on the digit's class says where to look. The three probes are
one and the same canvas, with another corner.

    python demo/digits.py
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter
from transformers import ViTConfig, ViTForImageClassification

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, ImageTokens
from tensorboard_plugin_attn.demonstrating.options import parser
from tensorboard_plugin_attn.demonstrating.story import Floor, begin, finish, scalars, train

PATCH = 8
ROWS, COLS = 6, 8
SIDE = 2  # patches of a digit
COLOURS = {"red": (1.0, 0.25, 0.2), "green": (0.2, 0.9, 0.3), "blue": (0.3, 0.45, 1.0)}
HELD_OUT = 200
RUN = "digits"
WARM_UP = 100
Digits = tuple[NDArray[np.float32], NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Canvas:
    """A picture ``[height, width, 3]`` from 0 to 1, and by colour the class and the corner (row, column) of its digit."""

    picture: NDArray[np.float32]
    classes: list[int]
    corners: list[tuple[int, int]]

    def asking(self, colour: int) -> NDArray[np.float32]:
        """The picture with the colour of the digit to be read in the corner."""
        asked = self.picture.copy()
        asked[:PATCH, :PATCH] = list(COLOURS.values())[colour]
        return asked

    def patches(self, colour: int) -> list[int]:
        """The positions of a digit's patches in the model, the CLS token being the first."""
        row, col = self.corners[colour]
        return [1 + (row + down) * COLS + col + right for down in range(SIDE) for right in range(SIDE)]


def load_digits() -> Digits:
    """The 1,797 handwritten digits that scikit-learn ships, from 0 to 1, each 16 × 16 pixels, and their classes."""
    if importlib.util.find_spec("sklearn") is None:
        raise SystemExit("the handwritten digits come with scikit-learn: pip install scikit-learn")
    from sklearn import datasets

    found = datasets.load_digits()
    images = np.float32(found.images / 16).repeat(SIDE * PATCH // 8, 1).repeat(SIDE * PATCH // 8, 2)
    return images, found.target.astype(np.int64)


def scatter(digits: Digits, among: range, rng: np.random.Generator) -> Canvas:
    """One digit of each colour in places that do not overlap, none in the corner."""
    images, classes = digits
    picture = np.zeros((ROWS * PATCH, COLS * PATCH, 3), np.float32)
    cells = [(row, col) for row in range(0, ROWS, SIDE) for col in range(0, COLS, SIDE)][1:]
    corners = [cells[at] for at in rng.choice(len(cells), len(COLOURS), replace=False)]
    chosen = rng.integers(among.start, among.stop, len(COLOURS))
    for (row, col), number, colour in zip(corners, chosen, COLOURS.values(), strict=True):
        at = np.s_[row * PATCH : (row + SIDE) * PATCH, col * PATCH : (col + SIDE) * PATCH]
        picture[at] = images[number][..., None] * np.float32(colour)
    return Canvas(picture, classes[chosen].tolist(), corners)


def as_pixels(pictures: list[NDArray[np.float32]]) -> Tensor:
    """Pictures from 0 to 1 → what the model reads, ``[picture, 3, height, width]`` from −1 to 1."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2) * 2 - 1


def random_batch(
    digits: Digits, among: range, rng: np.random.Generator, size: int = 32
) -> tuple[Tensor, Tensor]:
    """Canvases, each asking for one of its digits, and the classes of those."""
    canvases = [scatter(digits, among, rng) for _ in range(size)]
    asked = rng.integers(0, len(COLOURS), size)
    pixels = as_pixels([each.asking(colour) for each, colour in zip(canvases, asked, strict=True)])
    return pixels, torch.tensor([each.classes[colour] for each, colour in zip(canvases, asked, strict=True)])


def small_vit() -> ViTForImageClassification:
    """A ViT of three layers with four heads, for canvases that are no squares."""
    return ViTForImageClassification(
        ViTConfig(
            hidden_size=64,
            num_hidden_layers=3,
            num_attention_heads=4,
            intermediate_size=128,
            image_size=(ROWS * PATCH, COLS * PATCH),
            patch_size=PATCH,
            num_labels=10,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            initializer_range=0.1,  # from 0.02 nothing is learnt in a few minutes
        )
    )


def training_losses(
    model: ViTForImageClassification, digits: Digits, steps: int, seed: int
) -> Iterator[float]:
    """Train, one step each time the next loss is asked for."""
    rng = np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / WARM_UP, 2 * (steps - step) / steps)
    )
    for _ in range(steps):
        pixels, classes = random_batch(digits, range(HELD_OUT, len(digits[1])), rng)
        loss = nn.functional.cross_entropy(model(pixel_values=pixels).logits, classes)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        yield loss.item()


def right(model: ViTForImageClassification, batch: tuple[Tensor, Tensor]) -> float:
    """The share of digits that are read right."""
    with torch.no_grad():
        likeliest = model(pixel_values=batch[0]).logits.argmax(-1)
    return (likeliest == batch[1]).float().mean().item()


def the_canvas(digits: Digits, seed: int) -> Canvas:
    """The one that the probes show: three different digits that no training saw."""
    rng = np.random.default_rng(10_000 + seed)
    while True:
        canvas = scatter(digits, range(HELD_OUT), rng)
        if len(set(canvas.classes)) == len(COLOURS):
            return canvas


def log_run(options: argparse.Namespace, digits: Digits) -> None:
    """Train once; log the loss, the share read right, and the attention on one canvas with three corners."""
    torch.manual_seed(options.seed)
    model = small_vit()
    pictures = {
        f"asked/{name}": the_canvas(digits, options.seed).asking(at) for at, name in enumerate(COLOURS)
    }
    held_out = random_batch(digits, range(HELD_OUT), np.random.default_rng(20_000), 256)

    def log(events: SummaryWriter, writer: AttentionWriter, step: int) -> str:
        for tag, picture in pictures.items():
            inputs = {"pixel_values": as_pixels([picture])}
            writer.add_probe(tag, model, inputs, ImageTokens(picture), step)
        share = right(model, held_out)
        events.add_scalar("right", share, step)
        return f"read right {share:.2f}"

    losses = training_losses(model, digits, options.steps, options.seed)
    train(RUN, options, losses, log, times=30)


def cls_masses(reader: AttentionReader, canvas: Canvas, step: int) -> NDArray[Any]:
    """``[asked, looked at, head]``: what CLS of the last layer gives each digit's patches, under each question."""
    records = [reader.read(RUN, f"asked/{name}", step) for name in COLOURS]
    rows = np.stack([record.layers[-1].weights[:, 0] for record in records])
    return np.stack([rows[:, :, canvas.patches(colour)].sum(-1) for colour in range(len(COLOURS))], axis=1)


def own_and_other(masses: NDArray[Any]) -> tuple[float, float]:
    """The best head's mass on the asked-for digit, and the same head's on each of the others; means of all questions."""
    own = np.einsum("aah->h", masses) / len(masses)
    others = (masses.sum((0, 1)) - own * len(masses)) / (len(masses) * (len(masses) - 1))
    best = int((own - others).argmax())
    return float(own[best]), float(others[best])


def main(arguments: list[str] | None = None) -> int:
    """Run the story. Returns 0 if all floors hold, else 1."""
    options = parser(__doc__ or "", steps=1500, logdir="runs/digits").parse_args(arguments)
    digits = load_digits()
    begin(options)
    torch.set_num_threads(1)
    log_run(options, digits)
    reader = AttentionReader(options.logdir)
    canvas = the_canvas(digits, options.seed)
    last = reader.steps(RUN, "asked/red")[-1]
    before, _ = own_and_other(cls_masses(reader, canvas, 0))
    own, other = own_and_other(cls_masses(reader, canvas, last))
    floors = [
        Floor("CLS's mass on the asked-for digit at step 0", before, at_most=0.15),
        Floor(f"the same at step {last}", own, at_least=0.5),
        Floor("CLS's mass on a digit not asked for", other, at_most=0.1),
        Floor("share of digits read right", scalars(options.logdir, RUN, "right")[last], at_least=0.7),
    ]
    return finish(floors, options, run=RUN, tag="asked/red", metric="cls_to_image", view="model")


if __name__ == "__main__":
    sys.exit(main())
