"""A number → the text that the tab shows for it."""

from __future__ import annotations

__all__ = ["shown_difference", "shown_weight"]

MINUS = "−"


def shown_weight(value: float, decimals: int = 2) -> str:
    """``.87``, ``1.00``."""
    text = f"{abs(value):.{decimals}f}"
    text = text[1:] if text.startswith("0.") else text
    return MINUS + text if value < 0 and any(digit in text for digit in "123456789") else text


def shown_difference(value: float) -> str:
    """``+.59``, ``−.02``, ``±.00``."""
    text = shown_weight(abs(value))
    if not any(digit in text for digit in "123456789"):
        return f"±{text}"
    return (MINUS if value < 0 else "+") + text
