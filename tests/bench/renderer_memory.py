"""The browsers that this process started → resident memory of their largest renderer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["renderer_peak_mib", "renderers"]


def renderer_peak_mib() -> float:
    """The most that one of those that run has had since it started."""
    return max((kib_of(folder, "VmHWM") for folder in renderers()), default=float("nan")) / 1024


def kib_of(folder: Path, name: str) -> int:
    """A number of a process's status; 0 when it has ended."""
    try:
        lines = (folder / "status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)


def renderers() -> Iterator[Path]:
    """The folder under ``/proc`` of each renderer that descends from this process."""
    parents: dict[int, int] = {}
    found: list[int] = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            stat, command = (folder / "stat").read_text(), (folder / "cmdline").read_bytes()
        except OSError:
            continue
        parents[int(folder.name)] = int(stat.rsplit(")", 1)[1].split()[1])
        if b"--type=renderer" in command:
            found.append(int(folder.name))
    return (Path("/proc", str(pid)) for pid in found if descends(pid, parents))


def descends(pid: int, parents: dict[int, int]) -> bool:
    """Whether a process was started by this one or what it started."""
    while pid not in (0, 1, os.getpid()):
        pid = parents.get(pid, 0)
    return pid == os.getpid()
