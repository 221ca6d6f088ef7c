"""A seed → sixteen fixed inputs with labels, for trainers."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils.data import Dataset


class Numbers(Dataset[dict[str, Any]]):
    """Sixteen fixed inputs."""

    def __len__(self) -> int:
        return 16

    def __getitem__(self, index: int) -> dict[str, Any]:
        generator = torch.Generator().manual_seed(index)
        return {"input_ids": torch.randint(0, 50, (6,), generator=generator), "labels": index % 2}
