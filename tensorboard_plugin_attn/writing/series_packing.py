"""Records that came into their store → series files of their tags, every 256 steps."""

from __future__ import annotations

from collections import Counter, OrderedDict

from tensorboard_plugin_attn.encoding.header import Header
from tensorboard_plugin_attn.encoding.series import PackedStep, step_of
from tensorboard_plugin_attn.storing.files import Files
from tensorboard_plugin_attn.storing.packing import pack_directory, read_step
from tensorboard_plugin_attn.storing.series import PACKED_STEPS
from tensorboard_plugin_attn.storing.store import StepFile

__all__ = ["SeriesPacking"]

KEPT_BYTES = 32 << 20  # of metrics that were just sent, so that they need not be fetched


class SeriesPacking:
    """Counts the records of each tag; ``files`` must have deadlines (``BoundedFiles``)."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.counts: Counter[str] = Counter()
        self.sent: OrderedDict[str, tuple[str, PackedStep]] = OrderedDict()
        self.used = 0

    def wrote(self, path: str, header: Header | None = None) -> None:
        """A record is in its place; with its ``header`` it is not read again."""
        if header is not None:
            self.keep(path, header)
        directory = path.rpartition("/")[0]
        self.counts[directory] += 1
        if self.counts[directory] >= PACKED_STEPS:
            del self.counts[directory]
            try:
                pack_directory(self.files, directory, self.read)
            except Exception:  # noqa: BLE001 - a series saves time alone; what is wrong with the store the next record tells
                return

    def keep(self, path: str, header: Header) -> None:
        """Keep what a series needs of a record, until there is too much."""
        packed = step_of(header)
        self.used -= self.taken(path)
        self.sent[path] = header.tag, packed
        self.used += packed.values.nbytes
        while self.used > KEPT_BYTES:
            self.used -= self.taken(next(iter(self.sent)))

    def taken(self, path: str) -> int:
        """Forget a record; how many bytes that frees."""
        known = self.sent.pop(path, None)
        return 0 if known is None else known[1].values.nbytes

    def read(self, files: Files, step_file: StepFile) -> tuple[str, PackedStep]:
        """A step that was just sent, or that is read back."""
        known = self.sent.get(step_file.path)
        self.used -= self.taken(step_file.path)
        return read_step(files, step_file) if known is None else known
