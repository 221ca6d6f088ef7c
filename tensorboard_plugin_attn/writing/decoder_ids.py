"""A model and the labels or the source text it is given → the tokens that its decoder reads."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.errors import CaptureError
from tensorboard_plugin_attn.record.checks import to_numpy

__all__ = ["decoder_named", "encoder_decoder", "shifted_right"]

GIVEN = ("labels", "decoder_input_ids", "decoder_inputs_embeds")
NOT_GIVEN = (
    "the decoder of an encoder-decoder reads tokens of its own, and the inputs have none: pass labels= or "
    "decoder_input_ids= with them, or give the callback a (source, target) pair of texts as the probe"
)


def encoder_decoder(model: Any) -> Any:
    """The module whose config says that it is an encoder-decoder, whatever wraps it; None where there is none."""
    modules = model.modules() if hasattr(model, "modules") else [model]
    return next((each for each in modules if says_so(each)), None)


def says_so(module: Any) -> bool:
    return getattr(getattr(module, "config", None), "is_encoder_decoder", False) is True


def shifted_right(model: Any, ids: Any) -> NDArray[Any]:
    """Token ids ``[batch, position]`` → what the decoder reads of them, as the model itself shifts them.

    Most put the decoder's start token first; mBART and its like put the last token there, the language code.
    """
    config = getattr(encoder_decoder(model), "config", None)
    start = getattr(config, "decoder_start_token_id", None)
    pad = getattr(config, "pad_token_id", None)
    shift = own_shift(model, pad, start)
    if shift is not None:
        return to_numpy(shift(ids))
    values = to_numpy(ids)
    first = np.full_like(values[:, :1], 0 if start is None else start)
    moved = np.concatenate([first, values[:, :-1]], axis=1)
    return np.where(moved == -100, 0 if pad is None else pad, moved)


def own_shift(model: Any, pad: int | None, start: int | None) -> Any:
    """The function that the model's forward calls on its labels; None where it has none that takes them."""
    for module in model.modules() if hasattr(model, "modules") else []:
        if hasattr(module, "_shift_right"):
            return module._shift_right
        for kind in type(module).__mro__:
            found = getattr(sys.modules.get(kind.__module__), "shift_tokens_right", None)
            if found is not None:
                given = (pad, start)[: len(inspect.signature(found).parameters) - 1]
                return None if None in given else lambda ids, found=found, given=given: found(ids, *given)
    return None


@contextmanager
def decoder_named(model: Any, inputs: Any) -> Iterator[None]:
    """A forward that fails for want of what the decoder reads says so.

    Raises:
        CaptureError: from the model's own error.
    """
    try:
        yield
    except Exception as error:
        has_none = isinstance(inputs, Mapping) and not any(inputs.get(name) is not None for name in GIVEN)
        if has_none and encoder_decoder(model) is not None:
            raise CaptureError(f"{NOT_GIVEN} ({type(error).__name__}: {error})") from error
        raise
