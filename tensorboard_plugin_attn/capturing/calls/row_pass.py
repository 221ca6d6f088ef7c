"""One pass over the rows of a layer, a block at a time → what they tell: a number per head and row, pictures, codes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from math import e, lcm, log2, prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tensorboard_plugin_attn.capturing.calls.coding import Notes, codes_at, per_code, put_codes
from tensorboard_plugin_attn.capturing.calls.masks import HIDDEN, HIDDEN_BELOW
from tensorboard_plugin_attn.capturing.calls.pooling import merge_rows, pool, pool_rows
from tensorboard_plugin_attn.capturing.calls.repeats import Picks, repeats_of
from tensorboard_plugin_attn.measuring.row_stats import Moved, Questions, RowStats

if TYPE_CHECKING:
    from tensorboard_plugin_attn.capturing.calls.row_blocks import RowSource

__all__ = ["Pass"]

LOG2_E = log2(e)
TINY = torch.finfo(torch.float32).tiny
OFFSETS = (-1, 0, 1)
OFFSET_NAMES = tuple(f"offset {by}" for by in OFFSETS)
MOST_KEPT = 1 << 18  # cells that layers of one length share
LARGEST_CODE = 255


class Pass:
    """What is gathered lies on the source's device until the end.

    A block is ``parts`` ≥ 0 and the ``share`` of each row that makes weights of them: exponentials less the row's
    largest and one over their sum, or weights and 1; where codes are made, the exponentials' roots times 255 are these.
    Of each row its sums are kept; what they tell is worked out for all rows at once.
    """

    def __init__(self, source: RowSource, questions: Questions) -> None:
        self.source = source
        self.questions = questions
        self.device = source.device
        self.one = torch.ones((), device=self.device)
        self.shape = heads, queries, keys = source.shape
        self.raw: dict[str, torch.Tensor] = {}
        self.found: dict[str, torch.Tensor] = {}
        self.moved: dict[str, torch.Tensor] = {}
        self.has_moved = questions.moved and source.value_norm is not None
        self.names, self.columns = self.key_columns()
        self.at = torch.arange(keys, device=self.device, dtype=torch.float32)
        self.starts: list[tuple[int, int]] = []  # of blocks: the first row, and how many
        self.by_cells = torch.zeros(queries, dtype=torch.bool, device="cpu")
        self.numbers = self.tensor(questions.numbers)
        self.repeats = repeats_of(questions) if self.device.type == "cpu" else None
        self.picks = Picks(source, self.repeats, questions.kept)
        self.pictures = {
            name: torch.zeros(heads, -(-queries // cell[0]), -(-keys // cell[1]), device=self.device)
            for name, cell in (("thumbnail", questions.thumbnail), ("overview", questions.overview))
            if cell is not None
        }
        self.notes = Notes(questions.noted, heads, keys)
        by_mask = ("full", "causal") if source.gives_weights else ("full", "causal", "window")
        is_counted = source.mask.split()[0] not in by_mask
        self.counts = np.zeros(queries, np.int64) if is_counted else None
        self.attended = None if questions.padded is None else np.zeros(keys, bool)
        self.lowest = 0.0
        self.halves = questions.codes is not None and not source.gives_weights and source.sinks is None
        self.unit = LOG2_E / 2 if self.halves else LOG2_E
        self.raised = log2(LARGEST_CODE)
        # then every row's largest score is that of a key
        self.sees_itself = source.is_banded and source.is_plain and queries <= keys
        self.per_log = 1 / (LOG2_E if source.gives_weights else self.unit)

    def space(self, room: int, shape: Sequence[int], **_: Any) -> torch.Tensor:
        """Memory of the block before: what is asked of the system anew takes as long as computing with it."""
        rooms, name = self.questions.scratch, (room, self.device)
        if name not in rooms or rooms[name].numel() < prod(shape):
            most = min(prod(self.shape), self.source.most_bytes // 4)  # at once: growing leaves holes
            rooms[name] = torch.empty(max(prod(shape), most), device=self.device)
        found: torch.Tensor = rooms[name][: prod(shape)]
        return found.view(*shape)

    def put(self, name: str, rows: slice, values: torch.Tensor) -> None:
        """Numbers of each of a block's rows, ``[head, …, row]``; a block of all rows is what was found."""
        queries = self.shape[1]
        if values.shape[-1] == queries:
            self.raw[name] = values
            return
        if name not in self.raw:
            self.raw[name] = values.new_zeros(*values.shape[:-1], queries)
        self.raw[name][..., rows] = values

    def tensor(self, array: Any) -> torch.Tensor | None:
        """An array on the source's device."""
        return None if array is None else torch.as_tensor(array, device=self.device)

    def key_columns(self) -> tuple[dict[str, int], torch.Tensor]:
        """What each key counts in a row's sums, ``[head, column, key]``, and which column is which."""
        heads, _, keys = self.shape
        ones = torch.ones(keys, device=self.device)
        columns = {"one": ones.expand(heads, -1)}
        if self.has_moved:
            norm = self.source.value_norm
            assert norm is not None
            norm = norm.float().to(self.device)
            columns |= {"norm": norm, "norm_log": torch.xlogy(norm, norm), "norm_place": norm}
        columns["place"] = columns["one"]
        special = self.tensor(self.questions.special)
        if special is not None:
            columns["special"] = special.float().expand(heads, -1)
            if self.has_moved:
                columns["norm_special"] = columns["norm"] * special
        if self.source.projected is not None:
            columns["expected"], columns["size"] = self.source.projected.sides.unbind(-1)
        names = {name: at for at, name in enumerate(columns)}
        if "size" in columns and "norm" in columns and is_same(columns["norm"], columns["size"]):
            del columns["size"]  # the last one
            names["size"] = names["norm"]
        return names, torch.stack(list(columns.values()), 1)

    def run(self) -> RowStats:
        """All blocks, then what was found as numpy."""
        for rows in self.source.blocks(self.height()):
            self.take(rows, self.source.read(rows, partial(self.space, 0), unit=self.unit))
        self.conclude()
        known = {each.name for each in fields(RowStats)}
        found: dict[str, Any] = {
            name: each.cpu().numpy() for name, each in self.found.items() if name in known
        }
        if "overview" in self.pictures:
            self.pictures["overview"].clamp_(min=TINY).log2_()  # that of 0 takes six times as long
        found |= {name: each.cpu().numpy() for name, each in self.pictures.items()}
        budget_of, score = self.source.budget_of, found.get("score")
        largest = 1.0 if score is None else float(np.abs(score[score > HIDDEN_BELOW]).max(initial=0.0))
        return RowStats(
            **found,
            offsets={
                by: self.found[name].cpu().numpy() for by, name in zip(OFFSETS, OFFSET_NAMES, strict=True)
            },
            noted=self.notes.codes,
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
        """One block; rows are made weights of for pictures alone."""
        beside, top = None, None
        if self.source.gives_weights:
            parts, top = block, block.amax(-1)
            self.put("top", rows, top)
            self.lowest = min(self.lowest, float(block.amin()))
            logs = torch.clamp(parts, min=TINY, out=self.space(1, parts.shape)).log2_()
            scores = self.source.row_scores(rows, block)
            if scores is not None:
                self.put("score", rows, scores)
        else:
            score = block.amax(-1)
            self.put("score", rows, score)
            shift, beside = self.below(score)
            if not self.halves:
                top = self.top(score, shift)
            logs = block.sub_(shift[..., None])
            # exp takes twice as long, and 40 times where it underflows
            parts = torch.exp2(logs, out=self.space(1, logs.shape))
        if top is None:
            self.take_codes(rows, parts, score)
            parts.mul_(parts)
        elif self.questions.codes is None:
            self.notes.take_parts(rows, parts, top)
        self.starts.append((rows.start, rows.stop - rows.start))
        sums = self.sums(rows, parts)
        self.put("sums", rows, sums)
        self.take_dots(rows, logs.mul_(parts))
        self.take_places(rows, parts, holds=self.take_reach(rows, parts))
        if self.pictures:
            share = self.share(sums[:, 0], beside)
            self.take_pictures(rows, parts if share is None else torch.mul(parts, share[..., None], out=logs))
        if self.questions.codes is not None and top is not None:
            roots = torch.mul(parts, per_code(top)[..., None], out=logs).sqrt_()
            self.take_codes(rows, roots, top)

    def below(self, score: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Of rows whose largest score is known: what is taken from their scores, and the part of a sink."""
        sinks = None if self.source.sinks is None else self.source.sinks.float()[:, None] * self.unit
        shift = score if sinks is None else torch.maximum(score, sinks)
        if sinks is not None or not self.sees_itself:
            shift = shift.masked_fill(shift <= HIDDEN / 4, 0.0)  # a row that sees no key
        shift = shift - self.raised if self.halves else shift
        return shift, None if sinks is None else (sinks - shift).exp2()

    def top(self, score: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
        """The largest part of rows, ``[head, row]``."""
        if score is shift:
            return self.one.expand(score.shape)
        part = (score - shift).exp2()
        return part.square() if self.halves else part

    def share(self, kept: torch.Tensor, beside: torch.Tensor | None) -> torch.Tensor | None:
        """What makes weights of parts; None: they are weights."""
        if self.source.gives_weights:
            return None
        total = kept if beside is None else kept + beside
        return total.reciprocal().masked_fill_(total == 0, 0.0)

    def sums(self, rows: slice, parts: torch.Tensor) -> torch.Tensor:
        """Each row's sums over its keys, ``[head, column, row]``; places counted from the block's first row, for the sake of rounding."""
        stop = parts.shape[2]
        place = self.at[:stop] - self.origin(rows)
        self.columns[:, self.names["place"], :stop] = place
        if self.has_moved:
            norm, norm_place = (self.columns[:, self.names[name], :stop] for name in ("norm", "norm_place"))
            torch.mul(norm, place, out=norm_place)
        return torch.bmm(self.columns[:, :, :stop], parts.transpose(1, 2))

    def origin(self, rows: slice) -> int:
        """Where the block's first row stands among the keys."""
        _, queries, keys = self.shape
        return int(rows.start) + max(keys - queries, 0)

    def take_dots(self, rows: slice, dots: torch.Tensor) -> None:
        """Sums of parts · their logarithms, and of these times the lengths of values."""
        if not self.has_moved:
            self.put("dots", rows, dots.sum(-1)[:, None])
            return
        both = self.columns[:, : self.names["norm"] + 1, : dots.shape[2]]  # the first two
        self.put("dots", rows, torch.bmm(both, dots.transpose(1, 2)))

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
        _, queries, every = self.shape
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

    def take_places(self, rows: slice, parts: torch.Tensor, *, holds: bool) -> None:
        """Neighbours, masses on tokens that came before, and distances that sums do not tell; ``holds``: no weight lies
        where the mask hides."""
        stop = parts.shape[2]
        self.put("picked", rows, self.picks.sums(rows, parts, self.origin(rows)))
        looks_back = holds and self.source.mask not in ("full", "other")
        if looks_back and (self.repeats is not None or self.numbers is None):
            return
        names, cells = self.cells(rows, stop, distance=not looks_back)
        if names:
            found = torch.bmm(
                parts.transpose(0, 1), cells
            )  # of all heads of a row together, [row, head, cell]
            for name, each in zip(names, found.unbind(-1), strict=True):
                self.put(name, rows, each.T)
        if not looks_back:
            self.by_cells[rows] = True
        if self.has_moved and not looks_back:
            norm = self.columns[:, self.names["norm"], :stop]
            found = torch.bmm((parts * norm[:, None]).transpose(0, 1), cells[..., :1])[..., 0]
            self.put("norm_distance", rows, found.T)

    def cells(self, rows: slice, keys: int, *, distance: bool) -> tuple[list[str], torch.Tensor]:
        """What the cells of rows count in sums that are no sums over keys alone, ``[row, key, what]``."""
        at = (rows.start, rows.stop, keys, distance, self.shape[1:], self.device)
        known = self.questions.kept.get(at)
        if known is None:
            known = self.new_cells(rows, keys, distance=distance)
            if (rows.stop - rows.start) * keys <= MOST_KEPT and rows == slice(0, self.shape[1]):
                self.questions.kept[at] = known
        return known

    def new_cells(self, rows: slice, keys: int, *, distance: bool) -> tuple[list[str], torch.Tensor]:
        """The same, not seen before."""
        own = torch.arange(rows.start, rows.stop, device=self.device)[:, None]
        origin = own + max(0, self.shape[2] - self.shape[1])
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
                    self.raw.setdefault(name, torch.zeros(self.shape[:2], device=self.device))
        return names, torch.stack(cells).permute(1, 2, 0) if cells else own

    def conclude(self) -> None:
        """What the sums of all rows tell."""
        raw, sums = self.raw, self.raw["sums"]
        raw |= dict(zip(self.picks.names, raw.pop("picked").unbind(1), strict=True))
        kept, begun = sums[:, 0], self.begun()
        top, beside = raw.get("top"), None
        if top is None:
            shift, beside = self.below(raw["score"])
            top = self.top(raw["score"], shift)
        share = self.share(kept, beside)
        weight = torch.ones_like(kept) if share is None else share
        self.found |= {
            name: raw[name] * weight for name in ("first", "earlier", "after", *OFFSET_NAMES) if name in raw
        }
        self.found.setdefault(OFFSET_NAMES[-1], torch.zeros_like(kept))
        log = weight.log().masked_fill_(weight == 0, 0.0)
        self.found |= {
            "largest": top * weight,
            "total": kept * weight,
            "negentropy": raw["dots"][:, 0] * (weight * self.per_log) + weight * log * kept,
            "place": (sums[:, self.names["place"]] + begun * kept) * weight,
            "distance": self.distances(begun, "one", "place", "distance") * weight,
        }
        if "special" in self.names:
            self.found["special"] = sums[:, self.names["special"]] * weight
        if "masked" in raw:
            self.found["masked"] = raw["masked"]
        if "score" in raw:
            self.found["score"] = raw["score"] if share is None else raw["score"] / self.unit
        if share is not None:
            self.found["lse"] = shift / self.unit - log.masked_fill(weight == 0, torch.inf)
        if beside is not None:
            self.found["sink"] = beside * weight
        if self.has_moved:
            self.conclude_moved(begun)
        if self.source.projected is not None:
            self.compare(sums, weight)

    def begun(self) -> torch.Tensor:
        """Where the first row of each row's block stands among the keys."""
        starts, counts = zip(*self.starts, strict=True)
        begins = np.repeat(np.array(starts, np.float32), counts) + self.origin(slice(0, 0))
        return torch.from_numpy(begins).to(self.device)

    def distances(self, begun: torch.Tensor, one: str, place: str, cells: str) -> torch.Tensor:
        """Sums of parts times distances: of what places sum to, or what was summed cell by cell."""
        sums = self.raw["sums"]
        own = torch.arange(len(begun), device=self.device) + self.origin(slice(0, 0)) - begun
        found = own * sums[:, self.names[one]] - sums[:, self.names[place]]
        if cells not in self.raw:
            return found
        return torch.where(self.by_cells.to(self.device), self.raw[cells], found)

    def conclude_moved(self, begun: torch.Tensor) -> None:
        """The same of weights times the lengths of values, by their row's sum."""
        raw, sums = self.raw, self.raw["sums"]
        norm = sums[:, self.names["norm"]]
        inverse = norm.reciprocal().masked_fill_(norm == 0, 0.0)
        log = inverse.log().masked_fill_(inverse == 0, 0.0)
        dots = raw["dots"][:, 1] * self.per_log + sums[:, self.names["norm_log"]]
        self.moved = {
            "negentropy": dots * inverse + log * (norm * inverse),
            "total": norm * inverse,
            "first": raw["first"] * self.columns[:, self.names["norm"], :1] * inverse,
            "distance": self.distances(begun, "norm", "norm_place", "norm_distance") * inverse,
        }
        if "norm_special" in self.names:
            self.moved["special"] = sums[:, self.names["norm_special"]] * inverse

    def compare(self, sums: torch.Tensor, weight: torch.Tensor) -> None:
        """How far weights · values are from the output."""
        projected = self.source.projected
        assert projected is not None
        if not projected.has_sink:
            weight = torch.where(sums[:, 0] == 0, 0.0, 1 / sums[:, 0])
        expected, size = (sums[:, self.names[name]] * weight for name in ("expected", "size"))
        self.found["error"] = projected.errors(slice(None), expected, size)

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
            if rows.start % cell[0] == 0 and (rows.stop % cell[0] == 0 or rows.stop == self.shape[1]):
                known, fine = pool(pool_rows(known, height), width), cell
                first = rows.start // cell[0]
                picture[:, first : first + known.shape[1], : known.shape[2]] = known
            else:
                merge_rows(picture, known, at, height, width)

    def take_codes(self, rows: slice, roots: torch.Tensor, top: torch.Tensor) -> None:
        """``roots``, ``255 · √(weight / row_max)``, rounded; ``top`` is NaN where a row is."""
        taker, kept = self.questions.codes, self.questions.code_rows
        assert taker is not None
        heads, count, stop = roots.shape
        room = taker.room((heads, count, self.shape[2]))
        broken = bool(top.isnan().any())
        if kept is None:
            room[..., stop:] = 0
            put_codes(roots, broken, room[..., :stop])
            self.notes.take_codes(rows, room)
        else:
            room[:] = 0
            at = kept[(kept >= rows.start) & (kept < rows.stop)] - rows.start
            room[:, at, :stop] = codes_at(roots, at, broken)
            self.notes.take_roots(rows, roots, broken)
        taker.take(self.questions.first_head, rows.start, room, stop)


def is_same(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two are the same memory, read in the same order."""
    return one.data_ptr() == other.data_ptr() and one.stride() == other.stride() and one.shape == other.shape
