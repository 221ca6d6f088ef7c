"""One pass over the rows of a layer, a block at a time → what they tell: a number per head and row, pictures, codes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from math import e, lcm, log2, prod
from typing import Any

import numpy as np
import torch

from tensorboard_plugin_attn.capturing.calls.masks import HIDDEN_BELOW
from tensorboard_plugin_attn.capturing.calls.pooling import merge_rows, pool, pool_rows
from tensorboard_plugin_attn.capturing.calls.repeats import repeats_of
from tensorboard_plugin_attn.capturing.calls.row_blocks import HIDDEN, RowSource
from tensorboard_plugin_attn.measuring.row_stats import Moved, Questions, RowStats

__all__ = ["Pass"]

TINY = torch.finfo(torch.float32).tiny
LOG2_E = log2(e)
OFFSETS = (-1, 0, 1)
MOST_KEPT = 1 << 18  # cells that layers of one length share


class Pass:
    """What is gathered lies on the source's device until the end.

    A block is ``parts`` ≥ 0 and the ``share`` of each row that makes weights of them: exponentials less the row's
    largest and one over their sum, or weights and 1.
    """

    def __init__(self, source: RowSource, questions: Questions) -> None:
        self.source = source
        self.questions = questions
        self.device = source.device
        heads, queries, keys = source.shape
        self.found: dict[str, torch.Tensor] = {}
        self.moved: dict[str, torch.Tensor] = {}
        self.has_moved = questions.moved and source.value_norm is not None
        self.names, self.columns = self.key_columns()
        self.numbers = self.tensor(questions.numbers)
        self.repeats = repeats_of(questions) if self.device.type == "cpu" else None
        self.pictures = {
            name: torch.zeros(heads, -(-queries // cell[0]), -(-keys // cell[1]), device=self.device)
            for name, cell in (("thumbnail", questions.thumbnail), ("overview", questions.overview))
            if cell is not None
        }
        self.codes = np.zeros(source.shape, np.uint8) if questions.codes else None
        self.rooms = [torch.empty(0)] * 2
        by_mask = ("full", "causal") if source.gives_weights else ("full", "causal", "window")
        is_counted = source.mask.split()[0] not in by_mask
        self.counts = np.zeros(queries, np.int64) if is_counted else None
        self.attended = None if questions.padded is None else np.zeros(keys, bool)
        self.lowest = 0.0

    def space(self, room: int, shape: Sequence[int], **_: Any) -> torch.Tensor:
        """Memory of the block before: what is asked of the system anew takes as long as computing with it."""
        if self.rooms[room].numel() < prod(shape):
            self.rooms[room] = torch.empty(prod(shape), device=self.device)
        return self.rooms[room][: prod(shape)].view(*shape)

    def empty(self) -> torch.Tensor:
        """Room for a number per head and row."""
        return torch.zeros(self.source.shape[:2], device=self.device)

    def put(self, name: str, rows: slice, values: torch.Tensor) -> None:
        """A number of each of a block's rows."""
        self.put_into(self.found, name, rows, values)

    def put_into(self, found: dict[str, torch.Tensor], name: str, rows: slice, values: torch.Tensor) -> None:
        """The same; a block of all rows is what was found."""
        if values.shape == self.source.shape[:2]:
            found[name] = values
            return
        if name not in found:
            found[name] = self.empty()
        found[name][:, rows] = values

    def put_moved(self, name: str, rows: slice, values: torch.Tensor) -> None:
        """The same of weights times the lengths of values."""
        self.put_into(self.moved, name, rows, values)

    def tensor(self, array: Any) -> torch.Tensor | None:
        """An array on the source's device."""
        return None if array is None else torch.as_tensor(array, device=self.device)

    def key_columns(self) -> tuple[dict[str, int], torch.Tensor]:
        """What each key counts in a row's sums, ``[head, column, key]``, and which column is which."""
        heads, _, keys = self.source.shape
        shared = {"one": torch.ones(keys, device=self.device), "place": torch.zeros(keys, device=self.device)}
        special = self.tensor(self.questions.special)
        if special is not None:
            shared["special"] = special.float()
        columns = {name: column.expand(heads, -1) for name, column in shared.items()}
        if self.source.projected is not None:
            columns["expected"], columns["size"] = self.source.projected.sides.unbind(-1)
        if self.has_moved:
            norm = self.source.value_norm
            assert norm is not None
            norm = norm.float().to(self.device)
            columns |= {"norm": norm, "norm_log": torch.xlogy(norm, norm), "norm_place": norm}
            if special is not None:
                columns["norm_special"] = norm * special
        return {name: at for at, name in enumerate(columns)}, torch.stack(list(columns.values()), 1)

    def run(self) -> RowStats:
        """All blocks, then what was found as numpy."""
        for rows in self.source.blocks(self.height()):
            self.take(rows, self.source.read(rows, partial(self.space, 0)))
        known = {each.name for each in fields(RowStats)}
        found: dict[str, Any] = {
            name: each.cpu().numpy() for name, each in self.found.items() if name in known
        }
        found |= {name: np.nan_to_num(each.cpu().numpy()) for name, each in self.pictures.items()}
        budget_of, score = self.source.budget_of, found.get("score")
        largest = 1.0 if score is None else float(np.abs(score[score > HIDDEN_BELOW]).max(initial=0.0))
        return RowStats(
            **found,
            offsets={by: self.found[f"offset {by}"].cpu().numpy() for by in OFFSETS},
            codes=self.codes,
            budget=0.0 if budget_of is None else budget_of(largest),
            counts=self.counts,
            attended=self.attended,
            lowest=self.lowest,
            moved=Moved(**{name: each.cpu().numpy() for name, each in self.moved.items()})
            if self.moved
            else None,
        )

    def height(self) -> int:
        """How many rows a cell of every picture has a multiple of."""
        cells = [each[0] for each in (self.questions.overview, self.questions.thumbnail) if each is not None]
        return lcm(*cells)

    def take(self, rows: slice, block: torch.Tensor) -> None:
        """One block; from here on rows are made weights only where single numbers are left."""
        if self.source.gives_weights:
            parts, top, share = block, block.amax(-1), None
            self.lowest = min(self.lowest, float(block.amin()))
            logs = parts.clamp(min=TINY).log_()
            scores = self.source.row_scores(rows, block)
            if scores is not None:
                self.put("score", rows, scores)
            sums = self.sums(rows, parts)
            kept = sums[:, 0]
        else:
            logs, top, beside = self.below_top(rows, block)
            parts = torch.mul(logs, LOG2_E, out=self.space(1, logs.shape))
            parts = parts.exp2_()  # exp takes twice as long, and 40 times where it underflows
            sums = self.sums(rows, parts)
            kept = sums[:, 0]
            total = kept if beside is None else kept + beside
            share = torch.where(total == 0, 0.0, 1 / total)
            if beside is not None:
                self.put("sink", rows, beside * share)
            self.put("lse", rows, self.found["shift"][:, rows] + total.log())
        weight = torch.ones_like(kept) if share is None else share
        inverse = self.take_entropy(rows, logs.mul_(parts), sums, weight)
        self.put("largest", rows, top * weight)
        self.put("total", rows, kept * weight)
        self.put("first", rows, parts[..., 0] * weight)
        if "special" in self.names:
            self.put("special", rows, sums[:, self.names["special"]] * weight)
        holds = self.take_reach(rows, parts)
        self.take_places(rows, parts, weight, sums, holds=holds)
        if inverse is not None:
            self.take_moved(rows, parts, sums, inverse, holds=holds)
        if self.source.projected is not None:
            self.compare(rows, sums, weight)
        if self.pictures:
            self.take_pictures(rows, parts if share is None else torch.mul(parts, share[..., None], out=logs))
        if self.codes is not None:
            self.take_codes(rows, parts, top, unused=logs)

    def below_top(
        self, rows: slice, scores: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """Scores less the row's largest, the largest exponential, and that of a sink."""
        score = scores.amax(-1)
        self.put("score", rows, score)
        sinks = self.source.sinks
        shift = score if sinks is None else torch.maximum(score, sinks.float()[:, None])
        shift = torch.where(shift <= HIDDEN / 2, 0.0, shift)  # a row that sees no key
        self.put("shift", rows, shift)
        beside = None if sinks is None else (sinks.float()[:, None] - shift).exp()
        return scores.sub_(shift[..., None]), (score - shift).exp(), beside

    def sums(self, rows: slice, parts: torch.Tensor) -> torch.Tensor:
        """Each row's sums over its keys, ``[head, column, row]``; places counted from the block's first row, for the sake of rounding."""
        stop = parts.shape[2]
        place = torch.arange(stop, device=self.device, dtype=torch.float32) - self.origin(rows)
        self.columns[:, self.names["place"], :stop] = place
        if self.has_moved:
            self.columns[:, self.names["norm_place"], :stop] = (
                self.columns[:, self.names["norm"], :stop] * place
            )
        return torch.bmm(self.columns[:, :, :stop], parts.transpose(1, 2))

    def origin(self, rows: slice) -> int:
        """Where the block's first row stands among the keys."""
        _, queries, keys = self.source.shape
        return int(rows.start) + max(keys - queries, 0)

    def take_entropy(
        self, rows: slice, dots: torch.Tensor, sums: torch.Tensor, weight: torch.Tensor
    ) -> torch.Tensor | None:
        """Σ A ln A of weights, and of weights times the lengths of values; ``dots``: parts · ln parts.

        Returns one over the sums of the latter, None where they are not asked for.
        """
        kept, log = sums[:, 0], weight.log().masked_fill_(weight == 0, 0.0)
        if not self.has_moved:
            self.put("negentropy", rows, dots.sum(-1) * weight + weight * log * kept)
            return None
        both = self.columns[:, [self.names["one"], self.names["norm"]], : dots.shape[2]]
        plain, moved = torch.bmm(dots, both.transpose(1, 2)).unbind(-1)
        self.put("negentropy", rows, plain * weight + weight * log * kept)
        norm = sums[:, self.names["norm"]]
        inverse = torch.where(norm == 0, 0.0, 1 / norm)
        log = inverse.log().masked_fill_(inverse == 0, 0.0)
        moved = (moved + sums[:, self.names["norm_log"]]) * inverse + log * (norm * inverse)
        self.put_moved("negentropy", rows, moved)
        self.put_moved("total", rows, norm * inverse)
        if "norm_special" in self.names:
            self.put_moved("special", rows, sums[:, self.names["norm_special"]] * inverse)
        return inverse

    def take_reach(self, rows: slice, parts: torch.Tensor) -> bool:
        """How many keys each row sees, where its mask does not tell; whether no weight lies where the mask hides."""
        if self.counts is None and not self.source.gives_weights:
            return True
        reach = parts.amax(0) > 0
        if self.counts is not None:
            self.counts[rows] = reach.sum(-1).cpu().numpy()
        if self.attended is not None:
            plain = self.tensor(self.questions.plain_rows(rows))
            self.attended[: reach.shape[1]] |= reach[plain].any(0).cpu().numpy()
        hidden = self.hidden(rows, parts.shape[2]) if self.source.gives_weights else None
        if hidden is None or not bool((reach & hidden).any()):
            return True
        self.put("masked", rows, (parts * hidden).sum(-1))
        return False

    def hidden(self, rows: slice, keys: int) -> torch.Tensor | None:
        """``[row, key]`` or ``[head, row, key]``: keys that the mask hides, or that are padding; None: there are none."""
        _, queries, every = self.source.shape
        found, padded = None, self.tensor(self.questions.padded)
        own = torch.arange(rows.start, rows.stop, device=self.device)[:, None] + max(0, every - queries)
        at = torch.arange(keys, device=self.device)
        window = re.fullmatch(r"window (\d+)", self.source.mask)
        if window or self.source.mask == "causal":
            found = at > own
            found = found if window is None else found | (at <= own - int(window[1]))
        elif self.questions.hidden is not None:
            found = self.tensor(self.questions.hidden(rows))
        if padded is not None:
            found = padded.expand(len(own), -1) if found is None else found | padded
        return found

    def take_places(
        self, rows: slice, parts: torch.Tensor, weight: torch.Tensor, sums: torch.Tensor, *, holds: bool
    ) -> None:
        """Distances, neighbours, and masses on tokens that came before; ``holds``: no weight lies where the mask hides."""
        stop, origin = parts.shape[2], self.origin(rows)
        own = torch.arange(rows.stop - rows.start, device=self.device)
        place = sums[:, self.names["place"]]
        self.put("place", rows, (place + origin * sums[:, 0]) * weight)
        for by in OFFSETS:
            self.put(f"offset {by}", rows, diagonal(parts, origin + by) * weight)
        looks_back = holds and self.source.mask not in ("full", "other")
        if looks_back:
            self.put("distance", rows, (own * sums[:, 0] - place) * weight)
        repeats = self.repeats
        if repeats is not None:
            for name, each in zip(("earlier", "after"), repeats.masses(rows, parts), strict=True):
                self.put(name, rows, each * weight)
        names, cells = self.cells(rows, stop, distance=not looks_back)
        if names:
            found = torch.bmm(
                parts.transpose(0, 1), cells
            )  # of all heads of a row together, [row, head, cell]
            for name, each in zip(names, found.unbind(-1), strict=True):
                self.put(name, rows, each.T * weight)

    def take_moved(
        self, rows: slice, parts: torch.Tensor, sums: torch.Tensor, inverse: torch.Tensor, *, holds: bool
    ) -> None:
        """First key and distance of weights times the lengths of values."""
        stop = parts.shape[2]
        norm = self.columns[:, self.names["norm"], :stop]
        self.put_moved("first", rows, parts[..., 0] * norm[:, :1] * inverse)
        if holds and self.source.mask not in ("full", "other"):
            own = torch.arange(rows.stop - rows.start, device=self.device)
            total, place = (sums[:, self.names[name]] for name in ("norm", "norm_place"))
            self.put_moved("distance", rows, (own * total - place) * inverse)
        else:
            _, cells = self.cells(rows, stop, distance=True)
            found = torch.bmm((parts * norm[:, None]).transpose(0, 1), cells[..., :1])[..., 0]
            self.put_moved("distance", rows, found.T * inverse)

    def cells(self, rows: slice, keys: int, *, distance: bool) -> tuple[list[str], torch.Tensor]:
        """What the cells of rows count in sums that are no sums over keys alone, ``[row, key, what]``."""
        at = (rows.start, rows.stop, keys, distance, self.source.shape[1:], self.device)
        known = self.questions.kept.get(at)
        if known is None:
            known = self.new_cells(rows, keys, distance=distance)
            if (rows.stop - rows.start) * keys <= MOST_KEPT and rows == slice(0, self.source.shape[1]):
                self.questions.kept[at] = known
        return known

    def new_cells(self, rows: slice, keys: int, *, distance: bool) -> tuple[list[str], torch.Tensor]:
        """The same, not seen before."""
        own = torch.arange(rows.start, rows.stop, device=self.device)[:, None]
        origin = own + max(0, self.source.shape[2] - self.source.shape[1])
        at = torch.arange(keys, device=self.device)
        names, cells = [], []
        if distance:
            names, cells = ["distance"], [(origin - at).abs().float()]
        if self.numbers is not None and self.repeats is None:
            again = self.numbers[rows, None] == self.numbers[None, :keys]
            again &= at < own
            if bool(again.any()):
                after = torch.zeros_like(again)
                after[:, 1:] = again[:, :-1]
                names, cells = [*names, "earlier", "after"], [*cells, again.float(), after.float()]
            else:
                for name in ("earlier", "after"):
                    self.found.setdefault(name, self.empty())
        return names, torch.stack(cells).permute(1, 2, 0) if cells else own

    def compare(self, rows: slice, sums: torch.Tensor, weight: torch.Tensor) -> None:
        """How far weights · values are from the output."""
        projected = self.source.projected
        assert projected is not None
        if not projected.has_sink:
            weight = torch.where(sums[:, 0] == 0, 0.0, 1 / sums[:, 0])
        expected, size = (sums[:, self.names[name]] * weight for name in ("expected", "size"))
        self.put("error", rows, projected.errors(rows, expected, size))

    def take_pictures(self, rows: slice, weights: torch.Tensor) -> None:
        """The largest weight of each cell; a coarser picture is made of the finer one where its cells fit."""
        questions, known, fine = self.questions, weights, (1, 1)
        for name, cell in (("overview", questions.overview), ("thumbnail", questions.thumbnail)):
            if cell is None:
                continue
            if any(large % small for large, small in zip(cell, fine, strict=True)):
                known, fine = weights, (1, 1)
            height, width = cell[0] // fine[0], cell[1] // fine[1]
            at = slice(rows.start // fine[0], -(-rows.stop // fine[0]))
            picture = self.pictures[name]
            if rows.start % cell[0] == 0 and (rows.stop % cell[0] == 0 or rows.stop == self.source.shape[1]):
                known, fine = pool(pool_rows(known, height), width), cell
                first = rows.start // cell[0]
                picture[:, first : first + known.shape[1], : known.shape[2]] = known
            else:
                merge_rows(picture, known, at, height, width)

    def take_codes(
        self, rows: slice, parts: torch.Tensor, top: torch.Tensor, *, unused: torch.Tensor
    ) -> None:
        """``255 · √(weight / row_max)``, rounded; ``unused``: memory of the size of ``parts``."""
        kept = self.questions.code_rows
        at: Any = rows
        if kept is not None:
            at = kept[(kept >= rows.start) & (kept < rows.stop)]
            chosen = torch.from_numpy(at - rows.start).to(self.device)
            parts, top, unused = parts[:, chosen], top[:, chosen], unused[:, : len(chosen)]
        factor = torch.where(top > 0, 65025 / top, 0.0)
        codes = torch.mul(parts, factor[..., None], out=unused).sqrt_().add_(0.5)
        if bool(top.isnan().any()):
            codes.nan_to_num_(0.0)
        if self.device.type != "cpu":
            codes = codes.to(torch.uint8).cpu()
        assert self.codes is not None
        self.codes[:, at, : parts.shape[2]] = codes.numpy()


def diagonal(parts: torch.Tensor, offset: int) -> torch.Tensor:
    """``parts[:, i, i + offset]``, 0 where there is no such key."""
    heads, rows, keys = parts.shape
    first, stop = max(0, -offset), min(rows, keys - offset)
    if stop <= first:
        return parts.new_zeros(heads, rows)
    inside = parts[:, first:stop, first + offset : stop + offset].diagonal(dim1=1, dim2=2)
    if stop - first == rows:
        return inside
    return torch.nn.functional.pad(inside, (first, rows - stop))
