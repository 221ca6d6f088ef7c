"""What a notebook's cell draws → what its page holds."""

from __future__ import annotations

import json
import re
from typing import Any

from tensorboard_plugin_attn.showing import Shown


def embedded(shown: Shown | None) -> dict[str, Any]:
    """What a page holds."""
    assert shown is not None
    found = re.search(r'id="attn-embedded">(.*?)</script>', shown.html, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def layers(shown: Shown | None) -> list[str]:
    """The names of its layers."""
    return [layer["name"] for layer in embedded(shown)["answers"]["record"]["layers"]]
