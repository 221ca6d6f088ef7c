"""The records of a run → what the next record of a tag is compared with: its previous and its first logged step."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from tensorboard_plugin_attn.encoding.decode import read_axes, read_layer
from tensorboard_plugin_attn.encoding.format import ReadRange
from tensorboard_plugin_attn.encoding.header import Header
from tensorboard_plugin_attn.storing import store
from tensorboard_plugin_attn.storing.files import Files
from tensorboard_plugin_attn.writing.row_codes import RowCodes, row_codes

__all__ = ["History", "Reference", "TagHistory"]

MOST_BYTES = 256 << 20


@dataclass(frozen=True)
class Reference:
    """What is kept of one logged record."""

    step: int
    probe: str
    layers: list[RowCodes]
    input: str | None = None

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(layer.nbytes for layer in self.layers)


@dataclass
class TagHistory:
    """The references of one tag. ``last`` is the step logged last, None before there is one.

    ``earlier`` is how it was before that step, for when the same step is logged again, with its weights.
    """

    last: int | None = None
    previous: Reference | None = None
    first: Reference | None = None
    earlier: TagHistory | None = None


class History:
    """References of the tags logged so far, bounded in bytes; what is not in memory is read from disk.

    ``settle`` waits until everything handed over so far is on disk.
    """

    def __init__(self, files: Files, settle: Callable[[], None], *, limit: int = MOST_BYTES) -> None:
        self.files = files
        self.settle = settle
        self.limit = limit
        self.tags: OrderedDict[str, TagHistory] = OrderedDict()
        self.seen: set[str] = set()

    def before(self, tag: str, step: int) -> TagHistory:
        """What was logged of a tag before a step."""
        known = self.tags.get(tag)
        if known is not None and known.last == step and known.earlier is not None:
            known = known.earlier
        if known is None or (known.last is not None and known.last >= step):
            if tag in self.seen:
                self.settle()
            known = self.load(tag, step)
        self.seen.add(tag)
        self.tags[tag] = known
        return known

    def load(self, tag: str, step: int) -> TagHistory:
        """Read the first and the last record before a step; metrics-only and damaged ones have no patterns."""
        earlier = [each for each in self.step_files(tag) if each.step < step]
        if not earlier:
            return TagHistory()
        first = self.read(earlier[0])
        previous = first if len(earlier) == 1 else self.read(earlier[-1])
        return TagHistory(earlier[-1].step, previous, first)

    def step_files(self, tag: str) -> list[store.StepFile]:
        """What is on disk; nothing where that cannot be told."""
        try:
            return store.list_steps(self.files, store.record_directory("", tag))
        except Exception:  # noqa: BLE001 a remote store may raise anything, and training goes on without the metric
            return []

    def read(self, step_file: store.StepFile) -> Reference | None:
        """One record's reference, None where it has no patterns or cannot be read."""
        if step_file.kind == "metrics":
            return None
        try:
            header, read = store.open_step(self.files, step_file)
            return Reference(step_file.step, header.probe, self.rows_in(header, read), header.input)
        except Exception:  # noqa: BLE001 a remote store may raise anything, and training goes on without the metric
            return None

    def rows_in(self, header: Header, read: ReadRange) -> list[RowCodes]:
        """What is kept of each layer, one layer in memory at a time."""
        axes = read_axes(header)
        layers = (
            read_layer(header, read, number, axes, vectors=False) for number in range(len(header.layers))
        )
        return [row_codes(layer)[0] for layer in layers]

    def remember(self, tag: str, reference: Reference) -> None:
        """Keep a record that was just logged; the tags logged longest ago go when there is too much."""
        known = self.tags.setdefault(tag, TagHistory())
        first = reference if known.last is None else known.first
        self.tags[tag] = TagHistory(reference.step, reference, first, replace(known, earlier=None))
        self.tags.move_to_end(tag)
        while len(self.tags) > 1 and self.nbytes > self.limit:
            self.tags.popitem(last=False)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        states = [state for known in self.tags.values() for state in (known, known.earlier) if state]
        kept = [each for state in states for each in (state.previous, state.first) if each]
        return sum({id(each): each.nbytes for each in kept}.values())
