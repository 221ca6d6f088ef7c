"""Listings of all tags, one after the other → what is new, written anew or gone since the one that a token names."""

from __future__ import annotations

import re
import secrets
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tensorboard_plugin_attn.storing.store import StepFile

__all__ = ["IndexChanges", "ListedTag", "describe_steps"]

MOST_CHANGES = 20_000  # steps that are remembered as changed
TOKEN = re.compile(r"([0-9a-f]{8})-([0-9]{1,15})")

Place = tuple[str, str]


@dataclass(frozen=True)
class ListedTag:
    """One tag as it is listed now; ``steps`` is replaced, never altered."""

    steps: Mapping[int, StepFile]
    is_old: bool = False

    def is_same(self, other: ListedTag) -> bool:
        """Whether nothing was listed anew in between."""
        return self.steps is other.steps and self.is_old == other.is_old

    def changed_from(self, before: Mapping[int, StepFile]) -> list[int]:
        """The steps that are new, written anew or gone."""
        changed = [step for step, step_file in self.steps.items() if before.get(step) != step_file]
        return [*changed, *(before.keys() - self.steps.keys())]


@dataclass(frozen=True)
class Change:
    """The steps of one tag that changed in one generation; None: all of them."""

    generation: int
    place: Place
    steps: list[int] | None

    @property
    def size(self) -> int:
        """What it counts for among all that is remembered."""
        return 1 + len(self.steps or ())


class IndexChanges:
    """Remembers the last listing and the changes before it, up to a number of steps."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.identity = secrets.token_hex(4)
        self.generation = 0
        self.oldest = 0  # the first generation from which changes are known
        self.tags: dict[Place, ListedTag] = {}
        self.changes: deque[Change] = deque()
        self.remembered = 0

    def answer(self, tags: dict[Place, ListedTag], since: str) -> dict[str, Any]:
        """The fields of the answer: steps of ``runs`` to put in place, and steps or whole tags that are ``gone``."""
        with self.lock:
            self.note(tags)
            known = self.known(since)
            places = dict.fromkeys(tags) if known is None else self.changed_since(known)
            runs: dict[str, Any] = {}
            gone: dict[str, Any] = {}
            for (run, tag), steps in places.items():
                self.describe(run, tag, steps, runs, gone)
            token = f"{self.identity}-{self.generation}"
            return {"token": token, "whole": known is None, "runs": runs, "gone": gone}

    def note(self, tags: dict[Place, ListedTag]) -> None:
        """Compare a listing with the last one, tag by tag."""
        if tags is self.tags:
            return
        new = self.generation + 1
        changes = [Change(new, place, []) for place in self.tags.keys() - tags.keys()]
        for place, listed in tags.items():
            before = self.tags.get(place)
            if before is None:
                changes.append(Change(new, place, None))
            elif not listed.is_same(before):
                steps = listed.changed_from(before.steps)
                if steps or before.is_old != listed.is_old:
                    changes.append(Change(new, place, steps))
        self.tags = tags
        if changes:
            self.generation += 1
            self.remember(changes)

    def remember(self, changes: list[Change]) -> None:
        """Keep changes, and forget the oldest above the limit."""
        self.changes.extend(changes)
        self.remembered += sum(change.size for change in changes)
        while self.remembered > MOST_CHANGES:
            forgotten = self.changes.popleft()
            self.remembered -= forgotten.size
            self.oldest = forgotten.generation

    def known(self, since: str) -> int | None:
        """The generation of a token; None where it is of another server, or too old."""
        match = TOKEN.fullmatch(since)
        if match is None or match[1] != self.identity or not self.oldest <= int(match[2]) <= self.generation:
            return None
        return int(match[2])

    def changed_since(self, known: int) -> dict[Place, set[int] | None]:
        """The steps of each tag that changed after a generation."""
        found: dict[Place, set[int] | None] = {}
        for change in reversed(self.changes):
            if change.generation <= known:
                break
            steps = found.setdefault(change.place, set())
            if change.steps is None:
                found[change.place] = None
            elif steps is not None:
                steps.update(change.steps)
        return found

    def describe(
        self, run: str, tag: str, steps: set[int] | None, runs: dict[str, Any], gone: dict[str, Any]
    ) -> None:
        """Put what there is now of some steps of a tag, None for all, where it belongs."""
        listed = self.tags.get((run, tag))
        if listed is None:
            gone.setdefault(run, {})[tag] = None
            return
        there = [each for step, each in listed.steps.items() if steps is None or step in steps]
        runs.setdefault(run, {})[tag] = describe_steps(there, is_old=listed.is_old)
        absent = sorted((steps or set()) - listed.steps.keys())
        if absent:
            gone.setdefault(run, {})[tag] = absent


def describe_steps(steps: list[StepFile], *, is_old: bool = False) -> dict[str, Any]:
    """The steps of one tag as the ``index`` route gives them."""
    return {
        **({"old": True} if is_old else {}),
        "steps": [step.step for step in steps],
        "wall_times": [step.mtime for step in steps],
        "versions": [step.version for step in steps],
        "kinds": [step.kind for step in steps],
    }
