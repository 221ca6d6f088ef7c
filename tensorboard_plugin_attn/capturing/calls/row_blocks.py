"""Query, key and mask of one call → its weights in blocks of rows that are never all there at once, and what they tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from tensorboard_plugin_attn.capturing.calls.masks import HIDDEN_BELOW
from tensorboard_plugin_attn.measuring.row_stats import Questions, RowStats

__all__ = ["BLOCK_BYTES", "LayerBlocks", "Projected", "mask_name"]

BLOCK_BYTES = 16 << 20  # of scores at a time
HIDDEN = -1e30  # finite, so that 0 · score is 0


@dataclass(frozen=True)
class Projected:
    """What the kernel's output is compared with: ``sides`` ``[head, key, 2]``, values · r and their lengths;
    ``returned`` ``[head, query]``, the output · r; ``floor``: the output type's smallest number."""

    sides: torch.Tensor
    returned: torch.Tensor
    floor: float

    def errors(self, rows: slice, expected: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
        """As ``checking.row_errors``, of some rows."""
        returned = self.returned[:, rows]
        error = (expected - returned).abs() / (size + self.floor)
        error = torch.where(returned.isnan() & ~expected.isnan(), torch.inf, error)
        return error.masked_fill(expected.isnan(), 0.0)


@dataclass(eq=False)
class LayerBlocks:
    """The rows of one layer of one input: ``softmax(q · k · scale)`` under a mask of a known kind.

    ``query`` ``[head, query, d]``, ``key`` ``[kv_head, key, d]`` in the model's own type and on its device; ``mask``:
    ``"full"``, ``"causal"`` or ``"window <n>"``. ``keeps_vectors``: query and key were asked for.
    """

    query: torch.Tensor
    key: torch.Tensor
    scale: float
    mask: str
    projected: Projected | None = None
    budget_of: Any = None  # largest score → how large an error may be by rounding
    keeps_vectors: bool = False
    block_bytes: int = BLOCK_BYTES
    rows_at_once: int | None = None
    stats: RowStats | None = field(default=None, repr=False)
    told: list[LayerBlocks] = field(default_factory=list, repr=False)  # itself, once measured

    @property
    def shape(self) -> tuple[int, int, int]:
        """``[head, query, key]``."""
        return self.query.shape[0], self.query.shape[1], self.key.shape[1]

    def of_heads(self, numbers: Sequence[int]) -> LayerBlocks:
        """Some of the heads."""
        groups = self.query.shape[0] // self.key.shape[0]
        sides = self.projected
        if sides is not None:
            sides = replace(sides, sides=sides.sides[numbers], returned=sides.returned[numbers])
        return replace(
            self,
            query=self.query[numbers],
            key=self.key[[head // groups for head in numbers]],
            projected=sides,
            stats=None,
        )

    def blocks(self) -> Iterator[tuple[slice, torch.Tensor]]:
        """Rows and their scores float32 ``[head, row, key]``, keys up to the last that any of them sees."""
        heads, queries, keys = self.shape
        start = 0
        while start < queries:
            seen = keys if self.mask == "full" else max(1, start + 1 + keys - queries)
            rows = self.rows_at_once or max(1, self.block_bytes // (4 * heads * seen))
            if self.mask != "full" and self.rows_at_once is None:  # the block's last row sees more keys
                seen = min(keys, seen + rows)
                rows = max(1, self.block_bytes // (4 * heads * seen))
            stop = min(start + rows, queries)
            yield slice(start, stop), self.scores(slice(start, stop))
            start = stop

    def scores(self, rows: slice) -> torch.Tensor:
        """Scores of some rows, hidden keys far below all others."""
        heads, queries, keys = self.shape
        behind = keys - queries
        stop = keys if self.mask == "full" else max(1, min(keys, rows.stop + behind))
        kv_heads, width = self.key.shape[0], self.key.shape[2]
        query = self.query[:, rows].float().reshape(kv_heads, -1, width)
        key = self.key[:, :stop].float().transpose(1, 2)
        scores = torch.bmm(query, key).mul_(self.scale).view(heads, -1, stop)
        if self.mask != "full":
            self.hide(scores, rows, behind)
        return scores

    def hide(self, scores: torch.Tensor, rows: slice, behind: int) -> None:
        """Scores of keys behind a row's own, or before its window."""
        stop = scores.shape[2]
        own = torch.arange(rows.start, rows.stop, device=scores.device)[:, None] + behind
        first = max(0, rows.start + behind)
        at = torch.arange(first, stop, device=scores.device)
        scores[..., first:].masked_fill_(at > own, HIDDEN)
        window = re.fullmatch(r"window (\d+)", self.mask)
        if window:
            until = max(0, rows.stop + behind - int(window[1]))
            at = torch.arange(until, device=scores.device)
            scores[..., :until].masked_fill_(at <= own - int(window[1]), HIDDEN)

    def rows(self, row: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        """One row's weights, float32 ``[head, 1, key]``."""
        weights = np.zeros((self.shape[0], 1, self.shape[2]), np.float32)
        with torch.no_grad(), torch.autocast(self.query.device.type, enabled=False):
            scores = self.scores(slice(row, row + 1))
            weights[..., : scores.shape[2]] = scores.softmax(-1).cpu().numpy()
        return weights

    def whole(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """All weights, float32 ``[head, query, key]``; only for who has asked how large they are."""
        weights = np.zeros(self.shape, np.float32)
        with torch.no_grad(), torch.autocast(self.query.device.type, enabled=False):
            for rows, scores in self.blocks():
                weights[:, rows, : scores.shape[2]] = scores.softmax(-1).cpu().numpy()
        return weights

    def measure(self, questions: Questions) -> RowStats:
        """One pass over all rows."""
        with torch.no_grad(), torch.autocast(self.query.device.type, enabled=False):
            self.stats = Pass(self, questions).run()
        self.told.append(self)
        return self.stats


class Pass:
    """One pass over the rows of a layer; what it gathers lies on the layer's device until the end."""

    def __init__(self, layer: LayerBlocks, questions: Questions) -> None:
        self.layer = layer
        self.questions = questions
        self.device = layer.query.device
        heads, queries, keys = layer.shape
        names = ("largest", "negentropy", "total", "distance", "place", "first", "score", "lse")
        self.found = {name: self.empty() for name in names}
        self.offsets = {by: self.empty() for by in (-1, 0, 1)}
        self.columns = self.key_columns()
        for name, known in (
            ("special", questions.special is not None),
            ("error", layer.projected is not None),
            ("earlier", questions.numbers is not None),
            ("after", questions.numbers is not None),
        ):
            if known:
                self.found[name] = self.empty()
        self.numbers = self.tensor(questions.numbers)
        self.pictures = {
            name: torch.zeros(heads, -(-queries // cell[0]), -(-keys // cell[1]), device=self.device)
            for name, cell in (("thumbnail", questions.thumbnail), ("overview", questions.overview))
            if cell is not None
        }
        self.codes = np.zeros(layer.shape, np.uint8) if questions.codes else None

    def empty(self) -> torch.Tensor:
        """Room for a number per head and row."""
        return torch.zeros(self.layer.shape[:2], device=self.device)

    def tensor(self, array: Any) -> torch.Tensor | None:
        """An array on the layer's device."""
        return None if array is None else torch.as_tensor(array, device=self.device)

    def key_columns(self) -> torch.Tensor:
        """What each key counts in a row's sums, ``[head, column, key]``: 1, its place, special, sides of the output."""
        heads, _, keys = self.layer.shape
        shared = [torch.ones(keys, device=self.device), torch.zeros(keys, device=self.device)]
        if self.questions.special is not None:
            special = self.tensor(self.questions.special)
            assert special is not None
            shared.append(special.float())
        columns = torch.stack(shared).expand(heads, -1, -1)
        if self.layer.projected is not None:
            columns = torch.cat([columns, self.layer.projected.sides.transpose(1, 2)], 1)
        return columns.clone()

    def run(self) -> RowStats:
        """All blocks, then what was found as numpy."""
        for rows, scores in self.layer.blocks():
            self.take(rows, scores)
        found: dict[str, Any] = {name: each.cpu().numpy() for name, each in self.found.items()}
        for name in ("special", "earlier", "after", "error"):
            found.setdefault(name, None)
        pictures = {name: each.cpu().numpy() for name, each in self.pictures.items()}
        budget_of = self.layer.budget_of
        return RowStats(
            **found,
            **pictures,
            offsets={by: each.cpu().numpy() for by, each in self.offsets.items()},
            codes=self.codes,
            budget=0.0 if budget_of is None else budget_of(float(np.abs(found["score"]).max())),
        )

    def take(self, rows: slice, scores: torch.Tensor) -> None:
        """One block; from here on rows are divided by their sum only where single numbers are left."""
        score = scores.amax(-1)
        scores -= score[..., None]
        parts = scores.exp()
        sums = self.sums(rows, parts)
        total = sums[:, 0]
        share = 1 / total
        found = self.found
        found["score"][:, rows] = score
        found["lse"][:, rows] = score + total.log()
        found["largest"][:, rows] = share
        found["total"][:, rows] = total * share
        dots = scores.mul_(parts).sum(-1)
        found["negentropy"][:, rows] = dots * share - total.log()
        found["first"][:, rows] = parts[..., 0] * share
        self.take_places(rows, parts, sums, share, unused=scores)
        if self.questions.special is not None:
            found["special"][:, rows] = sums[:, 2] * share
        if self.layer.projected is not None:
            expected, size = sums[:, -2] * share, sums[:, -1] * share
            found["error"][:, rows] = self.layer.projected.errors(rows, expected, size)
        self.take_pictures(rows, parts, share)
        if self.codes is not None:
            codes = parts.sqrt_().mul_(255).add_(0.5).nan_to_num_(0.0).to(torch.uint8)
            self.codes[:, rows, : parts.shape[2]] = codes.cpu().numpy()

    def sums(self, rows: slice, parts: torch.Tensor) -> torch.Tensor:
        """Each row's sums over its keys, ``[head, column, row]``; places counted from the block's first row, for the sake of rounding."""
        stop = parts.shape[2]
        origin = self.origin(rows)
        self.columns[:, 1, :stop] = torch.arange(stop, device=self.device, dtype=torch.float32) - origin
        return torch.bmm(self.columns[:, :, :stop], parts.transpose(1, 2))

    def origin(self, rows: slice) -> int:
        """Where the block's first row stands among the keys."""
        _, queries, keys = self.layer.shape
        return int(rows.start) + max(keys - queries, 0)

    def take_places(
        self,
        rows: slice,
        parts: torch.Tensor,
        sums: torch.Tensor,
        share: torch.Tensor,
        *,
        unused: torch.Tensor,
    ) -> None:
        """Distances, neighbours, and masses on tokens that came before; ``unused``: memory of the size of ``parts``."""
        stop, origin = parts.shape[2], self.origin(rows)
        count = rows.stop - rows.start
        own = torch.arange(count, device=self.device)
        place = sums[:, 1] * share
        self.found["place"][:, rows] = place + origin
        for by, found in self.offsets.items():
            keys = own + origin + by
            inside = (keys >= 0) & (keys < stop)
            picked = parts[:, own, keys.clamp(0, stop - 1)] * share
            found[:, rows] = torch.where(inside, picked, 0.0)
        at = torch.arange(stop, device=self.device)
        wanted = []
        if self.layer.mask == "full":
            wanted.append(("distance", (own[:, None] + origin - at).abs().float()))
        else:
            self.found["distance"][:, rows] = own - place
        if self.numbers is not None:
            again = self.numbers[rows, None] == self.numbers[None, :stop]
            again &= at < own[:, None] + origin
            if bool(again.any()):
                after = torch.zeros_like(again)
                after[:, 1:] = again[:, :-1]
                wanted += [("earlier", again.float()), ("after", after.float())]
        for name, cells in wanted:
            self.found[name][:, rows] = torch.mul(parts, cells, out=unused).sum(-1) * share

    def take_pictures(self, rows: slice, parts: torch.Tensor, share: torch.Tensor) -> None:
        """The largest weight of each cell; a coarser picture is made of the finer one where its cells fit."""
        questions, known = self.questions, None
        for name, cell in (("overview", questions.overview), ("thumbnail", questions.thumbnail)):
            if cell is None:
                continue
            width = cell[1]
            fits = known is not None and width % known[0] == 0
            pooled = pool(known[1], width // known[0]) if known and fits else pool(parts, width)
            known = (width, pooled)
            merge_rows(self.pictures[name], torch.nan_to_num(pooled * share[..., None]), rows, cell[0])


def merge_rows(picture: torch.Tensor, pooled: torch.Tensor, rows: slice, height: int) -> None:
    """Take rows ``[head, row, cell]`` into a picture whose cells are so many rows high."""
    part = picture[:, :, : pooled.shape[2]]
    for cell in range(rows.start // height, (rows.stop - 1) // height + 1):
        first = max(cell * height, rows.start) - rows.start
        inside = pooled[:, first : (cell + 1) * height - rows.start]
        torch.maximum(part[:, cell], inside.amax(1), out=part[:, cell])


def pool(rows: torch.Tensor, width: int) -> torch.Tensor:
    """The maximum of each ``width`` neighbours along the last axis."""
    if width == 1:
        return rows
    whole = rows.shape[-1] // width * width
    parts = [rows[..., :whole].reshape(*rows.shape[:-1], -1, width).amax(-1)] if whole else []
    parts += [rows[..., whole:].amax(-1, keepdim=True)] if whole < rows.shape[-1] else []
    return parts[0] if len(parts) == 1 else torch.cat(parts, -1)


def mask_name(mask: torch.Tensor, rows_at_once: int = 512) -> str | None:
    """``full``, ``causal`` or ``window <n>`` of a mask ``[query, key]``, read some rows at a time; None: another."""
    queries, keys = mask.shape
    if queries > keys or not queries:
        return None
    hidden = ~mask[-1] if mask.dtype == torch.bool else mask[-1] <= HIDDEN_BELOW
    width = keys - int(hidden.sum())
    names = {"full": queries + keys, "causal": keys}
    possible = {"full", "causal", f"window {width}"} if width < keys else {"full", "causal"}
    for start in range(0, queries, rows_at_once):
        rows = mask[start : start + rows_at_once]
        seen = rows if rows.dtype == torch.bool else rows > HIDDEN_BELOW
        if rows.dtype != torch.bool and bool(rows.masked_fill(~seen, 0.0).any()):
            return None
        own = torch.arange(start, start + len(rows), device=mask.device)[:, None] + keys - queries
        at = torch.arange(keys, device=mask.device)
        for name in list(possible):
            expected = (
                torch.ones_like(seen) if name == "full" else (at <= own) & (at > own - names.get(name, width))
            )
            if not torch.equal(seen, expected):
                possible.discard(name)
    return next((name for name in ("full", "causal") if name in possible), next(iter(possible), None))
