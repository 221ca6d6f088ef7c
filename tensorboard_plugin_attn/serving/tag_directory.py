"""One tag's directory → its steps as they are now, listed again where something changed."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from functools import lru_cache

from tensorboard.util import tb_logging

from tensorboard_plugin_attn.storing.files import Files, LocalFiles
from tensorboard_plugin_attn.storing.remembered import DirectoryStamp, KnownNames, RememberedFiles
from tensorboard_plugin_attn.storing.store import StepFile, list_steps, newest_forms

__all__ = ["TagDirectory", "Tags", "tell"]

WHOLE_SECONDS = 30.0  # for which a large directory's known names are not looked at again
LARGE = 200  # files
NEVER = -1

logger = tb_logging.get_logger()


@lru_cache(maxsize=1000)
def tell(message: str) -> None:
    """Log a warning, once."""
    logger.warning("Attention: %s", message)


@dataclass(eq=False, slots=True)
class TagDirectory:
    """One tag of one run. ``steps`` is replaced, never altered, so that other threads may read it.

    It stays the same object while nothing changes.
    """

    files: Files
    path: str
    steps: dict[int, StepFile] = field(default_factory=dict)
    stamp: DirectoryStamp | None = None
    settled: int = NEVER  # the time of change, once a later change must have another one
    place: str = ""
    names: KnownNames | None = None
    whole: float = float("-inf")  # when all of a large directory was looked at

    def __post_init__(self) -> None:
        self.place = self.files.where(self.path)

    def look(self) -> None:
        """List a local directory again where its time of change is another; called for all of them in a row."""
        try:
            if os.stat(self.place).st_mtime_ns == self.settled:  # noqa: PTH116 - of thousands in a row
                return
        except OSError:
            pass
        if isinstance(self.files, LocalFiles):
            self.refresh(is_forced=False)

    def refresh(self, *, is_forced: bool = True, is_walk: bool = False) -> None:
        """List its files again; what cannot be listed now stays as it was.

        Unless ``is_forced``, a local directory whose time of change is the same is taken as it was, and of a large
        one what has the same file under the same name; every now and then an ``is_walk`` looks at all of it.
        """
        files = self.files if isinstance(self.files, RememberedFiles) else None
        now = None if files is None else files.stamp(self.path)
        known = self.stamp
        if not is_forced and now is not None and known is not None and known.holds(now):
            return
        try:
            if files is None:
                found = list_steps(self.files, self.path)
            else:
                found = self.changed_steps(files, is_forced=is_forced, is_walk=is_walk)
        except Exception as error:  # noqa: BLE001 - remote stores raise errors of their own
            tell(f"cannot list {self.files.where(self.path)}: {error!r}")
            return
        self.put(found)
        self.stamp = now
        self.settled = now.changed if now is not None and now.is_settled else NEVER

    def changed_steps(self, files: RememberedFiles, *, is_forced: bool, is_walk: bool) -> list[StepFile]:
        """The steps of a local directory."""
        now = time.monotonic()
        known = None if is_forced or (is_walk and now > self.whole + WHOLE_SECONDS) else self.names
        names = files.step_files(self.path, known or {})
        self.whole = now if known is None else self.whole
        self.names = names if len(names) > LARGE else None
        return newest_forms(step_file for _, step_file in names.values())

    def put(self, found: list[StepFile]) -> None:
        """These are its steps."""
        steps = {step_file.step: step_file for step_file in found}
        if steps != self.steps:
            self.steps = steps


Tags = dict[str, TagDirectory]
