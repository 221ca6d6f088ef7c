"""The records of a run → what the next record of a tag is compared with: its previous and its first logged step."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from tensorboard_plugin_attn.encoding.decode import read_axes, read_layer
from tensorboard_plugin_attn.encoding.format import ReadRange
from tensorboard_plugin_attn.encoding.header import Header
from tensorboard_plugin_attn.storing import store
from tensorboard_plugin_attn.storing.files import Files
from tensorboard_plugin_attn.writing.queue import Job, Patience, WriteQueue
from tensorboard_plugin_attn.writing.row_codes import RowCodes, row_codes

__all__ = ["History", "Reference", "TagHistory"]

MOST_BYTES = 256 << 20
NO_LIMIT = 1 << 62


@dataclass
class Reference:
    """What is kept of one logged record; ``settle`` completes its rows where they are not all there yet."""

    step: int
    probe: str
    rows: list[RowCodes]
    input: str | None = None
    settle: Callable[[], None] | None = None

    @property
    def layers(self) -> list[RowCodes]:
        """What is kept of each layer; fewer where that failed, which is told where its record is written."""
        settle, self.settle = self.settle, None
        if settle is not None:
            with suppress(Exception):
                settle()
        return self.rows

    @property
    def nbytes(self) -> int:
        """Bytes held, of what is there."""
        return sum(layer.nbytes for layer in self.rows)


@dataclass
class TagHistory:
    """The references of one tag. ``last`` is the step logged last, None before there is one.

    ``earlier`` is how it was before that step, for when the same step is logged again, with its weights.
    ``is_unknown``: what was logged before this process is not known yet; ``own_first`` is the first record of this
    process, which is the tag's first when there turns out to be none before.
    """

    last: int | None = None
    previous: Reference | None = None
    first: Reference | None = None
    earlier: TagHistory | None = None
    is_unknown: bool = False
    own_first: Reference | None = None

    @property
    def is_none(self) -> bool:
        """Whether it is known that nothing was logged before."""
        return self.last is None and not self.is_unknown

    def with_earlier(self, found: TagHistory) -> TagHistory:
        """The same once it is known what was logged before this process."""
        if not self.is_unknown or found.is_unknown:
            return self
        return TagHistory(
            found.last if self.last is None else self.last,
            found.previous if self.last is None else self.previous,
            self.own_first if found.last is None else found.first,
            None if self.earlier is None else self.earlier.with_earlier(found),
        )


class Fetch:
    """What was logged of a tag before a step, looked up in another thread."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.done = threading.Event()
        self.result = TagHistory(is_unknown=True)


class History:
    """References of the tags logged so far, bounded in bytes; what is not in memory is read from the store.

    ``settle`` waits until everything handed over so far is written. ``patience`` is what training may wait for the
    store, None: not at all; then what it says is taken in when it has come. ``elsewhere`` lists the steps of a tag
    that are not in the store yet.
    """

    def __init__(
        self,
        files: Files,
        settle: Callable[[], object],
        *,
        limit: int = MOST_BYTES,
        patience: Patience | None = None,
        elsewhere: Callable[[str], list[tuple[Files, store.StepFile]]] = lambda tag: [],
        part: tuple[int, int] | None = None,
    ) -> None:
        self.files = files
        self.part = part
        self.settle = settle
        self.limit = limit
        self.patience = patience
        self.elsewhere = elsewhere
        self.tags: OrderedDict[str, TagHistory] = OrderedDict()
        self.seen: set[str] = set()
        self.fetches: dict[str, Fetch] = {}
        self.fetching = WriteQueue(NO_LIMIT)
        self.using = threading.RLock()  # a loop may log from several threads

    def before(self, tag: str, step: int) -> TagHistory:
        """What was logged of a tag before a step."""
        with self.using:
            self.take_in(tag)
            known = self.tags.get(tag)
            if known is not None and known.last == step and known.earlier is not None:
                known = known.earlier
            if known is None or (known.last is not None and known.last >= step):
                known = self.fetch(tag, step)
            self.seen.add(tag)
            self.tags[tag] = known
            return known

    def fetch(self, tag: str, step: int) -> TagHistory:
        """Look up what was logged before a step; unknown where that takes longer than training may wait."""
        fetch = self.fetches[tag] = Fetch(step)
        self.fetching.put(Job(partial(self.look_up, tag, fetch, tag in self.seen), 0, tag))
        if self.patience is not None and self.patience.wait(fetch.done):
            return self.fetches.pop(tag).result
        return TagHistory(is_unknown=True)

    def look_up(self, tag: str, fetch: Fetch, is_seen: bool) -> None:
        """The other thread's part."""
        try:
            if is_seen:
                self.settle()
            fetch.result = self.load(tag, fetch.step)
        except Exception:  # noqa: BLE001 a remote store may raise anything, and training goes on without the metric
            pass
        finally:
            fetch.done.set()

    def take_in(self, tag: str) -> None:
        """Use what was looked up meanwhile; a store that failed is asked again. Called while nobody else is ``using``."""
        fetch = self.fetches.get(tag)
        if fetch is None or not fetch.done.is_set():
            return
        del self.fetches[tag]
        if fetch.result.is_unknown:
            self.fetches[tag] = again = Fetch(fetch.step)
            self.fetching.put(Job(partial(self.look_up, tag, again, False), 0, tag))
        elif tag in self.tags:
            self.tags[tag] = self.tags[tag].with_earlier(fetch.result)

    def load(self, tag: str, step: int) -> TagHistory:
        """Read the first and the last record before a step; metrics-only and damaged ones have no patterns."""
        listed = store.list_steps(self.files, store.record_directory("", tag))
        own = listed if self.part is None else store.of_part(listed, self.part)
        here = [(self.files, each) for each in own]
        steps = {
            each.step: (files, each) for files, each in [*here, *self.elsewhere(tag)] if each.step < step
        }
        if not steps:
            return TagHistory()
        first = self.read(*steps[min(steps)])
        previous = first if len(steps) == 1 else self.read(*steps[max(steps)])
        return TagHistory(max(steps), previous, first)

    def read(self, files: Files, step_file: store.StepFile) -> Reference | None:
        """One record's reference, None where it has no patterns or cannot be read."""
        if step_file.kind == "metrics":
            return None
        try:
            header, read = store.open_step(files, step_file)
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
        with self.using:
            known = self.tags.setdefault(tag, TagHistory())
            first = reference if known.is_none else known.first
            own_first = (known.own_first or reference) if known.is_unknown else None
            self.tags[tag] = TagHistory(
                reference.step, reference, first, replace(known, earlier=None), known.is_unknown, own_first
            )
            self.tags.move_to_end(tag)
            while len(self.tags) > 1 and self.nbytes > self.limit:
                self.tags.popitem(last=False)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        states = [state for known in self.tags.values() for state in (known, known.earlier) if state]
        kept = [each for state in states for each in (state.previous, state.first) if each]
        return sum({id(each): each.nbytes for each in kept}.values())
