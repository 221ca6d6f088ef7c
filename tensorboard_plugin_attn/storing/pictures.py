"""A tag's directory ⇄ the pictures and sounds beside its records, each once under the hash of its bytes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from tensorboard_plugin_attn.encoding.format import Header
from tensorboard_plugin_attn.errors import DamagedFileError
from tensorboard_plugin_attn.record.pictures import media_type
from tensorboard_plugin_attn.storing.files import Files

__all__ = ["PICTURES", "is_picture", "picture_path", "read_picture", "remove_unnamed"]

PICTURES = "pictures"
MOST_BYTES = 64 << 20
HASH = re.compile(r"[0-9a-f]{64}")


def picture_path(directory: str, sha256: str) -> str:
    """Where the bytes of a hash lie below a tag's directory."""
    return f"{directory}/{PICTURES}/{sha256}"


def is_picture(path: str) -> bool:
    """Whether a path is that of a picture or a sound."""
    parts = path.rsplit("/", 2)
    return len(parts) == 3 and parts[1] == PICTURES and HASH.fullmatch(parts[2]) is not None


def read_picture(files: Files, directory: str, sha256: str) -> tuple[bytes, str]:
    """The bytes under a hash, and what they are by their first bytes.

    Raises:
        DamagedFileError: they are not what the hash was made of, or neither PNG nor WebP nor WAV.
        FileNotFoundError: there are none.
    """
    path = picture_path(directory, sha256)
    size = files.size(path)
    if size > MOST_BYTES:
        raise DamagedFileError(f"{size:,} bytes are more than a picture has", path=path)
    data = files.read(path, 0, size)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DamagedFileError("its bytes are not those that its name is the hash of", path=path)
    kind = media_type(data)
    if kind is None:
        raise DamagedFileError("it is neither PNG nor WebP nor WAV", path=path)
    return data, kind


def remove_unnamed(files: Files, directory: str, headers: Iterable[Header]) -> int:
    """Delete the pictures that no record names; how many there were. None where a record cannot be read."""
    there = [entry.name for entry in files.list(f"{directory}/{PICTURES}") if HASH.fullmatch(entry.name)]
    if not there:
        return 0
    try:
        named = {picture.sha256 for header in headers for picture in header.pictures}
    except DamagedFileError:
        return 0
    doomed = [name for name in there if name not in named]
    for name in doomed:
        files.remove(picture_path(directory, name))
    return len(doomed)
