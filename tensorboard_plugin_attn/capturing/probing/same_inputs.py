"""What a model is called with → the same numbers and entries after a forward that writes into its inputs or empties them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

__all__ = ["same_inputs"]

MOST_BYTES = 64 << 20  # of one tensor


@contextmanager
def same_inputs(inputs: Any) -> Iterator[None]:
    """Tensors of up to 64 MiB, and the dicts and lists around them, as before: the next probe is of the same input."""
    containers: list[tuple[Any, Any]] = []
    tensors: dict[int, tuple[torch.Tensor, int, torch.Tensor]] = {}
    gather(inputs, containers, tensors)
    try:
        yield
    finally:
        for tensor, version, copy in tensors.values():
            if tensor._version != version:
                with torch.no_grad():
                    tensor.copy_(copy)
        for container, copy in containers:
            if len(container) != len(copy):
                container.clear()
                container.update(copy) if isinstance(container, dict) else container.extend(copy)


def gather(
    value: Any, containers: list[tuple[Any, Any]], tensors: dict[int, tuple[torch.Tensor, int, torch.Tensor]]
) -> None:
    """Note the tensors and containers anywhere in what a model is called with."""
    if isinstance(value, torch.Tensor):
        is_plain = value.layout is torch.strided and not (value.is_meta or value.is_inference())
        if is_plain and value.nbytes <= MOST_BYTES:
            tensors.setdefault(id(value), (value, value._version, value.detach().clone()))
    elif type(value) in (dict, list):
        containers.append((value, value.copy()))
        for each in value.values() if isinstance(value, dict) else value:
            gather(each, containers, tensors)
    elif isinstance(value, tuple):
        for each in value:
            gather(each, containers, tensors)
    elif hasattr(value, "data") and isinstance(value.data, dict):  # a tokenizer's or a processor's answer
        gather(value.data, containers, tensors)
