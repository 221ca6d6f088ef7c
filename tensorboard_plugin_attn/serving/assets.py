"""The name of a file of the built frontend → its bytes, type and ETag; without a bundle, how to build it."""

from __future__ import annotations

from pathlib import Path

from tensorboard_plugin_attn.serving.answers import Answer, RequestError

__all__ = ["find_asset"]

STATIC = Path(__file__).parents[1] / "static"
ENTRY = "index.js"
PAGE_ENTRY = "page.js"  # the same in one file, for pages that stand alone
# Not the mimetypes module: on Windows it repeats what other programs left in the registry.
CONTENT_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".woff2": "font/woff2",
}
NOT_BUILT = """\
export function render() {
  const dark = (() => {
    try {
      return window.parent.document.body.classList.contains("dark-mode");
    } catch {
      return false;
    }
  })();
  const line = document.createElement("p");
  line.style.cssText = `font: 14px Roboto, sans-serif; margin: 24px; color: ${dark ? "#fff" : "#212121"}`;
  line.textContent =
    "The Attention tab is not built. In a checkout of tensorboard-plugin-attn run " +
    "`python frontend/hatch_build.py` and reload; or install the package from a wheel, which contains the tab.";
  document.body.append(line);
}
"""


def find_asset(name: str, static: Path = STATIC) -> Answer:
    """A file below ``static``, by its name among the files there are. Raises RequestError 404."""
    files = {path.relative_to(static).as_posix(): path for path in static.rglob("*") if path.is_file()}
    if name in files:
        path = files[name]
        stat = path.stat()
        content_type = CONTENT_TYPES.get(path.suffix, "application/octet-stream")
        etag = f"{stat.st_size:x}-{stat.st_mtime_ns:x}"
        return Answer(path.read_bytes(), content_type, etag=etag, shrinks=content_type.startswith("text/"))
    if name == ENTRY:
        return Answer(NOT_BUILT.encode(), CONTENT_TYPES[".js"])
    raise RequestError(404, "not_found", f"nothing is served under {name[:200]!r}")
