"""A model with learned tokens before its input (peft's prompt and prefix tuning) → how many, and what names them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

__all__ = ["NO_VIRTUAL", "Virtual", "virtual_tokens"]


@dataclass(frozen=True)
class Virtual:
    """How many tokens stand before the input's; ``has_queries``: whether they are queries too, or keys alone."""

    count: int
    has_queries: bool = True

    @property
    def names(self) -> list[str]:
        """What they are called in a record."""
        return [f"[virtual {number}]" for number in range(self.count)]


NO_VIRTUAL = Virtual(0)


def virtual_tokens(model: Any) -> Virtual:
    """What peft puts before the input of this model; peft is looked up and never imported."""
    if "peft" not in sys.modules or not hasattr(model, "modules"):
        return NO_VIRTUAL
    for module in model.modules():
        configs = getattr(module, "peft_config", None)
        active = getattr(module, "active_adapter", None)
        if not isinstance(configs, dict) or not isinstance(active, str) or "forward" in vars(module):
            continue  # a forward of its own: the adapter is switched off for now
        config = configs.get(active)
        if config is not None and getattr(config, "is_prompt_learning", False):
            is_prefix = "PREFIX" in str(getattr(config, "peft_type", ""))
            return Virtual(int(config.num_virtual_tokens), has_queries=not is_prefix)
    return NO_VIRTUAL
