"""A directory or fsspec URL → list, read a range, write whole, remove: local disks and remote stores alike."""

from __future__ import annotations

import builtins
import errno
import io
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any, NamedTuple, Protocol
from uuid import uuid4
from zlib import crc32

from tensorboard_plugin_attn.encoding.spill import Buffer, filled, parts_of

__all__ = [
    "BYTES_PER_SECOND",
    "Entry",
    "Files",
    "LocalFiles",
    "RemoteFiles",
    "is_passing",
    "is_remote",
    "open_files",
]

STALE_SECONDS = 3600
TRIES = 20  # to make a directory and a file in it
BYTES_PER_SECOND = 64 << 10  # a store that is slower counts as hanging
PASSING = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EINTR}
MARKS = 1 << 16  # few, since every step of an index bears one
NOT_A_FILE = "it is a pipe, socket or device, not a file"


class Entry(NamedTuple):
    """One name in a directory. ``mtime`` in seconds, 0 where the store does not say.

    ``mark`` is another one for other contents, also of one size within one tick of the store's clock, as far as the
    store tells. ``is_link``: a symbolic link leads there.
    """

    name: str
    is_directory: bool
    size: int
    mtime: float
    mark: int = 0
    is_link: bool = False


class Files(Protocol):
    """A root and what lies under it; paths are relative to the root, with forward slashes; ``""`` is the root."""

    def where(self, path: str) -> str:
        """The path as a person would write it."""
        ...

    def list(self, path: str) -> list[Entry]:
        """The names in a directory; none where it does not exist."""
        ...

    def names(self, path: str, start: str) -> builtins.list[str]:
        """The names in a directory that begin with ``start``: of a store one request, however many others there are."""
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

    def write(self, path: str, buffers: Sequence[Buffer]) -> None:
        """The whole file at once: a reader sees the old one or the new one."""
        ...

    def remove(self, path: str) -> None:
        """Remove one file, if it is there."""
        ...


def open_files(root: str | os.PathLike[str], *, seconds: float | None = None) -> Files:
    """The store for a directory or a URL such as ``s3://bucket/runs``; ``seconds`` bounds each request to it."""
    text = os.fspath(root)
    if is_remote(text):
        return RemoteFiles(text, seconds=seconds)
    return LocalFiles(text.removeprefix("file://"))


def is_remote(root: str) -> bool:
    """Whether a root is a URL of a store rather than a directory of this machine."""
    return "://" in root and not root.startswith("file://")


class LocalFiles:
    """Files under a directory of this machine."""

    def __init__(self, root: str) -> None:
        self.root = Path(root).expanduser().absolute()  # whatever directory the process goes to later
        self.place = str(self.root)

    def where(self, path: str) -> str:
        return f"{self.place}/{path}" if path else self.place

    def list(self, path: str) -> list[Entry]:
        entries = []
        try:
            with os.scandir(self.where(path)) as found:
                for item in found:
                    entry = local_entry(item)
                    if entry is not None:
                        entries.append(entry)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return entries

    def names(self, path: str, start: str) -> builtins.list[str]:
        return [entry.name for entry in self.list(path) if entry.name.startswith(start)]

    def size(self, path: str) -> int:
        return (self.root / path).stat().st_size

    def entry(self, path: str) -> Entry:
        stat = (self.root / path).stat()
        if not (S_ISDIR(stat.st_mode) or S_ISREG(stat.st_mode)):
            raise FileNotFoundError(errno.ENOENT, NOT_A_FILE, self.where(path))
        return stat_entry(path.rsplit("/", 1)[-1], stat)

    def read(self, path: str, start: int, stop: int) -> bytes:
        with open(self.root / path, "rb", buffering=0, opener=open_regular) as file:
            file.seek(start)
            return read_whole(file, stop - start)

    def write(self, path: str, buffers: Sequence[Buffer]) -> None:
        target = self.root / path
        draft = target.with_name(f".{target.name}.{uuid4().hex[:12]}.tmp")  # hidden names are never listed
        try:
            with open_draft(draft) as file:
                for part in filled(buffers):
                    write_all(file, part)
            draft.replace(target)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise

    def remove(self, path: str) -> None:
        (self.root / path).unlink(missing_ok=True)

    def real_path(self, path: str) -> str:
        """Where a path lies, links followed."""
        return os.path.realpath(self.where(path))

    def remove_stale_drafts(self, path: str) -> None:
        """Remove what a killed writer left half written an hour ago or more."""
        with suppress(OSError), os.scandir(self.where(path)) as found:
            drafts = [item for item in found if item.name.startswith(".") and item.name.endswith(".tmp")]
            for item in drafts:
                if item.stat().st_mtime < time.time() - STALE_SECONDS:
                    self.remove(f"{path}/{item.name}")


def open_draft(draft: Path) -> io.FileIO:
    """A new file in a directory that is made; another process may remove it while it is empty."""
    for _ in range(TRIES):
        with suppress(FileNotFoundError, FileExistsError):
            draft.parent.mkdir(parents=True, exist_ok=True)
            return draft.open("xb", 0)
    draft.parent.mkdir(parents=True, exist_ok=True)
    return draft.open("xb", 0)


def write_all(file: io.FileIO, data: memoryview) -> None:
    """All of the bytes, where a write takes only some of them at a time."""
    done = 0
    while done < len(data):
        done += file.write(data[done:]) or 0


def local_entry(item: os.DirEntry[str]) -> Entry | None:
    """One scanned file or directory, None where it vanished, is a pipe or device, or its link leads nowhere."""
    try:
        stat = item.stat()
    except OSError:
        return None
    if not (S_ISDIR(stat.st_mode) or S_ISREG(stat.st_mode)):
        return None
    return stat_entry(item.name, stat, is_link=item.is_symlink())


def stat_entry(name: str, stat: os.stat_result, *, is_link: bool = False) -> Entry:
    """A file that is renamed into place has another number, one that is written over another time of change."""
    mark = (stat.st_ino ^ stat.st_ctime_ns) % MARKS
    return Entry(name, S_ISDIR(stat.st_mode), stat.st_size, stat.st_mtime, mark, is_link)


def is_passing(error: BaseException) -> bool:
    """Whether a fault says nothing of the file: too many open ones, too little memory, a store that hangs."""
    return isinstance(error, TimeoutError) or (isinstance(error, OSError) and error.errno in PASSING)


def open_regular(path: str, flags: int) -> int:
    """Open a regular file and nothing else: a pipe would wait for its writer, a device may never end."""
    handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if S_ISREG(os.fstat(handle).st_mode):
        return handle
    os.close(handle)
    raise OSError(errno.EINVAL, NOT_A_FILE, path)


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
    """Files in an object store, through fsspec; one request per write.

    ``seconds`` cancels a request of an asynchronous file system (S3, Google Cloud, Azure, HTTP) that takes longer.
    """

    def __init__(self, root: str, *, seconds: float | None = None) -> None:
        from fsspec.core import url_to_fs

        self.url = root.rstrip("/")
        self.fs, self.root = url_to_fs(self.url)
        self.seconds = seconds if getattr(self.fs, "async_impl", False) else None

    def limit(self, nbytes: int = 0) -> dict[str, float]:
        """The argument that ends a request of so many bytes in time, where the file system takes one."""
        return {} if self.seconds is None else {"timeout": self.seconds + nbytes / BYTES_PER_SECOND}

    def where(self, path: str) -> str:
        return f"{self.url}/{path}" if path else self.url

    def inside(self, path: str) -> str:
        """The path as the file system wants it."""
        return f"{self.root.rstrip('/')}/{path}" if path else self.root

    def list(self, path: str) -> list[Entry]:
        self.fs.invalidate_cache(self.inside(path))
        try:
            found = self.fs.ls(self.inside(path), detail=True, **self.limit())
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [
            remote_entry(item) for item in found if item["name"].rstrip("/") != self.inside(path).rstrip("/")
        ]

    def find(self, path: str) -> builtins.list[tuple[str, Entry]]:
        """Every file below a directory at any depth, with its path from the root: a request per 1,000 or so."""
        top = self.inside(path).rstrip("/")
        self.fs.invalidate_cache(top)
        try:
            found = self.fs.find(top, detail=True, **self.limit())
        except (FileNotFoundError, NotADirectoryError):
            return []
        root = self.root.strip("/")
        start = len(root) + 1 if root else 0
        return [
            (name.lstrip("/")[start:], remote_entry(item))
            for name, item in found.items()
            if item["type"] != "directory"
        ]

    def names(self, path: str, start: str) -> builtins.list[str]:
        self.fs.invalidate_cache(self.inside(path))
        try:
            found = self.fs.find(self.inside(path), prefix=start, **self.limit())
        except (FileNotFoundError, NotADirectoryError):
            return []
        top = f"{self.inside(path).strip('/')}/"
        names = [each.lstrip("/").removeprefix(top) for each in found]
        return [name for name in names if name.startswith(start) and "/" not in name]

    def size(self, path: str) -> int:
        return int(self.fs.info(self.inside(path), **self.limit())["size"])

    def entry(self, path: str) -> Entry:
        self.fs.invalidate_cache(self.inside(path).rsplit("/", 1)[0])
        return remote_entry(self.fs.info(self.inside(path), **self.limit()))

    def read(self, path: str, start: int, stop: int) -> bytes:
        data: bytes = self.fs.cat_file(self.inside(path), start=start, end=stop, **self.limit(stop - start))
        return data

    def write(self, path: str, buffers: Sequence[Buffer]) -> None:
        target, data = self.inside(path), b"".join(parts_of(buffers))
        try:
            self.fs.pipe_file(target, data, **self.limit(len(data)))
        except FileNotFoundError:  # a file system with directories
            self.fs.makedirs(target.rsplit("/", 1)[0], exist_ok=True, **self.limit())
            self.fs.pipe_file(target, data, **self.limit(len(data)))

    def remove(self, path: str) -> None:
        with suppress(FileNotFoundError):
            self.fs.rm_file(self.inside(path), **self.limit())


def remote_entry(item: dict[str, Any]) -> Entry:
    """One item of ``ls``; stores name their time of change differently, if at all."""
    changed = item.get("LastModified") or item.get("mtime") or item.get("updated") or item.get("created") or 0
    if hasattr(changed, "timestamp"):
        changed = changed.timestamp()
    mtime = float(changed) if isinstance(changed, int | float) else 0.0
    name = item["name"].rstrip("/").rsplit("/", 1)[-1]
    told = item.get("ETag") or item.get("etag") or item.get("md5Hash") or ""
    mark = crc32(str(told).encode()) % MARKS
    return Entry(name, item["type"] == "directory", int(item.get("size") or 0), mtime, mark)
