"""The sightings of a cached generation, a few queries at a time → one sighting per layer over all tokens."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import torch

from tensorboard_plugin_attn.capturing.calls.sighting import Sighting
from tensorboard_plugin_attn.errors import CaptureError

__all__ = [
    "NOT_STITCHED",
    "decoding_of_caller",
    "is_generation",
    "mask_of_caller",
    "own_steps",
    "read_tokens",
    "stitched",
]

Layer = list[Sighting]


def by_layer(sightings: Sequence[Sighting]) -> list[Layer]:
    """Each layer's sightings over the forwards; a module that runs twice in one forward is two layers."""
    layers: dict[tuple[str, int, str], Layer] = {}
    seen: dict[tuple[str, int], int] = {}
    for sighting in sightings:
        occurrence = seen.get((sighting.name, sighting.forward), 0)
        seen[(sighting.name, sighting.forward)] = occurrence + 1
        layers.setdefault((sighting.name, occurrence, sighting.kind), []).append(sighting)
    return list(layers.values())


def is_generation(sightings: Sequence[Sighting]) -> bool:
    """Whether later forwards continue earlier ones: with the keys that those cached, or with one token more."""
    return any(
        later.kind == "self" and continues(first, later)
        for first, *rest in by_layer(sightings)
        for later in rest[:1]
    )


def continues(first: Sighting, later: Sighting) -> bool:
    """Whether a forward's keys are those of the one before it, and those of its own queries.

    A cache has all of them behind each other, or a window of the last ones, or places for tokens to come. Without a
    cache, where each step computes all, there is one more.
    """
    (queries, keys), before = shape(later), shape(first)[1]
    if queries == keys:
        return keys == before + 1
    if queries > keys:
        return False
    kept = keys - queries
    is_window = kept <= before and same_keys(first, later, before - kept, 0, kept)
    read = shape(first)[0]
    has_room = is_empty_beyond(first, read) or is_empty_beyond(later, read + queries)
    return kept == before or is_window or has_room


def same_keys(before: Sighting, after: Sighting, begin: int, start: int, count: int) -> bool:
    """Whether ``count`` keys of two steps are the same, from ``begin`` and from ``start`` on, where they are looked at.

    What a padded position computes is nobody's key, and may change from step to step.
    """
    old, new = before.traces, after.traces
    if old is None or new is None or old.shape[0] != new.shape[0]:
        return True
    old, new = old[:, begin : begin + count], new[:, start : start + count]
    looked_at = seen_keys(before)[:, begin : begin + count] & seen_keys(after)[:, start : start + count]
    difference = ((old - new).abs() * looked_at[..., None]).amax() if old.numel() else old.new_zeros(())
    return not bool(difference > SAME_KEY * old.abs().amax()) if old.numel() else True


def seen_keys(step: Sighting) -> torch.Tensor:
    """bool ``[batch, key]``: keys that the last query sees; earlier ones may be padding, which may see anything."""
    return whole(step.allowed, step, default=1.0).bool().any(1)[:, -1]


def is_empty_beyond(step: Sighting, seen: int) -> bool:
    """Whether a step has more keys than tokens were read, and none of them has a weight: a cache of fixed length."""
    if shape(step)[1] <= seen:
        return False
    beyond = step.weights[..., seen:]
    if step.allowed is not None:
        beyond = beyond * whole(step.allowed, step, default=1.0)[..., seen:]
    # padding, which sees nothing: all its scores are one large number, and so are its weights
    is_blind = step.weights.amax(-1) - step.weights.amin(-1) < BLIND / shape(step)[1]
    return not bool(beyond.masked_fill(is_blind[..., None], 0.0).any())


def stitched(sightings: Sequence[Sighting]) -> list[Sighting]:
    """One sighting per layer: self-attention as ``[batch, head, token, token]``, cross-attention row under row.

    Raises:
        CaptureError: the steps do not continue each other, as in beam search.
    """
    return [
        layer[0] if len(layer) == 1 else rows_joined(layer) if layer[0].kind == "cross" else square(layer)
        for layer in by_layer(sightings)
    ]


def own_steps(sightings: Sequence[Sighting], *, decoder: bool) -> Layer:
    """The steps of the first layer of self-attention that reads what is generated."""
    layers = [layer for layer in by_layer(sightings) if layer[0].kind == "self"]
    return next((layer for layer in layers if not decoder or layer[0].stack == "decoder"), [sightings[-1]])


def is_recomputed(layer: Layer) -> bool:
    """Whether every step computed all tokens so far, as without a cache."""
    queries = [shape(step)[0] for step in layer]
    return len(layer) > 1 and all(later == earlier + 1 for earlier, later in pairwise(queries))


def read_tokens(tokens: Sequence[str], layer: Layer, virtual: int = 0) -> Sequence[str]:
    """The names of the tokens that a generation read, of a list as generate() returns it.

    The last token was produced and never read, so that it has no row. Whisper's generate() leaves out its prompt,
    the tokens that the first step read: these are called ``[prompt 0]``, ….
    """
    prompt = shape(layer[0])[0]
    read = shape(layer[-1])[0] if is_recomputed(layer) else sum(shape(step)[0] for step in layer)
    if len(tokens) in (read, read - virtual):
        return tokens
    if len(tokens) in (read + 1, read + 1 - virtual):
        return tokens[:-1]
    if not virtual and 0 < prompt < read and len(tokens) == read + 1 - prompt:
        return [*(f"[prompt {number}]" for number in range(prompt)), *tokens[:-1]]
    return tokens


def shape(sighting: Sighting) -> tuple[int, int]:
    """Queries and keys."""
    return int(sighting.weights.shape[-2]), int(sighting.weights.shape[-1])


def rows_joined(layer: Layer) -> Sighting:
    """Cross-attention: the same keys at every step."""
    keys = {shape(step)[1] for step in layer}
    if len(keys) > 1:
        raise CaptureError(f"{layer[0].name}: cross-attention of several inputs, with {sorted(keys)} keys")
    if is_recomputed(layer):
        return layer[-1]
    has_vectors = all(step.query is not None for step in layer)
    allowed = [whole(step.allowed, step, default=1.0).bool() for step in layer]
    return replace(
        layer[0],
        weights=torch.cat([step.weights for step in layer], dim=-2),
        query=torch.cat([step.query for step in layer if step.query is not None], -2)
        if has_vectors
        else None,
        allowed=None if all(step.allowed is None for step in layer) else torch.cat(allowed, -2),
        mask=None,
        bias=bias_rows(layer, [slice(0, shape(step)[1]) for step in layer], shape(layer[0])[1]),
        **rows_known(layer),
    )


def rows_known(layer: Layer) -> dict[str, Any]:
    """What is known of each query ``[batch, head, query]``, of the queries of all steps behind each other."""
    return {
        "row_scores": joined([step.row_scores for step in layer]),
        "output_error": joined([step.output_error for step in layer]),
        "budget": max(step.budget for step in layer),
        "sink": joined(
            [
                step.weights.new_zeros(step.weights.shape[:-1])
                if step.sink is None and any(other.sink is not None for other in layer)
                else step.sink
                for step in layer
            ]
        ),
    }


def joined(parts: Sequence[torch.Tensor | None]) -> torch.Tensor | None:
    """Parts behind each other; None where one is not known."""
    known = [part for part in parts if part is not None]
    return torch.cat(known, dim=-1) if len(known) == len(parts) else None


def square(layer: Layer) -> Sighting:
    """Self-attention: step by step the queries that are new, over all keys so far."""
    if all(shape(step)[0] == shape(step)[1] for step in layer):  # without a cache every step computes all
        check_continues(layer, [slice(0, shape(step)[1]) for step in layer])
        return layer[-1]
    total = sum(shape(step)[0] for step in layer)
    spans, begin = [], 0
    for step in layer:
        begin += shape(step)[0]
        spans.append(key_span(step, begin))
    check_continues(layer, spans)
    weights = layer[0].weights.new_zeros(*layer[0].weights.shape[:2], total, total)
    allowed = torch.zeros_like(weights[:, :1], dtype=torch.bool)
    row = 0
    for step, span in zip(layer, spans, strict=True):
        rows = slice(row, row + shape(step)[0])
        width = span.stop - span.start
        weights[..., rows, span] = step.weights[..., :width]
        allowed[..., rows, span] = (
            whole(step.allowed, step, default=1.0)[..., :width].bool().any(1, keepdim=True)
        )
        row = rows.stop
    last = layer[-1]
    key = None if last.key is None or last.key.shape[-2] < total else last.key[..., :total, :]
    queries = [step.query for step in layer if step.query is not None]
    return replace(
        last,
        weights=weights,
        allowed=allowed,
        mask=None,
        key=key,
        query=None if key is None else torch.cat(queries, dim=-2),
        bias=None if key is None else bias_rows(layer, spans, total),
        value_norm=norms_joined(layer, spans, total),
        **rows_known(layer),
    )


def norms_joined(layer: Layer, spans: Sequence[slice], keys: int) -> torch.Tensor | None:
    """How long each token's value is, by the step that first has it as a key; None where a step does not say."""
    norms = [step.value_norm for step in layer]
    if any(norm is None for norm in norms) or len({step.value_norm_of for step in layer}) > 1:
        return None
    found: torch.Tensor = layer[0].weights.new_zeros(*layer[0].weights.shape[:2], keys)
    for norm, span in reversed(list(zip(norms, spans, strict=True))):
        assert norm is not None
        found[..., span] = norm[..., : span.stop - span.start]
    return found


def key_span(step: Sighting, seen: int) -> slice:
    """Which tokens the keys of a step are, when ``seen`` tokens have been read."""
    queries, keys = shape(step)
    if keys <= seen and (keys > queries or queries == seen):
        return slice(seen - keys, seen)  # all of them, or the last ones of a sliding cache
    if is_empty_beyond(step, seen):
        return slice(0, seen)
    raise CaptureError(f"{step.name}: {keys} keys after {seen} tokens{NOT_STITCHED}")


def check_continues(layer: Layer, spans: Sequence[slice]) -> None:
    """Each step's keys must be those of the step before, and new ones.

    Raises:
        CaptureError: rows of the batch have changed places, or tokens were taken back.
    """
    for (before, after), (first, second) in zip(pairwise(layer), pairwise(spans), strict=True):
        begin, end = max(first.start, second.start), min(first.stop, second.stop)
        if not same_keys(before, after, begin - first.start, begin - second.start, max(0, end - begin)):
            raise CaptureError(f"{after.name}: a step has other keys than the step before{NOT_STITCHED}")


BLIND = 1e-4
"""Of a uniform weight: less than the weights of a query differ that sees some of the keys."""
SAME_KEY = 0.1
"""Of the largest feature: more than a low precision or a quantised cache changes, less than another token does."""
NOT_STITCHED = (
    "; the steps of this generation do not continue each other (beam search moves sequences between rows of the batch, "
    "assisted decoding takes tokens back, a cache may have been filled before the block). Capture greedy decoding or "
    "sampling, or one forward over the finished sequence, which gives the same matrix: "
    "`captured.model(output[:1, :-1])`, or `captured.model(**inputs, decoder_input_ids=output[:1, :-1])`"
)
DECODINGS = {
    "_beam_search": "beam search",
    "_group_beam_search": "beam search",
    "_constrained_beam_search": "beam search",
    "_assisted_decoding": "assisted decoding",
    "_contrastive_search": "contrastive search",
    "get_unconditional_logits": "guidance, which runs the model a second time for each token",
}


def decoding_of_caller() -> str:
    """The way of transformers' generate() that calls the model and cannot be stitched; empty for all others.

    Which row a returned sequence stood in is known to generate() alone, so its name is looked up in the callers.
    """
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        decoding = DECODINGS.get(frame.f_code.co_name)
        if decoding is not None and str(frame.f_globals.get("__name__", "")).startswith("transformers"):
            return decoding
    return ""


def mask_of_caller() -> torch.Tensor | None:
    """The padding mask ``[batch, token]`` of the generate() that calls the model; None where there is none.

    With a static cache transformers hands the model a mask that is written out already, so that which tokens are
    padding is known to generate() alone.
    """
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if str(frame.f_globals.get("__name__", "")).startswith("transformers.generation"):
            options = frame.f_locals.get("model_kwargs")
            mask = options.get("attention_mask") if isinstance(options, dict) else None
            if isinstance(mask, torch.Tensor) and mask.dim() == 2:
                return mask.detach().bool()
    return None


def whole(part: torch.Tensor | None, step: Sighting, default: float) -> torch.Tensor:
    """A mask or bias written out as ``[batch, head or 1, query, key]``."""
    queries, keys = shape(step)
    batch = step.weights.shape[0]
    if part is None:
        return torch.full((batch, 1, queries, keys), default, device=step.weights.device)
    part = part.reshape((1,) * (4 - part.dim()) + tuple(part.shape))
    return part.expand(batch, part.shape[1], queries, keys)


def bias_rows(layer: Layer, spans: Sequence[slice], keys: int) -> torch.Tensor | None:
    """The biases of all steps under each other."""
    if all(step.bias is None for step in layer):
        return None
    rows = []
    for step, span in zip(layer, spans, strict=True):
        bias = whole(step.bias, step, default=0.0).expand(step.weights.shape)
        full = bias.new_zeros(*bias.shape[:-1], keys)
        full[..., span] = bias[..., : span.stop - span.start]
        rows.append(full)
    return torch.cat(rows, dim=-2)
