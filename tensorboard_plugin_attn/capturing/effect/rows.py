"""One input → a batch of it, and what a model returned of the batch → the same for each of its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from typing import Any

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from tensorboard_plugin_attn.private_names import without_torch_functions

__all__ = ["RowLosses", "repeated", "rows_of"]


def repeated(inputs: Any, size: int) -> Any | None:
    """A batch of one input, ``size`` times; None where the input is no batch of one."""
    if isinstance(inputs, torch.Tensor):
        return inputs.expand(size, *inputs.shape[1:]) if inputs.dim() and len(inputs) == 1 else None
    values = list(inputs.values()) if isinstance(inputs, Mapping) else list(inputs)
    tensors = [value for value in values if isinstance(value, torch.Tensor)]
    if not tensors or any(value.dim() == 0 or len(value) != 1 for value in tensors):
        return None
    many = [
        value.expand(size, *value.shape[1:]) if isinstance(value, torch.Tensor) else value for value in values
    ]
    if isinstance(inputs, Mapping):
        return dict(zip(inputs, many, strict=True))
    return type(inputs)(many)


def rows_of(outputs: Any, size: int) -> Iterator[Any]:
    """The outputs of each row, with a batch axis of 1."""
    for row in range(size):
        yield one_row(outputs, row, size)


def one_row(value: Any, row: int, size: int) -> Any:
    """A tensor's row, inside mappings, lists and tuples too; anything else as it is."""
    if isinstance(value, torch.Tensor):
        return value[row : row + 1] if value.dim() and len(value) == size else value
    if isinstance(value, Mapping):
        found: Any = copy(value)
        for name in value:
            found[name] = one_row(value[name], row, size)
        return found
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(one_row(each, row, size) for each in value))
    if isinstance(value, list | tuple):
        return type(value)(one_row(each, row, size) for each in value)
    return value


class RowLosses(TorchFunctionMode):
    """Watches a model compute its loss over a batch → the loss of each row, by the same function on the row's part."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.seen: list[tuple[torch.Tensor, Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = []

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        name = getattr(func, "__name__", "")
        if name in LOSSES and isinstance(result, torch.Tensor) and result.numel() == 1:
            self.seen.append((result, getattr(functional, name), args, kwargs))
        return result

    def of(self, outputs: Any) -> list[float] | None:
        """The losses of the rows; None where the model's loss is not one such function's own result."""
        loss = outputs.get("loss") if hasattr(outputs, "get") else getattr(outputs, "loss", None)
        for result, func, args, kwargs in self.seen:
            if result is loss:
                return self.by_row(func, args, kwargs)
        return None

    def by_row(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> list[float] | None:
        """The function on each row's share of what has the batch first."""
        operands = [*args, *kwargs.values()]
        count = len(operands[0]) if isinstance(operands[0], torch.Tensor) and operands[0].dim() else 0
        if not count or count % self.size:
            return None
        with without_torch_functions():
            return [
                float(
                    func(
                        *(self.part(each, row, count) for each in args),
                        **{name: self.part(each, row, count) for name, each in kwargs.items()},
                    )
                )
                for row in range(self.size)
            ]

    def part(self, value: Any, row: int, count: int) -> Any:
        """A row's share of a tensor that has the batch's length."""
        if not isinstance(value, torch.Tensor) or not value.dim() or len(value) != count:
            return value
        return value.chunk(self.size)[row]


LOSSES = frozenset(
    (
        "cross_entropy", "nll_loss", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy",
        "binary_cross_entropy_with_logits", "kl_div",
    )
)  # fmt: skip
