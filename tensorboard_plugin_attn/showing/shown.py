"""A stand-alone page → what a notebook draws of it: a frame that needs no network and reaches nothing outside."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from tensorboard_plugin_attn.errors import InvalidRecordError

__all__ = ["Shown"]

HEIGHT = 620  # px
DARK = "[data-jp-theme-light='false'], .vscode-dark, .vscode-high-contrast, [theme='dark'], .quarto-dark, [data-bs-theme='dark']"
LIGHT = "[data-jp-theme-light='true'], .vscode-light, .vscode-high-contrast-light, [theme='light'], .quarto-light, [data-bs-theme='light']"
FRAME = """\
<style>
.attn-frame {{ width: 100%; height: {height}px; border: 0; resize: vertical; color-scheme: light dark }}
:is({dark}) .attn-frame {{ color-scheme: dark }}
:is({light}) .attn-frame {{ color-scheme: light }}
</style>
<iframe class="attn-frame"{forced} title="Attention" sandbox="allow-scripts allow-downloads" srcdoc='{page}'></iframe>"""


class Shown:
    """A page that shows one record, in a cell's output or as a file.

    ``html``: the whole page. ``data``: what a cell draws, the page in a frame of its own, light or dark as the
    notebook is, or as ``theme`` says.

    Raises:
        InvalidRecordError: the theme is neither.
    """

    def __init__(self, html: str, *, height: int = HEIGHT, theme: str | None = None) -> None:
        if theme not in (None, "dark", "light"):
            raise InvalidRecordError(f'theme must be "dark", "light" or None, got {theme!r}')
        self.html = html
        self.theme = theme
        self.height = height
        self.drawn_in: int | None = None

    @property
    def data(self) -> str:
        """The frame as HTML, for a page of your own."""
        page = self.html.replace("&", "&amp;").replace("'", "&#39;")  # JSON has many double quotes
        forced = "" if self.theme is None else f' style="color-scheme: {self.theme}"'
        return FRAME.format(height=self.height, dark=DARK, light=LIGHT, forced=forced, page=page)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page as a file that opens from disk, without server or network."""
        Path(path).write_text(self.html, encoding="utf-8")

    def written(self, path: str | os.PathLike[str] | None) -> Shown:
        """Itself, saved where a path is given."""
        if path is not None:
            self.save(path)
        return self

    def display(self) -> Shown:
        """Draw it in the notebook's cell that runs; elsewhere nothing happens."""
        shell = notebook()
        if shell is not None:
            self.drawn_in = shell.execution_count
            shell.display_pub.publish({"text/html": self.data, "text/plain": repr(self)})
        return self

    def _repr_html_(self) -> str:
        return self.data

    def _ipython_display_(self) -> None:
        """As the cell's last value it is drawn, unless this cell has drawn it already."""
        shell = notebook()
        if shell is None:
            print(repr(self))
        elif self.drawn_in != shell.execution_count:
            self.display()

    def __repr__(self) -> str:
        return f"<Shown {len(self.html) / 1e6:.1f} MB of HTML; save(path) writes it, a notebook draws it>"


def notebook() -> Any:
    """The notebook's shell, None outside; a terminal's IPython draws nothing."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell if shell is not None and getattr(shell, "kernel", None) is not None else None
