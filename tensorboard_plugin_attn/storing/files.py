"""A directory or fsspec URL → list, read a range, write whole, remove: local disks and remote stores alike."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR
from typing import Any, Protocol
from uuid import uuid4

__all__ = ["Entry", "Files", "LocalFiles", "RemoteFiles", "open_files"]

STALE_SECONDS = 3600


@dataclass(frozen=True)
class Entry:
    """One name in a directory. ``mtime`` in seconds, 0 where the store does not say."""

    name: str
    is_directory: bool
    size: int
    mtime: float


class Files(Protocol):
    """A root and what lies under it; paths are relative to the root, with forward slashes; ``""`` is the root."""

    def where(self, path: str) -> str:
        """The path as a person would write it."""
        ...

    def list(self, path: str) -> list[Entry]:
        """The names in a directory; none where it does not exist."""
        ...

    def size(self, path: str) -> int:
        """Bytes of a file. Raises FileNotFoundError."""
        ...

    def entry(self, path: str) -> Entry:
        """One name as ``list`` of its directory would give it. Raises FileNotFoundError."""
        ...

    def read(self, path: str, start: int, stop: int) -> bytes:
        """The bytes from start to before stop, fewer at the end of the file."""
        ...

    def write(self, path: str, buffers: Sequence[bytes]) -> None:
        """The whole file at once: a reader sees the old one or the new one."""
        ...

    def remove(self, path: str) -> None:
        """Remove one file, if it is there."""
        ...


def open_files(root: str | os.PathLike[str]) -> Files:
    """The store for a directory or a URL such as ``s3://bucket/runs``."""
    text = os.fspath(root)
    if "://" not in text:
        return LocalFiles(text)
    if text.startswith("file://"):
        return LocalFiles(text[len("file://") :])
    return RemoteFiles(text)


class LocalFiles:
    """Files under a directory of this machine."""

    def __init__(self, root: str) -> None:
        self.root = Path(root).expanduser()

    def where(self, path: str) -> str:
        return str(self.root / path)

    def list(self, path: str) -> list[Entry]:
        entries = []
        try:
            with os.scandir(self.root / path) as found:
                for item in found:
                    entry = local_entry(item)
                    if entry is not None:
                        entries.append(entry)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return entries

    def size(self, path: str) -> int:
        return (self.root / path).stat().st_size

    def entry(self, path: str) -> Entry:
        stat = (self.root / path).stat()
        return Entry(path.rsplit("/", 1)[-1], S_ISDIR(stat.st_mode), stat.st_size, stat.st_mtime)

    def read(self, path: str, start: int, stop: int) -> bytes:
        with (self.root / path).open("rb", buffering=0) as file:
            file.seek(start)
            return read_whole(file, stop - start)

    def write(self, path: str, buffers: Sequence[bytes]) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.{uuid4().hex[:12]}.tmp")  # hidden names are never listed
        try:
            with draft.open("wb") as file:
                file.writelines(buffers)
            draft.replace(target)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise

    def remove(self, path: str) -> None:
        (self.root / path).unlink(missing_ok=True)

    def remove_stale_drafts(self, path: str) -> None:
        """Remove what a killed writer left half written an hour ago or more."""
        for entry in self.list(path):
            if (
                entry.name.startswith(".")
                and entry.name.endswith(".tmp")
                and entry.mtime < time.time() - STALE_SECONDS
            ):
                self.remove(f"{path}/{entry.name}")


def local_entry(item: os.DirEntry[str]) -> Entry | None:
    """One scanned name, None where it vanished or its link leads nowhere."""
    try:
        stat = item.stat()
        return Entry(item.name, item.is_dir(), stat.st_size, stat.st_mtime)
    except OSError:
        return None


def read_whole(file: Any, size: int) -> bytes:
    """``size`` bytes, or what there is of them: one unbuffered read may return fewer."""
    data: bytes = file.read(size)
    while len(data) < size:
        more = file.read(size - len(data))
        if not more:
            break
        data += more
    return data


class RemoteFiles:
    """Files in an object store, through fsspec; one request per write."""

    def __init__(self, root: str) -> None:
        from fsspec.core import url_to_fs

        self.url = root.rstrip("/")
        self.fs, self.root = url_to_fs(self.url)

    def where(self, path: str) -> str:
        return f"{self.url}/{path}" if path else self.url

    def inside(self, path: str) -> str:
        """The path as the file system wants it."""
        return f"{self.root.rstrip('/')}/{path}" if path else self.root

    def list(self, path: str) -> list[Entry]:
        self.fs.invalidate_cache(self.inside(path))
        try:
            found = self.fs.ls(self.inside(path), detail=True)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [
            remote_entry(item) for item in found if item["name"].rstrip("/") != self.inside(path).rstrip("/")
        ]

    def size(self, path: str) -> int:
        return int(self.fs.info(self.inside(path))["size"])

    def entry(self, path: str) -> Entry:
        self.fs.invalidate_cache(self.inside(path).rsplit("/", 1)[0])
        return remote_entry(self.fs.info(self.inside(path)))

    def read(self, path: str, start: int, stop: int) -> bytes:
        data: bytes = self.fs.cat_file(self.inside(path), start=start, end=stop)
        return data

    def write(self, path: str, buffers: Sequence[bytes]) -> None:
        target = self.inside(path)
        self.fs.makedirs(target.rsplit("/", 1)[0], exist_ok=True)
        self.fs.pipe_file(target, b"".join(buffers))

    def remove(self, path: str) -> None:
        if self.fs.exists(self.inside(path)):
            self.fs.rm_file(self.inside(path))


def remote_entry(item: dict[str, Any]) -> Entry:
    """One item of ``ls``; stores name their time of change differently, if at all."""
    changed = item.get("LastModified") or item.get("mtime") or item.get("updated") or item.get("created") or 0
    if hasattr(changed, "timestamp"):
        changed = changed.timestamp()
    mtime = float(changed) if isinstance(changed, int | float) else 0.0
    name = item["name"].rstrip("/").rsplit("/", 1)[-1]
    return Entry(name, item["type"] == "directory", int(item.get("size") or 0), mtime)
