"""A page of the docs → its blocks of Python, and running them as they stand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "blocks", "run_block"]

ROOT = Path(__file__).resolve().parents[2]


def blocks(page: str, section: str | None = None) -> list[str]:
    """The Python of a page, or of one of its sections."""
    text = (ROOT / page).read_text("utf-8")
    if section is not None:
        body = re.search(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
        assert body is not None, f"no section {section!r}"
        text = body[1]
    found: list[str] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert found, f"no Python in {page}, section {section!r}"
    return found


def run_block(page: str, block: str, names: dict[str, Any]) -> None:
    """Execute a block; what it assigns is left in ``names``."""
    exec(compile(block, page, "exec"), names)
