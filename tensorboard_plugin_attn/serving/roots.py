"""TensorBoard's flags → log directories, and the names TensorBoard gives to the runs below them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Root", "parse_logdir_spec", "parse_roots"]

URL = re.compile(r"[a-zA-Z][0-9a-zA-Z.]*://.*")


@dataclass(frozen=True)
class Root:
    """A log directory or fsspec URL, and the group name that ``--logdir_spec`` gives it."""

    path: str
    group: str | None = None

    def run_name(self, parts: Sequence[str]) -> str:
        """TensorBoard's name of the run in the directory ``parts`` below this root.

        Examples:
            >>> Root("/logs").run_name(()), Root("/logs").run_name(("a", "b"))
            ('.', 'a/b')
            >>> Root("/logs", "old").run_name(())
            'old/.'
        """
        relative = os.path.join(*parts) if parts else "."  # noqa: PTH118 - a name, spelt as TensorBoard spells it
        return os.path.join(self.group, relative) if self.group else relative  # noqa: PTH118 - the same


def parse_roots(flags: Any) -> list[Root]:
    """The roots of a TensorBoard started with these flags; none when it has no log directory."""
    logdir = getattr(flags, "logdir", None)
    if logdir:
        return [Root(os.path.expanduser(logdir))]  # noqa: PTH111 - a Path would fold the slashes of a URL
    return parse_logdir_spec(getattr(flags, "logdir_spec", None) or "")


def parse_logdir_spec(spec: str) -> list[Root]:
    """``name:/path,/other/path,s3://bucket/logs`` → roots, read as TensorBoard reads it.

    A path without a name, a path with a colon after a leading slash, a URL and a Windows drive have no group.
    """
    groups: dict[str, str | None] = {}
    for part in spec.split(","):
        if not part:
            continue
        group, path = split_group(part)
        if not URL.match(path):
            path = os.path.realpath(os.path.expanduser(path))  # noqa: PTH111 - `~user` must not raise
        groups[path] = group
    return [Root(path, group) for path, group in groups.items()]


def split_group(part: str) -> tuple[str | None, str]:
    """One part of a ``--logdir_spec`` → group name, or None, and path."""
    named = ":" in part and part[0] != "/" and not URL.match(part) and not os.path.splitdrive(part)[0]
    if not named:
        return None, part
    group, _, path = part.partition(":")
    return group, path
