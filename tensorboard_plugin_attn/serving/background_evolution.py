"""The steps of one tag → marks, roles, baseline and hints over evenly spaced ones, worked out in a thread."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tensorboard_plugin_attn.encoding.header import Header
from tensorboard_plugin_attn.errors import DamagedFileError
from tensorboard_plugin_attn.reading.studies import evolve_series
from tensorboard_plugin_attn.serving.answers import Array, digest
from tensorboard_plugin_attn.serving.byte_cache import ByteCache
from tensorboard_plugin_attn.serving.metric_series import MetricSource
from tensorboard_plugin_attn.serving.record_results import Packed, whole
from tensorboard_plugin_attn.serving.study_results import EvolutionAsked, evolution_arrays, evolution_fields
from tensorboard_plugin_attn.serving.tag_directory import TagDirectory
from tensorboard_plugin_attn.serving.thinning import spaced
from tensorboard_plugin_attn.storing.files import is_passing
from tensorboard_plugin_attn.storing.store import StepFile

__all__ = ["MOST_STEPS", "BackgroundEvolution"]

MOST_STEPS = 2000
WAIT_SECONDS = 1.0  # that a request waits for its answer, before it gets the last one that is known
KEPT_BYTES = 32 << 20
ROLE_ARRAYS = ("roles", "role_scores", "role_steps")
TOKEN = re.compile(r"([0-9]{1,9})-([0-9a-f]{16})-[0-9a-f]{16}")

ReadHeader = Callable[[str, str, int], Header]


@dataclass(frozen=True)
class Known:
    """What was worked out of some steps, or why it could not be."""

    version: str
    steps: tuple[StepFile, ...] = ()  # the readable ones
    packed: Packed = ([], {})
    error: Exception | None = None

    @property
    def has_passed(self) -> bool:
        """Whether it failed for a reason that may be gone by now, such as a store that hung."""
        return self.error is not None and is_passing(self.error)


class BackgroundEvolution:
    """Works one answer out after the other; meanwhile the last known one of the same tag and limits is given."""

    def __init__(self, metrics: MetricSource, read_header: ReadHeader) -> None:
        self.metrics = metrics
        self.read_header = read_header
        self.kept: ByteCache[Known] = ByteCache(KEPT_BYTES)
        self.lock = threading.Lock()
        self.turn = threading.Lock()
        self.running: dict[Any, threading.Event] = {}

    def answer(
        self, directory: TagDirectory, asked: EvolutionAsked, since: str, where: tuple[str, str]
    ) -> Packed:
        """The arrays and fields of the answer; roles only of steps after those of the token ``since``.

        Raises:
            DamagedFileError: no step can be read.
        """
        steps = spaced(list(directory.steps.values()), MOST_STEPS)
        files = " ".join(f"{each.step} {each.version}" for each in steps)
        version = digest(f"{asked} {files}".encode())
        key = id(directory.files), directory.path, asked
        kept = self.kept.get(key)
        if kept is None or kept.version != version or kept.has_passed:
            work = partial(self.work, key, version, directory, steps, asked, where)
            self.start(key, work).wait(WAIT_SECONDS)
            kept = self.kept.get(key)
        is_pending = kept is None or kept.version != version
        if kept is None or (kept.error is not None and is_pending):
            return [], {"pending": True}
        if kept.error is not None:
            raise kept.error
        return since_token(kept, since, is_pending=is_pending)

    def start(self, key: Any, work: Callable[[], None]) -> threading.Event:
        """Begin some work unless that for the same key is under way; set when it has ended."""
        with self.lock:
            if key not in self.running:
                done = self.running[key] = threading.Event()
                run = partial(self.run, key, done, work)
                threading.Thread(target=run, name="AttentionEvolution", daemon=True).start()
            return self.running[key]

    def run(self, key: Any, done: threading.Event, work: Callable[[], None]) -> None:
        """The thread's work, in its turn."""
        try:
            with self.turn:
                work()
        finally:
            with self.lock:
                del self.running[key]
            done.set()

    def work(
        self,
        key: Any,
        version: str,
        directory: TagDirectory,
        steps: Sequence[StepFile],
        asked: EvolutionAsked,
        where: tuple[str, str],
    ) -> None:
        """Work one answer out and keep it."""
        try:
            known = self.known(version, directory, steps, asked, where)
        except Exception as error:  # noqa: BLE001 - told to whoever asks
            known = Known(version, error=error)
        size = sum(len(array.data) for array in known.packed[0]) + 1000
        self.kept.put(key, known, min(size, KEPT_BYTES))

    def known(
        self,
        version: str,
        directory: TagDirectory,
        steps: Sequence[StepFile],
        asked: EvolutionAsked,
        where: tuple[str, str],
    ) -> Known:
        """Marks, roles, baseline and hints of some steps."""
        series = self.metrics.series(directory, steps)
        if not len(series.steps):
            raise DamagedFileError(
                f"no step of run {where[0]!r}, tag {where[1]!r} can be read: {series.damaged}"
            )
        latest = self.read_header(*where, int(series.steps[-1]))
        evolution = evolve_series(series, latest, asked.thresholds)
        fields = {**evolution_fields(evolution, latest, asked), "names": series.names}
        readable = set(series.steps.tolist())
        role_steps = whole("role_steps", "float64", series.steps.astype(np.float64))
        return Known(
            version,
            tuple(each for each in steps if each.step in readable),
            (
                [*evolution_arrays(evolution), role_steps],
                {name: value for name, value in fields.items() if name != "marks"},
            ),
        )


def since_token(known: Known, since: str, *, is_pending: bool) -> Packed:
    """The answer to whoever bears a token: nothing where it is the same, else roles of the steps that are new."""
    arrays, fields = known.packed
    told = {"up_to": known.steps[-1].step, "token": token_of(known), "pending": is_pending}
    if since == told["token"]:
        return [], {**told, "unchanged": True}
    start = known_roles(known, since)
    sent = [rows_from(each, start) if each.name in ROLE_ARRAYS else each for each in arrays]
    return sent, {**fields, **told, "roles_from": start}


def token_of(known: Known) -> str:
    """How many steps there are, which, and of which limits and later numbers."""
    return f"{len(known.steps)}-{roles_digest(known, len(known.steps))}-{known.version}"


def known_roles(known: Known, since: str) -> int:
    """Of how many steps, from the first on, whoever bears a token has the roles as they are now."""
    match = TOKEN.fullmatch(since)
    if match is None or int(match[1]) > len(known.steps):
        return 0
    return int(match[1]) if roles_digest(known, int(match[1])) == match[2] else 0


def roles_digest(known: Known, count: int) -> str:
    """Different where the roles of the first steps may differ: their files, and what uniform attention scores."""
    baseline = next(bytes(each.data) for each in known.packed[0] if each.name == "baseline")
    files = " ".join(f"{each.step} {each.version}" for each in known.steps[:count])
    return digest(files.encode() + baseline)


def rows_from(array: Array, start: int) -> Array:
    """The rows of an array from one on."""
    size = len(array.data) // max(1, array.shape[0])
    return Array(
        array.name, array.dtype, (array.shape[0] - start, *array.shape[1:]), array.data[start * size :]
    )
