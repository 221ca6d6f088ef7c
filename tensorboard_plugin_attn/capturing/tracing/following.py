"""A torch function that is no attention itself → what is known of its results, from what is known of its operands."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch

from tensorboard_plugin_attn.capturing.tracing.axes import Atom, Axes, distinct, fresh, leaves, sizes
from tensorboard_plugin_attn.capturing.tracing.flow import Facts, Flow, WeightMap, descent, started
from tensorboard_plugin_attn.capturing.tracing.layouts import PROJECTIONS, RULES, result_axes
from tensorboard_plugin_attn.capturing.tracing.spelled_out import carry_exponential

__all__ = ["Following", "every_tensor", "tensors_in"]

SUMS = frozenset(
    ("add", "__add__", "__radd__", "__iadd__", "add_", "sub", "__sub__", "lerp", "addcmul", "where")
)
SLICES = frozenset(("__getitem__", "narrow", "split", "chunk", "index_select", "split_with_sizes"))
REGROUPINGS = SLICES | frozenset(
    (
        *("pad", "as_strided", "view", "reshape", "transpose", "permute", "cat", "dropout", "masked_fill"),
        *("contiguous", "type_as", "to", "unfold", "flatten", "expand", "roll", "unsqueeze", "squeeze"),
    )
)
SCALINGS = {
    "mul": 1,
    "__mul__": 1,
    "__rmul__": 1,
    "__imul__": 1,
    "mul_": 1,
    "multiply": 1,
    "div": -1,
    "__truediv__": -1,
    "__itruediv__": -1,
    "div_": -1,
    "divide": -1,
    "true_divide": -1,
}
JOINS = frozenset(("cat", "concat", "concatenate", "stack"))
CHANGING = frozenset(RULES) | PROJECTIONS | JOINS | {"exp", "exp_", "log_softmax", "__setitem__"}


class Following:
    """Carries facts from tensor to tensor."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow

    def follow(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        """Any other function: its results descend from its operands."""
        operands = list(tensors_in(args, kwargs))
        get = self.flow.get
        known = [(tensor, facts) for tensor in operands if (facts := get(tensor)) is not None]
        if len(known) == 1 and isinstance(result, torch.Tensor) and self.same(name, *known[0], result):
            return
        if not known and not self.starts(name, operands):
            self.note_constants(name, args, kwargs, operands, result)
            return
        if name == "__setitem__":
            result = args[0]
        for one in (result,) if isinstance(result, torch.Tensor) else result:
            if isinstance(one, torch.Tensor) and not one.is_nested:
                self.descend(name, args, kwargs, known, one)

    def same(self, name: str, tensor: torch.Tensor, facts: Facts, result: torch.Tensor) -> bool:
        """The common case, quickly: an element-wise function of one tensor that is neither scores nor weights."""
        if (
            name in CHANGING
            or tensor.shape != result.shape
            or facts.product is not None
            or facts.weights is not None
            or facts.raised is not None
        ):
            return False
        if result is not tensor:
            self.flow.put(result, facts)
        return True

    def starts(self, name: str, operands: list[torch.Tensor]) -> bool:
        """Whether a function of unknown tensors starts a line: an embedding, or the first projection of an input."""
        return name == "embedding" or (
            name in PROJECTIONS and any(not self.flow.is_constant(operand) for operand in operands)
        )

    def note_constants(
        self,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        operands: list[torch.Tensor],
        result: Any,
    ) -> None:
        """What is made from parameters alone is constant; scores among them stay scores while they are scaled."""
        if not operands or not isinstance(result, torch.Tensor):
            return
        given = [self.flow.is_constant(operand) for operand in operands if operand.is_floating_point()]
        if given and all(given):
            scores = self.flow.learned_scores(operands[0])
            if scores is not None and name in SCALINGS and result.shape == operands[0].shape:
                scaled = Facts(scores.axes, scores.root, scores.origins)
                self.carry_product(name, args, kwargs, [scores], scaled)
                self.flow.put_constant(result, scaled)
            else:
                self.flow.put_constant(result)

    def descend(
        self,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        known: list[tuple[torch.Tensor, Facts]],
        result: torch.Tensor,
    ) -> None:
        shape = tuple(result.shape)
        if not known:
            self.flow.put(result, started(result_axes(name, fresh(shape), args, kwargs, shape)))
            return
        first = known[0][1]
        axes: Axes | None = None
        if len(known) > 1 and name not in CHANGING:
            alike = all(one.shape == shape for one, _ in known)
            axes = first.axes if alike else broadcast([facts.axes for _, facts in known], shape)
        if axes is None:
            axes = result_axes(name, first.axes, args, kwargs, shape)
        every = [facts for _, facts in known]
        root, origins = descent(every, projects=name in PROJECTIONS, sums=name in SUMS)
        if name in JOINS:
            axes = joined(args, kwargs, known, axes, shape)
        facts = Facts(axes, root, origins)
        if any(one.is_scores for one in every):
            facts.joins = any(one.joins for one in every)
            if any(one.product is not None or one.widened is not None for one in every):
                self.carry_product(name, args, kwargs, every, facts)
            if any(one.weights is not None or one.lost is not None for one in every):
                self.carry_weights(known, facts, result, name)
                if name in SCALINGS and facts.weights is not None:
                    facts.rows = rows_beside_values(known)
            carry_exponential(name, every, facts)
        self.flow.put(result, facts)

    def carry_product(
        self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], known: list[Facts], facts: Facts
    ) -> None:
        """Scores stay scores while every axis of theirs is there; a number they are multiplied with is kept."""
        atoms = {atom for axis in facts.axes for atom in leaves(axis)}
        for one in known:
            product = one.product
            if product is not None and all(atom in atoms for axis in product.axes for atom in leaves(axis)):
                factor = number_in(args, kwargs) if name in SCALINGS else None
                if factor is not None:
                    factor = factor if SCALINGS[name] > 0 else 1 / factor
                    product = replace(product, scale=product.scale * factor)
                facts.product = product
                return
        if name in JOINS or name == "pad":
            of_tokens = [one.product for one in known if one.product and not any(one.product.constant)]
            facts.joins = facts.joins or len(of_tokens) > 1
            facts.widened = None if facts.joins else next(iter(of_tokens), known[0].product)
        elif len(known) == 1 or all(one.widened is None for one in known[1:]):
            facts.widened = known[0].widened if known[0].axes == facts.axes else None

    def carry_weights(
        self, known: list[tuple[torch.Tensor, Facts]], facts: Facts, result: torch.Tensor, name: str
    ) -> None:
        """A softmax's result stays one while its tokens are there; a slice of its keys starts a map of its own."""
        tensor, first = next(
            (one for one in known if one[1].weights is not None or one[1].lost is not None), known[0]
        )
        found = first.weights
        if found is None:
            facts.lost = first.lost if name in REGROUPINGS else None
            return
        atoms = {atom for axis in facts.axes for atom in leaves(axis)}
        gone = [
            index
            for index, axis in enumerate(found.axes)
            if not all(atom in atoms for atom in leaves(axis) if not atom.is_feature or index == found.axis)
        ]
        if not gone:
            facts.weights, facts.kept = found, tensor if first.kept is None else first.kept
        elif (
            gone == [found.axis] and name in SLICES and not found.joins and len(facts.axes) == len(found.axes)
        ):
            facts.weights = cut_to_keys(found, facts, tensor, result)
        elif name in REGROUPINGS and not all(atom.is_feature for atom in leaves(found.axes[found.axis])):
            facts.lost = found


def rows_beside_values(known: list[tuple[torch.Tensor, Facts]]) -> frozenset[Atom] | None:
    """The atoms of weights that the values, which they are multiplied with, lack; None when those are no values.

    Values are wider than the weights by their features.
    """
    if len(known) != 2:
        return None
    (_, weights), (_, values) = known if known[0][1].weights is not None else reversed(known)
    width = max(len(weights.axes), len(values.axes))
    ours, theirs = (((),) * (width - len(one.axes)) + one.axes for one in (weights, values))
    wide = [atom for mine, other in zip(ours, theirs, strict=True) if not mine for atom in leaves(other)]
    if not any(atom.is_feature for atom in wide):
        return None
    return frozenset(
        atom for mine, other in zip(ours, theirs, strict=True) if not other for atom in leaves(mine)
    )


def cut_to_keys(found: WeightMap, facts: Facts, whole: torch.Tensor, result: torch.Tensor) -> WeightMap:
    """The map without the columns of sinks: its scores are those of the product that was widened by them."""
    product = found.widened
    keys = int(result.shape[found.axis])
    is_view = result.untyped_storage().data_ptr() == whole.untyped_storage().data_ptr()
    fits = product is not None and len(product.axes) == len(facts.axes)
    if product is None or not is_view or not fits or sizes(product.axes[found.axis]) != keys:
        return replace(
            found, reference=weakref.ref(result), axes=facts.axes, product=None, scores=None, copy=None
        )
    facts.axes = product.axes
    start = (result.storage_offset() - whole.storage_offset()) // whole.stride(found.axis)
    scores = None if found.scores is None else found.scores.narrow(found.axis, start, keys)
    return replace(
        found, reference=weakref.ref(result), axes=product.axes, product=product, scores=scores, copy=None
    )


def joined(
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    known: list[tuple[torch.Tensor, Facts]],
    axes: Axes,
    shape: tuple[int, ...],
) -> Axes:
    """Axes of pieces put together: of one tensor they are heads when they were cut out of features, else a stack."""
    pieces = args[0] if args else kwargs.get("tensors", ())
    axis = args[1] if len(args) > 1 else kwargs.get("dim", 0)
    if len(pieces) != len(known) or len(pieces) == 1:
        return axes
    axis %= len(shape)
    one = known[0][1].axes
    is_new = len(one) < len(shape)
    whole = None if is_new else [atom for _, facts in known for atom in leaves(facts.axes[axis])]
    after = one[axis:] if is_new else one[axis + 1 :]
    alike = len({tuple(piece.shape) for piece in pieces}) == 1
    if alike and len({facts.root for _, facts in known}) == 1:
        piece = Atom(len(pieces), is_feature=True)
        if whole is None:
            return (*one[:axis], (piece,), *after)
        is_feature = any(atom.is_feature for atom in one[axis])
        return axes if is_feature else (*one[:axis], (piece, *one[axis]), *after)
    if all(atom.is_stack for atom in whole or ()):
        return (*one[:axis], (Atom(shape[axis], is_stack=True),), *after)
    return axes


SEQUENCES = (list, tuple)


def tensors_in(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[torch.Tensor]:
    """The tensors among a call's arguments, one level of lists included."""
    for one in (*args, *kwargs.values()):
        if isinstance(one, torch.Tensor):
            yield one
        elif isinstance(one, SEQUENCES):
            for inner in one:
                if isinstance(inner, torch.Tensor):
                    yield inner


def every_tensor(inputs: Any) -> Iterator[torch.Tensor]:
    """The tensors anywhere in a model's inputs."""
    if isinstance(inputs, torch.Tensor):
        yield inputs
    elif isinstance(inputs, Mapping):
        yield from every_tensor(tuple(inputs.values()))
    elif isinstance(inputs, list | tuple):
        for one in inputs:
            yield from every_tensor(one)


def number_in(args: tuple[Any, ...], kwargs: dict[str, Any]) -> float | None:
    """The number that a tensor is multiplied with or divided by."""
    for one in (*args, *kwargs.values()):
        if isinstance(one, int | float) and not isinstance(one, bool):
            return float(one)
        if isinstance(one, torch.Tensor) and one.numel() == 1:
            return float(one.detach())
    return None


def broadcast(several: list[Axes], shape: tuple[int, ...]) -> Axes | None:
    """Axes of an element-wise result of several tensors; None when the function is no such thing."""
    result = list(fresh(shape))
    filled = [size == 1 for size in shape]
    for axes in several:
        if len(axes) > len(shape):
            return None
        offset = len(shape) - len(axes)
        for index, axis in enumerate(axes):
            if sizes(axis) not in (1, shape[index + offset]):
                return None
            if sizes(axis) == shape[index + offset] and not filled[index + offset]:
                result[index + offset], filled[index + offset] = axis, True
    return distinct(tuple(result))
