"""A softmax whose result is contracted with values along its own axis → its weights, laid out by head and token.

Which axis is batch, head, query or key is read off the axes' atoms: what came out of a projection is a head,
what the softmax ran over is the key. Without such knowledge the usual order ``[batch, head, query, key]`` holds.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field

import torch

from tensorboard_plugin_attn.capturing.calls.held_blocks import in_full_precision
from tensorboard_plugin_attn.capturing.calls.masks import seen_in_scores
from tensorboard_plugin_attn.capturing.calls.sighting import Sighting, traces_of
from tensorboard_plugin_attn.capturing.tracing.axes import (
    Atom,
    Axes,
    Axis,
    arranged,
    fresh,
    holds,
    leaves,
    sizes,
)
from tensorboard_plugin_attn.capturing.tracing.contraction import Contraction
from tensorboard_plugin_attn.capturing.tracing.facts import Product, WeightMap

__all__ = [
    "SLICED",
    "Layout",
    "NotTokens",
    "add_summed",
    "add_values",
    "contracted_axis",
    "is_chunked",
    "layout_of",
    "layout_of_sum",
    "meets_values",
    "mixes_stack",
    "sighting_of",
    "vectors_of",
]


class NotTokens(Exception):  # noqa: N818 - the outcome of a reading, not a fault
    """The map is no attention of tokens to tokens; the message says why."""


@dataclass
class Layout:
    """The atoms of a map by their part."""

    batch: list[Atom] = field(default_factory=list)
    head: list[Atom] = field(default_factory=list)
    query: list[Atom] = field(default_factory=list)
    key: list[Atom] = field(default_factory=list)

    @property
    def parts(self) -> list[list[Atom]]:
        return [self.batch, self.head, self.query, self.key]


def meets_values(contraction: Contraction, axes: Axes, found: WeightMap, *, on_left: bool) -> bool:
    """Whether the contraction runs over exactly the axis that the softmax ran over."""
    labels = contraction.left_labels if on_left else contraction.right_labels
    contracted = contraction.contracted
    met = [
        atom for label, axis in zip(labels, axes, strict=True) if label in contracted for atom in leaves(axis)
    ]
    return set(met) == set(leaves(found.axes[found.axis]))


def contracted_axis(contraction: Contraction, axes: Axes, *, on_left: bool) -> int | None:
    """The one axis of an operand along which the contraction runs; None when it runs along several."""
    labels = contraction.left_labels if on_left else contraction.right_labels
    places = [index for index, label in enumerate(labels) if label in contraction.contracted]
    return places[0] if len(places) == 1 and len(axes) == len(labels) else None


def layout_of(
    contraction: Contraction,
    axes: Axes,
    found: WeightMap,
    *,
    on_left: bool,
    heads: int | None,
    values_are_constant: bool = False,
    inputs: int | None = None,
) -> Layout:
    """Sort the map's atoms into batch, head, query and key; ``inputs``: how many there are, where that tells.

    Raises:
        NotTokens: rows or columns are features, or keys or values are parameters.
    """
    if values_are_constant and found.product is None and found.descends:
        raise NotTokens("its values are parameters, and its scores no product of queries and keys")
    labels, others = contraction.left_labels, contraction.right_labels
    if not on_left:
        labels, others = others, labels
    by_label = dict(zip(labels, axes, strict=True))
    shared = [atom for label in labels if label in others for atom in leaves(by_label[label])]
    rows = {label: leaves(by_label[label]) for label in labels if label not in others}
    free = [atom for row in rows.values() for atom in row]
    is_one_query = not all(rows.values()) or are_heads(free, shared, found, heads)
    return sorted_layout(found, shared, free, heads, is_one_query=is_one_query, inputs=inputs)


def are_heads(free: list[Atom], shared: list[Atom], found: WeightMap, heads: int | None) -> bool:
    """Whether rows that came out of a projection are the heads of one query, all with one key, and not queries."""
    if not free or found.product is None or any(atom.is_feature for atom in shared):
        return False
    return heads == math.prod(atom.size for atom in free) and all(atom.is_feature for atom in free)


def layout_of_sum(found: WeightMap, rows: Collection[Atom]) -> Layout:
    """A map that was multiplied with values and summed; ``rows``: its atoms that the values lack."""
    own = [atom for index, axis in enumerate(found.axes) if index != found.axis for atom in leaves(axis)]
    shared, free = [atom for atom in own if atom not in rows], [atom for atom in own if atom in rows]
    return sorted_layout(found, shared, free, None, is_one_query=False)


def sorted_layout(
    found: WeightMap,
    shared: list[Atom],
    free: list[Atom],
    heads: int | None,
    *,
    is_one_query: bool,
    inputs: int | None = None,
) -> Layout:
    """Free atoms are queries and shared ones batch, features among either are heads.

    Where all free atoms are features they are the queries, unless one query's axis of size 1 stands beside them.
    """
    layout = Layout(key=leaves(found.axes[found.axis]))
    own = [atom for index, axis in enumerate(found.axes) if index != found.axis for atom in leaves(axis)]
    only_features = all(atom.is_feature for atom in free) and not is_one_query
    for atom in own:
        if atom in free and (only_features or not atom.is_feature):
            layout.query.append(atom)
        elif (atom in shared or atom in free) and not atom.is_feature:
            layout.batch.append(atom)
        else:
            layout.head.append(atom)
    if not layout.head:
        place_heads(layout, found, heads, inputs)
    check_tokens(layout, found)
    return layout


def place_heads(layout: Layout, found: WeightMap, heads: int | None, inputs: int | None) -> None:
    """Without knowledge of projections: the last axis before the map is the heads', or the module says how many.

    Where it does not, and inputs and heads stand in one axis, the inputs stand first, as in ``view(batch * heads, …)``.
    """
    outer = [leaves(axis) for index, axis in enumerate(found.axes) if index != found.axis]
    outer = [axis for axis in outer if axis and all(atom in layout.batch for atom in axis)]
    if len(outer) > 1:
        layout.head = outer[-1]
    elif is_one_input(found, heads):
        layout.head = [*layout.batch]
    elif len(outer) == 1:
        layout.batch, layout.head = parted(outer[0], heads, inputs)
    layout.batch = [atom for atom in layout.batch if atom not in layout.head]


def parted(axis: list[Atom], heads: int | None, inputs: int | None) -> tuple[list[Atom], list[Atom]]:
    """An axis of inputs and heads → the atoms of the inputs and those of the heads."""
    if heads == 1:
        return axis, []
    if heads is not None:
        batch, rest = cut_at(axis, sizes(axis) // heads)
        if rest and sizes(rest) == heads:
            return batch, rest
        first, rest = cut_at(axis, heads) if len(axis) > 1 else (axis, [])
        if rest:
            return rest, first
    if inputs is None or inputs == sizes(axis):
        return axis, []
    batch, rest = cut_at(axis, inputs)
    return (batch, rest) if rest else (axis, [])


def cut_at(axis: list[Atom], size: int) -> tuple[list[Atom], list[Atom]]:
    """The first atoms, as many as make up a size, and the others; all and none where no cut fits.

    An axis of one atom is cut in two.
    """
    if len(axis) == 1:
        whole = axis[0].size
        if size and whole % size == 0:
            first, second = axis[0].split(size)
            return [first], [second]
        return axis, []
    for place in range(len(axis)):
        if sizes(axis[:place]) == size:
            return axis[:place], axis[place:]
    return axis, []


def is_one_input(found: WeightMap, heads: int | None) -> bool:
    """Whether a map ``[1, n, query, key]`` of unknown descent has its heads at the second place, as is usual.

    Where the module says how many heads it has, n is that many, or a share of them on one of several ranks.
    """
    if len(found.axes) != 4 or found.axis != 3 or found.axes[0] or not found.axes[1]:
        return False
    count = math.prod(atom.size for atom in leaves(found.axes[1]))
    return heads is None or heads % count == 0


def check_tokens(layout: Layout, found: WeightMap) -> None:
    """Leave out maps whose rows or columns are channels, or whose heads cannot be told from the batch."""
    if any(atom.is_mixed for part in layout.parts for atom in part):
        raise NotTokens(SLICED)
    if found.is_constant and found.product is None and not layout.query:
        raise NotTokens("a mixture whose weights are parameters")
    rows = bool(layout.query) and all(atom.is_feature for atom in layout.query)
    columns = bool(layout.key) and all(atom.is_feature for atom in layout.key)
    if found.product is None and (rows or columns):
        raise NotTokens("its rows or columns are features and its scores no product of queries and keys")
    if found.product is None:
        return
    if rows and columns and not found.product.contracts_features:
        raise NotTokens("channel attention: its rows and columns are channels, not tokens")
    constant = [
        holds
        for holds, given in zip(holds_keys(found.product, layout), found.product.constant, strict=True)
        if given
    ]
    if constant and constant[0]:
        raise NotTokens("its keys are parameters, not tokens")


def mixes_stack(layout: Layout, inputs: int | None) -> bool:
    """Whether keys are states stacked for each token; a cache of one token and a second one has inputs beside it."""
    beside = math.prod(atom.size for atom in (*layout.batch, *layout.head) if not atom.is_feature)
    return any(atom.is_stack for atom in layout.key) and inputs is not None and beside not in (1, inputs)


def is_chunked(layout: Layout, inputs: int | None) -> bool:
    """Whether queries were cut out of a longer axis, the rest of which stands beside the map.

    Experts take the tokens of all inputs as one axis, which is cut into the inputs again: these are no chunks.
    """
    wholes = {whole for atom in layout.query for whole in atom.wholes()}
    is_cut = any(whole in wholes for atom in layout.batch for whole in atom.wholes())
    return is_cut and math.prod(atom.size for atom in layout.batch) != inputs


def sighting_of(layout: Layout, found: WeightMap, *, with_vectors: bool) -> Sighting:
    """Lay out weights, mask and, when asked for, query, key and bias."""
    kept = found.weights
    if kept is None:
        raise NotTokens("its weights were gone before they met the values")
    model_dtype = kept.dtype if found.product is None else found.product.contraction.left.dtype
    weights = arranged(kept.detach(), found.axes, layout.parts).float()
    scores = scores_of(found, layout, weights)
    if kept.dtype.itemsize < 4 and scores is not None:
        weights = in_full_precision(weights, scores)
    sighting = Sighting(weights, mechanism=found.mechanism, dtype=str(model_dtype).removeprefix("torch."))
    if scores is not None:
        allowed = seen_in_scores(scores)
        sighting.allowed = allowed if allowed is None else shared_mask(allowed)
        seen = scores if allowed is None else scores.masked_fill(~allowed, -torch.inf)
        sighting.row_scores = seen.amax(-1) if seen.shape[-1] else None
    sighting.knows_mask = scores is not None
    if found.product is None:
        return sighting
    sighting.scale = found.product.scale
    vectors = vectors_of(found.product, layout, weights)
    sighting.traces = None if vectors is None else traces_of(vectors[1])
    if with_vectors and vectors is not None:
        sighting.query, sighting.key = vectors
        sighting.bias = None if scores is None else bias_of(scores, sighting)
    return sighting


def scores_of(found: WeightMap, layout: Layout, weights: torch.Tensor) -> torch.Tensor | None:
    """The scores laid out as the weights, float32; −inf where a key was hidden after they were computed."""
    if found.scores is None or not holds(found.axes, found.scores_axes):
        return None
    scores = arranged(found.scores.detach(), found.scores_axes, layout.parts).float()
    if scores.shape != weights.shape:
        return None
    return scores.masked_fill(weights == 0, -torch.inf) if found.is_masked else scores


def add_values(
    sighting: Sighting,
    contraction: Contraction,
    axes: Axes,
    layout: Layout,
    output: torch.Tensor,
    *,
    on_left: bool,
) -> None:
    """Give a sighting the values and what the product with them gave, where both are laid out by batch and head."""
    labels, values = contraction.left_labels, contraction.right
    other_labels = contraction.right_labels
    if not on_left:
        labels, values, other_labels = contraction.right_labels, contraction.left, contraction.left_labels
    by_label = dict(zip(labels, axes, strict=True))
    own = {
        label: fresh((size,))[0]
        for label, size in zip(other_labels, values.shape, strict=True)
        if label not in by_label
    }
    width = [atom for axis in own.values() for atom in axis]
    by_label |= own
    given = laid_out(values, other_labels, by_label, [layout.batch, layout.head, layout.key, width])
    found = laid_out(
        output, contraction.out_labels, by_label, [layout.batch, layout.head, layout.query, width]
    )
    batch, heads, queries, _ = sighting.weights.shape
    if given is None or found is None or found.shape[:3] != (batch, heads, queries):
        return
    sighting.value, sighting.output = given.expand(batch, -1, -1, -1), found


def add_summed(
    sighting: Sighting, values: torch.Tensor, axes: Axes, layout: Layout, output: torch.Tensor
) -> None:
    """As ``add_values``, of values that were multiplied with weights and summed; ``axes``: of the product."""
    every = {atom for part in layout.parts for atom in part}
    width = [atom for axis in axes for atom in leaves(axis) if atom not in every]
    labels = tuple(map(str, range(len(axes))))
    by_label = dict(zip(labels, axes, strict=True))
    key = set(layout.key)
    left = [label for label in labels if not key.intersection(leaves(by_label[label]))]
    given = laid_out(
        values, labels[len(labels) - values.dim() :], by_label, [layout.batch, layout.head, layout.key, width]
    )
    out_labels = labels if output.dim() == len(labels) else tuple(left)
    if output.dim() != len(out_labels):
        return
    found = laid_out(output, out_labels, by_label, [layout.batch, layout.head, layout.query, width])
    batch, heads, queries, _ = sighting.weights.shape
    if given is not None and found is not None and found.shape[:3] == (batch, heads, queries):
        sighting.value, sighting.output = given.expand(batch, -1, -1, -1), found


def laid_out(
    tensor: torch.Tensor, labels: tuple[str, ...], axes: dict[str, Axis], parts: list[list[Atom]]
) -> torch.Tensor | None:
    """A tensor with one dimension per part; None where it has others, or other sizes."""
    by_size = [
        (axes[label] if size != 1 else (), size) for label, size in zip(labels, tensor.shape, strict=True)
    ]
    every = {atom for part in parts for atom in part}
    if any(sizes(axis) != size or not every.issuperset(leaves(axis)) for axis, size in by_size):
        return None
    return arranged(tensor.detach(), tuple(axis for axis, _ in by_size), parts)


def shared_mask(allowed: torch.Tensor) -> torch.Tensor:
    """A mask that is the same for all heads (and inputs) once."""
    if bool((allowed == allowed[:, :1]).all()):
        allowed = allowed[:, :1]
    return allowed[:1].clone() if bool((allowed == allowed[:1]).all()) else allowed.clone()


def vectors_of(
    product: Product, layout: Layout, weights: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Query ``[batch, head, query, d]`` and key ``[batch, kv_head, key, d]`` of the scores' product."""
    operands = product.operands()
    width = Atom(operands[0].shape[-1])
    sides = []
    for operand in operands:
        axes = tuple(
            axis if size != 1 else () for axis, size in zip(product.axes, operand.shape[:-1], strict=True)
        )
        sides.append((operand, (*axes, (width,)), [atom for axis in axes for atom in leaves(axis)]))
    holds = holds_keys(product, layout)
    if not any(holds):
        return None
    key, query = (sides[0], sides[1]) if holds[0] else (sides[1], sides[0])
    if not set(layout.query) <= set(query[2]):
        return None
    batch, heads = weights.shape[:2]
    queries = arranged(query[0], query[1], [layout.batch, layout.head, layout.query, [width]])
    keys = arranged(key[0], key[1], [layout.batch, layout.head, layout.key, [width]])
    queries = queries.expand(batch, heads, -1, -1).contiguous()
    return queries, shared_heads(keys.expand(batch, -1, -1, -1))


def holds_keys(product: Product, layout: Layout) -> tuple[bool, bool]:
    """Which operand of the scores' product the keys come from."""
    contraction = product.contraction
    found = []
    for tensor, labels in (
        (contraction.left, contraction.left_labels),
        (contraction.right, contraction.right_labels),
    ):
        wide = [label for label, size in zip(labels, tensor.shape, strict=True) if size != 1]
        atoms = {
            atom
            for label, axis in zip(contraction.out_labels, product.axes, strict=True)
            if label in wide
            for atom in leaves(axis)
        }
        found.append(set(layout.key) <= atoms and not set(layout.query) & atoms)
    return (False, True) if all(found) else (found[0], found[1])


def shared_heads(key: torch.Tensor) -> torch.Tensor:
    """Keys that were repeated for groups of heads, once per group."""
    batch, heads, keys, width = key.shape
    for groups in range(1, heads):
        if heads % groups == 0:
            grouped = key.reshape(batch, groups, heads // groups, keys, width)
            if torch.equal(grouped, grouped[:, :, :1].expand_as(grouped)):
                return grouped[:, :, 0].contiguous()
    return key.contiguous()


def bias_of(scores: torch.Tensor, sighting: Sighting) -> torch.Tensor | None:
    """What was added to ``q · k · scale``, where a key may be seen; None when it is rounding alone."""
    assert_query, key = sighting.query, sighting.key
    if assert_query is None or key is None:
        return None
    query = assert_query.float()
    groups = query.shape[1] // key.shape[1]
    key = key.float().repeat_interleave(groups, dim=1) if groups > 1 else key.float()
    plain = query @ key.transpose(-1, -2) * (1.0 if sighting.scale is None else sighting.scale)
    bias = scores - plain
    if sighting.allowed is not None:
        bias = torch.where(sighting.allowed, bias, 0.0)
    rounding = ROUNDING * torch.finfo(torch.float32).eps * float(plain.abs().amax().clamp(min=1.0))
    if float(bias.abs().max()) <= rounding or is_shift(bias, sighting.allowed, rounding):
        return None
    if bool((bias == bias[:, :1]).all()):
        bias = bias[:, :1]
    return bias.clone()


def is_shift(bias: torch.Tensor, allowed: torch.Tensor | None, rounding: float) -> bool:
    """Whether the same number was added to all keys of a query, which changes no weight: the row's maximum."""
    above = bias if allowed is None else torch.where(allowed, bias, -torch.inf)
    below = bias if allowed is None else torch.where(allowed, bias, torch.inf)
    return bool((above.amax(-1) - below.amin(-1) <= rounding).all())


SLICED = "a slice of batch and heads together: run it without attention slicing"
ROUNDING = 64
"""How many units in the last place of the largest score count as rounding."""
