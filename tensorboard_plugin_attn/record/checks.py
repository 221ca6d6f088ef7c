"""A layer as it comes → its weights, queries and keys as checked numpy arrays, with the tokens of its axes."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.tokens import TokenAxes

__all__ = ["check_range", "label_layer", "to_numpy", "weights_shape"]

NUMPY_FLOATS = ("torch.float16", "torch.float32", "torch.float64")
MASK_KIND = re.compile(r"full|causal|window \d+|other")


def to_numpy(array: Any, dtype: Any = None) -> NDArray[Any]:
    """numpy, torch on any device and dtype, or anything with ``__array__`` → numpy, without importing torch."""
    torch = sys.modules.get("torch")
    try:
        if torch is not None and isinstance(array, torch.Tensor):
            array = tensor_to_numpy(array, wide=dtype is np.float32)
        if getattr(getattr(array, "dtype", None), "kind", "") in ("c", "M", "m"):
            raise TypeError(f"its numbers are {array.dtype}")
        return np.asarray(array, dtype=dtype)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InvalidRecordError(
            f"expected an array of numbers, got {type(array).__name__}: {error}"
        ) from error


def tensor_to_numpy(tensor: Any, *, wide: bool) -> NDArray[Any]:
    """A torch tensor of any device, dtype and layout → numpy, ``wide``: float32. Raises where it has no numbers."""
    tensor = tensor.detach()
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    if str(tensor.layout) != "torch.strided":
        tensor = tensor.to_dense()
    if tensor.is_complex():
        raise TypeError(f"its numbers are {tensor.dtype}")
    if tensor.is_floating_point() and (
        str(tensor.dtype) not in NUMPY_FLOATS or (wide and tensor.dtype.itemsize != 4)
    ):
        tensor = tensor.float()
    array: NDArray[Any] = tensor.cpu().resolve_neg().numpy()
    return array


def label_layer(axes: TokenAxes, layer: LayerAttention, index: int, *, allow_nan: bool = False) -> None:
    """Check one layer, make its weights float32 numpy and give it the tokens of its axes."""
    if layer.weights is not None:
        layer.weights = check_weights(layer.weights, index, allow_nan=allow_nan)
    check_vectors(layer, index)
    if layer.heads is not None and len(layer.heads) != layer.num_heads:
        raise InvalidRecordError(
            f"heads must have one number per head ({layer.num_heads}), got {layer.heads} for layer {index}"
        )
    if layer.mask is None:
        if layer.weights is None:
            raise InvalidRecordError(f"layer {index} has no weights to read its mask off; pass mask")
        layer.mask = mask_kind(layer.weights)
    elif not MASK_KIND.fullmatch(layer.mask):
        raise InvalidRecordError(
            f"mask must be full, causal, window <n> or other, got {layer.mask!r} for layer {index}"
        )
    if layer.weights is None and layer.blocks is None and layer.mask == "other" and layer.bias is None:
        raise InvalidRecordError(
            f"layer {index} has neither weights nor a bias that says what its mask hides"
        )
    check_lengths(axes, layer, index)
    axes.name_axes(layer)


def check_lengths(axes: TokenAxes, layer: LayerAttention, index: int) -> None:
    """Each axis is as long as its list, or as the queries of it that are kept."""
    query, key = axes.names(layer)
    for axis, name, length in (("query", query, layer.num_queries), ("key", key, layer.num_keys)):
        tokens = axes.lists.get(name)
        if tokens is None:
            raise InvalidRecordError(
                f"layer {index} has {name} on its {axis} axis, but there is no such list"
            )
        kept = axes.query_numbers.get(name) if axis == "query" else None
        if len(tokens if kept is None else kept) != length:
            raise InvalidRecordError(
                f"layer {index} has {length} {axis} positions but {name} has {len(tokens)} entries; pass one "
                f"token per position, special tokens included, padding cropped from both"
                + (
                    "; a rectangular layer needs key_tokens (add_attention) or decoder_tokens"
                    if axis == "key"
                    else ""
                )
            )


def weights_shape(weights: Any, index: int) -> Any:
    """One layer's weights with shape ``[head, query, key]``; a batch axis of 1 is dropped."""
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
    return weights


def check_weights(weights: Any, index: int, *, allow_nan: bool = False) -> NDArray[np.float32]:
    """One layer's weights as contiguous float32 ``[head, query, key]``."""
    array: NDArray[np.float32] = np.ascontiguousarray(to_numpy(weights_shape(weights, index), np.float32))
    lowest, highest = float(array.min()), float(array.max())  # NaN spreads to both
    has_nan = np.isnan(lowest) and not allow_nan
    heads = sorted(set(np.argwhere(np.isnan(array))[:, 0].tolist())) if has_nan else []
    check_range(lowest, highest, heads, index)
    return array


def check_range(lowest: float, highest: float, nan_heads: Sequence[int], index: int) -> None:
    """Weights are finite and none is negative, or an error; ``nan_heads``: where NaN is refused, the heads that have it."""
    if nan_heads:
        raise InvalidRecordError(
            f"weights must be finite, got NaN in layer {index}, heads {list(nan_heads)}; look for a query whose keys are all "
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


def check_vectors(layer: LayerAttention, index: int) -> None:
    """What a layer has beside its weights fits them, or an error; it becomes numpy."""
    if (layer.query is None) != (layer.key is None):
        raise InvalidRecordError(f"layer {index} has only one of query and key; pass both or neither")
    if layer.query is not None:
        check_query_key(layer, index)
    heads, queries, keys = layer.shape
    for name, shape in (
        ("max_score", (heads,)),
        ("value_norm", (heads, keys)),
        ("sink", (heads, queries)),
        ("lse", (heads, queries)),
    ):
        if getattr(layer, name) is not None:
            given = to_numpy(getattr(layer, name), np.float32)
            array = given[0] if given.ndim == len(shape) + 1 and len(given) == 1 else given
            if array.shape != shape:
                raise InvalidRecordError(f"{name} must be {list(shape)}, got {array.shape} for layer {index}")
            setattr(layer, name, array)
    if layer.bias is not None:
        layer.bias = check_bias(to_numpy(layer.bias, np.float32), layer.shape, index)
    if layer.model_heads is not None and layer.model_heads < heads:
        raise InvalidRecordError(
            f"layer {index} has {heads} heads, more than model_heads={layer.model_heads}"
        )


def check_query_key(layer: LayerAttention, index: int) -> None:
    """Query and key fit the weights and each other."""
    query, key = vector_array(layer.query), vector_array(layer.key)
    if layer.weights is None:  # then they say what the shape is; a batch axis of 1 is dropped
        query, key = (each[0] if each.ndim == 4 and len(each) == 1 else each for each in (query, key))
    known = layer.weights is not None or layer.blocks is not None
    heads, queries, keys = layer.shape if known else (*query.shape[:2], *key.shape[1:2])
    if query.ndim != 3 or 0 in query.shape or query.shape[:2] != (heads, queries):
        raise InvalidRecordError(
            f"query must be [{heads}, {queries}, d], got {query.shape} for layer {index}"
        )
    if key.ndim != 3 or 0 in key.shape or key.shape[1:] != (keys, query.shape[2]) or heads % key.shape[0]:
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
    if queries != keys or queries == 1 or weights[:, 0, 1:].any():
        return "full"
    return "full" if np.triu(weights.max(axis=0), k=1).any() else "causal"
