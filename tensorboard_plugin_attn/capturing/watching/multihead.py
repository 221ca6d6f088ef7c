"""F.multi_head_attention_forward → the same code, whose inner calls a function mode sees."""

from __future__ import annotations

from types import FunctionType
from typing import Any

import torch.nn.functional as F

__all__ = ["MULTIHEAD"]


def visible_inside(function: Any) -> FunctionType:
    """A copy of a torch function whose own calls a function mode sees, as it does not ask for a mode itself."""
    return FunctionType(
        function.__code__,
        {**function.__globals__, "has_torch_function": lambda _: False},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )


MULTIHEAD = visible_inside(F.multi_head_attention_forward)
MULTIHEAD.__kwdefaults__ = F.multi_head_attention_forward.__kwdefaults__
