"""Many tags of one run → the tokens and layers of the latest readable step of each, in one answer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from tensorboard_plugin_attn.errors import DamagedFileError
from tensorboard_plugin_attn.serving.answers import RequestError
from tensorboard_plugin_attn.serving.opened_record import OpenedRecords
from tensorboard_plugin_attn.serving.record_results import record_result

__all__ = ["texts_result"]

TRIES = 4  # steps back that a readable one is looked for
SECONDS = 1.5  # after which the rest of the tags is left for the next request


def texts_result(records: OpenedRecords, run: str, tags: Sequence[str]) -> dict[str, Any]:
    """Each tag's header, why it has none, and the tags that did not fit in the time."""
    started = time.monotonic()
    texts: dict[str, Any] = {}
    missing: dict[str, str] = {}
    left = list(dict.fromkeys(tags))
    while left and (not texts or time.monotonic() - started < SECONDS):
        tag = left.pop(0)
        try:
            texts[tag] = latest_text(records, run, tag)
        except (DamagedFileError, RequestError) as error:
            if getattr(error, "status", 422) == 503:
                raise
            missing[tag] = str(error)
    return {"texts": texts, "missing": missing, "left": left}


def latest_text(records: OpenedRecords, run: str, tag: str) -> dict[str, Any]:
    """The header of the last step that can be read, of the last few. Raises RequestError 404, DamagedFileError."""
    steps = sorted(records.listing.find_tag(run, tag).steps)[-TRIES:]
    for step in reversed(steps[1:]):
        try:
            return records.use(run, tag, step, None, record_result)[0]
        except DamagedFileError:
            continue
    return records.use(run, tag, steps[0], None, record_result)[0]
