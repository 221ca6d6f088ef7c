"""The ids of texts and a model's config → how many places each text keeps for images, and which images are its own."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

__all__ = ["image_token", "own_grids", "places_in"]

TOKENS = "image_token_id", "image_token_index"


def image_token(model: Any) -> int | None:
    """The id of a place that a text keeps for a patch of an image; None where a model has none."""
    config = getattr(model, "config", None)
    found = (getattr(config, name, None) for name in TOKENS)
    return next((each for each in found if isinstance(each, int)), None)


def places_in(ids: Any, token: int | None) -> tuple[int, ...]:
    """How many such places each text has; empty where nothing tells."""
    if token is None or len(getattr(ids, "shape", ())) != 2:
        return ()
    return tuple(int(count) for count in (ids == token).sum(-1))


def own_grids(listed: Any, places: Sequence[int], row: int, merge: int) -> Any:
    """The grids ``[image, (frames, rows, columns)]`` of one text's images, of those of all texts in their order."""
    grids = np.asarray(listed.tolist() if hasattr(listed, "tolist") else listed)
    ends = np.cumsum([prod(each) // merge**2 for each in grids.tolist()])
    start = sum(places[:row])
    return grids[(ends > start) & (ends <= start + places[row])]
