"""A layer as it comes → its weights, queries and keys as checked numpy arrays, with the tokens of its axes."""

from __future__ import annotations

import re
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.tokens import TokenAxes

__all__ = ["label_layer", "to_numpy"]

MASK_KIND = re.compile(r"full|causal|window \d+|other")


def to_numpy(array: Any, dtype: Any = None) -> NDArray[Any]:
    """numpy, torch on any device and dtype, or anything with ``__array__`` → numpy, without importing torch."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(array, torch.Tensor):
        array = array.detach()
        if array.dtype == torch.bfloat16 or (dtype is np.float32 and array.dtype != torch.float32):
            array = array.float()
        array = array.cpu().numpy()
    try:
        return np.asarray(array, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise InvalidRecordError(
            f"expected an array of numbers, got {type(array).__name__}: {error}"
        ) from error


def label_layer(axes: TokenAxes, layer: LayerAttention, index: int, *, allow_nan: bool = False) -> None:
    """Check one layer, make its weights float32 numpy and give it the tokens of its axes."""
    layer.weights = check_weights(layer.weights, index, allow_nan=allow_nan)
    if layer.heads is not None and len(layer.heads) != layer.num_heads:
        raise InvalidRecordError(
            f"heads must have one number per head ({layer.num_heads}), got {layer.heads} for layer {index}"
        )
    if layer.mask is None:
        layer.mask = mask_kind(layer.weights)
    elif not MASK_KIND.fullmatch(layer.mask):
        raise InvalidRecordError(
            f"mask must be full, causal, window <n> or other, got {layer.mask!r} for layer {index}"
        )
    for axis, name, length in zip(("query", "key"), axes.names(layer), layer.weights.shape[1:], strict=True):
        tokens: list[str] = getattr(axes, name)
        if len(tokens) != length:
            raise InvalidRecordError(
                f"layer {index} has {length} {axis} positions but {name} has {len(tokens)} entries; pass one "
                f"token per position, special tokens included, padding cropped from both"
                + (
                    "; a rectangular layer needs key_tokens (add_attention) or decoder_tokens"
                    if axis == "key"
                    else ""
                )
            )
    axes.name_axes(layer)
    check_vectors(layer, index)


def check_weights(weights: Any, index: int, *, allow_nan: bool = False) -> NDArray[np.float32]:
    """One layer's weights as contiguous float32 ``[head, query, key]``; a batch axis of 1 is dropped."""
    if not hasattr(weights, "shape"):
        weights = to_numpy(weights, np.float32)
    shape = tuple(weights.shape)
    if len(shape) == 4 and shape[0] == 1:
        weights, shape = weights[0], shape[1:]
    elif len(shape) == 4:
        raise InvalidRecordError(
            f"layer {index} has a batch axis of {shape[0]}; a record holds one input: pass weights[b] for one b, "
            f"or log each as a probe of its own"
        )
    if len(shape) != 3 or 0 in shape:
        raise InvalidRecordError(
            f"weights must have shape [head, query, key] per layer, got {shape} for layer {index}"
        )
    array: NDArray[np.float32] = np.ascontiguousarray(to_numpy(weights, np.float32))
    lowest, highest = float(array.min()), float(array.max())  # NaN spreads to both
    if np.isnan(lowest) and not allow_nan:
        heads = sorted(set(np.argwhere(np.isnan(array))[:, 0].tolist()))
        raise InvalidRecordError(
            f"weights must be finite, got NaN in layer {index}, heads {heads}; look for a query whose keys are all "
            f"masked, or an overflow in the scores"
        )
    if lowest < 0:
        raise InvalidRecordError(
            f"weights must not be negative, got {lowest:g} in layer {index}; pass weights after softmax, not scores"
        )
    if highest == np.inf:
        raise InvalidRecordError(
            f"weights must be finite, got inf in layer {index}; pass weights after softmax"
        )
    return array


def check_vectors(layer: LayerAttention, index: int) -> None:
    """Query, key, bias and largest scores fit the weights, or an error; they become numpy."""
    if layer.max_score is not None:
        given = to_numpy(layer.max_score, np.float32)
        layer.max_score = given[0] if given.ndim == 2 and len(given) == 1 else given
        if layer.max_score.shape != layer.weights.shape[:1]:
            raise InvalidRecordError(
                f"max_score must be [{layer.weights.shape[0]}], got {layer.max_score.shape} for layer {index}"
            )
    if layer.sink is not None:
        layer.sink = to_numpy(layer.sink, np.float32)
        if layer.sink.shape != layer.weights.shape[:2]:
            raise InvalidRecordError(
                f"sink must be {list(layer.weights.shape[:2])}, got {layer.sink.shape} for layer {index}"
            )
    if layer.bias is not None:
        layer.bias = check_bias(to_numpy(layer.bias, np.float32), layer.weights.shape, index)
    if (layer.query is None) != (layer.key is None):
        raise InvalidRecordError(f"layer {index} has only one of query and key; pass both or neither")
    if layer.query is None:
        return
    query, key = vector_array(layer.query), vector_array(layer.key)
    heads, queries, keys = layer.weights.shape
    if query.ndim != 3 or query.shape[:2] != (heads, queries):
        raise InvalidRecordError(
            f"query must be [{heads}, {queries}, d], got {query.shape} for layer {index}"
        )
    if key.ndim != 3 or key.shape[1:] != (keys, query.shape[2]) or heads % key.shape[0]:
        raise InvalidRecordError(
            f"key must be [kv_head, {keys}, {query.shape[2]}] with kv_head dividing {heads}, got {key.shape} for layer {index}"
        )
    layer.query, layer.key = query, key


def vector_array(array: Any) -> NDArray[Any]:
    """Query or key as float32, or float16 where the model computes in it."""
    result = to_numpy(array)
    return result if result.dtype == np.float16 else np.asarray(result, np.float32)


def check_bias(bias: NDArray[np.float32], shape: tuple[int, ...], index: int) -> NDArray[np.float32]:
    """A bias that broadcasts to ``[head, query, key]``, less a batch axis of 1; or an error."""
    inner = bias[0] if bias.ndim == 4 and len(bias) == 1 else bias
    lengths = zip(inner.shape[::-1], shape[::-1], strict=False)
    if inner.ndim > 3 or any(length not in (1, expected) for length, expected in lengths):
        raise InvalidRecordError(f"bias must broadcast to {shape}, got {bias.shape} for layer {index}")
    return inner


def mask_kind(weights: NDArray[np.float32]) -> str:
    """``"causal"`` when no query of a square layer gives weight to a later key, else ``"full"``."""
    queries, keys = weights.shape[1:]
    if queries != keys or queries == 1:
        return "full"
    return "full" if np.triu(weights.max(axis=0), k=1).any() else "causal"
