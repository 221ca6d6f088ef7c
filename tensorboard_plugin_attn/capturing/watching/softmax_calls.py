"""Softmaxes, and what their results meet → sightings of attention, or the reason why a softmax is none."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable

import torch

from tensorboard_plugin_attn.capturing.calls import softmax_matmul
from tensorboard_plugin_attn.capturing.calls.changed import CHANGED, as_met
from tensorboard_plugin_attn.capturing.calls.gating import GatedCall, of_axes
from tensorboard_plugin_attn.capturing.calls.held import held_sighting
from tensorboard_plugin_attn.capturing.calls.sighting import Sighting, in_float32
from tensorboard_plugin_attn.capturing.session import Session
from tensorboard_plugin_attn.capturing.tracing.axes import leaves
from tensorboard_plugin_attn.capturing.tracing.contraction import Contraction
from tensorboard_plugin_attn.capturing.tracing.facts import (
    Facts,
    KeyAxis,
    LogSoftmax,
    Lost,
    Product,
    Raised,
    Result,
    Scores,
    Unfollowed,
    WeightMap,
    Weights,
    started,
)
from tensorboard_plugin_attn.capturing.tracing.flow import Flow, contracts_features, descent, learned_scores
from tensorboard_plugin_attn.capturing.tracing.ops import Op
from tensorboard_plugin_attn.capturing.tracing.roles import scoring_of, weights_after
from tensorboard_plugin_attn.capturing.tracing.softmaxes import Made, is_normalised, late_softmax, spreads
from tensorboard_plugin_attn.capturing.watching.names import ModuleNames

__all__ = ["SoftmaxCalls"]

Describe = Callable[[Sighting, Facts | None, Facts | None], Sighting]
Sightings = list[Sighting]
REGROUPED = "chunked attention, or one softmax over several sets of keys: its result is regrouped before it meets the values"
UNFOLLOWED = (
    "it is written in steps that cannot be followed, or changed after them, and its rows do not sum to 1"
)
OF_ONE = "its softmax runs over a single number, which is 1, and its sum over others"
UNDIVIDED = (
    "exponentials of scores meet values and are never seen divided by their sum: linear attention, or a softmax "
    "whose steps cannot be followed"
)


class SoftmaxCalls:
    """Follows the results of softmaxes until they meet values; ``describe`` completes a sighting."""

    def __init__(self, session: Session, names: ModuleNames, flow: Flow, describe: Describe) -> None:
        self.session = session
        self.names = names
        self.flow = flow
        self.describe = describe
        self.recorded: weakref.WeakSet[WeightMap] = weakref.WeakSet()
        self.undivided: dict[int, str] = {}

    def see_softmax(self, made: Made, result: torch.Tensor) -> WeightMap:
        """Remember a softmax's result; whether it is attention shows when it meets values."""
        of, source = made.of, made.source
        role = scoring_of(None if source is None else source.role) if of is None else of.role
        found = WeightMap(
            Result(result),
            made.axes,
            made.axis,
            None if of is None else of.scores.detach(),
            made.axes if of is None else of.axes,
            role,
            self.names.name,
            is_masked=made.is_masked,
            is_constant=of is not None and source is None and self.flow.is_constant(of.scores),
            descends=source is not None,
            mechanism=made.mechanism,
        )
        self.session.see_softmax(found, tuple(result.shape))
        if source is None:
            self.flow.put(result, started(made.axes, Weights(found)))
        else:
            self.flow.put(result, Facts(made.axes, source.root, source.origins, Weights(found)))
        return found

    def see_contraction(self, op: Op, contraction: Contraction, result: torch.Tensor) -> Sightings:
        """A product: of weights with values, of queries with keys, or with anything else."""
        left, right = self.flow.get(contraction.left), self.flow.get(contraction.right)
        known = [facts for facts in (left, right) if facts is not None]
        constant = self.flow.is_constant(contraction.left), self.flow.is_constant(contraction.right)
        if not known:
            if all(constant):
                self.flow.put_constant(result, learned_scores(contraction))
            return []
        axes = contraction.out_axes(
            None if left is None else left.axes, None if right is None else right.axes, constant
        )
        root, origins = descent(known, projects=True, sums=False)
        sides = [(facts, facts is left) for facts in known if facts.role is not None]
        meets_known = len(known) == 2
        for facts, on_left in sides:
            found = self.map_that_meets(contraction, facts, on_left)
            if found is not None:
                self.flow.put(result, Facts(axes, root, origins))
                return self.see_values(contraction, facts, found, on_left, result)
            if meets_known and self.is_left_out(contraction, facts, on_left):
                self.flow.put(result, Facts(axes, root, origins))
                return []
        operands = [
            (tensor, facts)
            for tensor, facts in ((contraction.left, left), (contraction.right, right))
            if facts is not None
        ]
        mixed = next((one for one in operands if isinstance(one[1].role, Weights)), None)
        role = weights_after(op, mixed, operands, axes, result) if any(constant) and mixed else None
        if role is None and not isinstance(contraction.right, torch.nn.Parameter):
            sums_features = contracts_features(contraction, left, right)
            role = Scores(Product(contraction, axes, contraction.scale, left, right, sums_features, constant))
        self.flow.put(result, Facts(axes, root, origins, role))
        return []

    def map_that_meets(self, contraction: Contraction, facts: Facts, on_left: bool) -> WeightMap | None:
        """The softmax whose result is contracted along its own axis; one that was not followed shows in its rows."""
        role = facts.role
        if isinstance(role, Weights):
            meets = softmax_matmul.meets_values(contraction, facts.axes, role.map, on_left=on_left)
            return role.map if meets else None
        if not isinstance(role, Scores | Raised | LogSoftmax | Unfollowed):
            return None
        operand = contraction.left if on_left else contraction.right
        axis = softmax_matmul.contracted_axis(contraction, facts.axes, on_left=on_left)
        if axis is None or not is_normalised(operand, axis) or self.is_power(contraction, on_left):
            return None
        if scoring_of(role) is None and not spreads(
            operand, axis
        ):  # of no product, as a decay over one chunk
            return None
        if isinstance(role, Raised):  # of scores less their logsumexp, however that was written
            return self.see_softmax(Made(facts.axes, axis, role.of, facts, role.is_masked), operand)
        return self.see_softmax(Made(facts.axes, axis, None, facts, mechanism="normalised"), operand)

    def is_power(self, contraction: Contraction, on_left: bool) -> bool:
        """Whether a matrix meets itself or its own powers: a walk over a graph, no values under a map."""
        one, other = contraction.left, contraction.right
        one, other = (one, other) if on_left else (other, one)
        facts = self.flow.get(other)
        parts = [other]
        if facts is not None and isinstance(facts.role, Scores) and facts.role.product is not None:
            known = facts.role.product.contraction
            parts += [known.left, known.right]
        return any(each.data_ptr() == one.data_ptr() and each.numel() == one.numel() for each in parts)

    def is_left_out(self, contraction: Contraction, facts: Facts, on_left: bool) -> bool:
        """Whether this is a softmax that was lost on its way to the values, which is then named."""
        role = facts.role
        if isinstance(role, Lost) and role.map not in self.recorded:
            self.leave_out(role.map, REGROUPED)
            return True
        if not isinstance(role, Raised | LogSoftmax | Unfollowed) or not isinstance(role.of.role, Scores):
            return False
        product = role.of.role.product
        axis = softmax_matmul.contracted_axis(contraction, facts.axes, on_left=on_left)
        if axis is None or any(product.constant) or not product.contracts_features:
            return False
        if KeyAxis(facts.axes[axis], axis).within(role.of.axes) is None:
            return False
        if isinstance(role, Raised):
            self.undivided[role.of.number] = self.names.name
            return False
        self.session.leave_out(self.names.name, "softmax", UNFOLLOWED)
        return True

    def see_values(
        self,
        contraction: Contraction,
        facts: Facts,
        found: WeightMap,
        on_left: bool,
        result: torch.Tensor | None,
    ) -> Sightings:
        """Record a softmax that meets values."""
        operand = contraction.left if on_left else contraction.right
        own, is_known = found, True
        if isinstance(facts.role, Weights) and facts.role.is_changed and found not in self.recorded:
            axis = softmax_matmul.contracted_axis(contraction, facts.axes, on_left=on_left)
            met, is_known = as_met(operand, axis, facts, facts.role)
            if met is None:
                self.recorded.add(own)
                self.leave_out(own, CHANGED)
                return []
            found = met
        is_constant = self.flow.is_constant(contraction.right if on_left else contraction.left)
        padding = self.session.padding

        def layout_of() -> softmax_matmul.Layout:
            return softmax_matmul.layout_of(
                contraction,
                facts.axes,
                found,
                on_left=on_left,
                heads=self.names.heads,
                values_are_constant=is_constant,
                inputs=None if padding.holds_images else padding.batch,
            )

        sightings = self.see_weights(found, layout_of)
        self.recorded.add(own)
        for sighting, layout in sightings:
            sighting.rounded = facts.role.rounded if isinstance(facts.role, Weights) else None
            if is_known and result is not None:
                softmax_matmul.add_values(sighting, contraction, facts.axes, layout, result, on_left=on_left)
        return [sighting for sighting, _ in sightings]

    def see_late_division(self, op: Op) -> Sightings:
        """Exponentials met the values first, and are divided by their sum now."""
        late = late_softmax(op, self.flow)
        if late is None:
            return []
        if late.made.of is not None:
            self.undivided.pop(late.made.of.number, None)
        found = self.see_softmax(late.made, late.weights)
        facts = self.flow.get(late.weights)
        contraction = late.product.contraction
        if facts is None or not softmax_matmul.meets_values(
            contraction, facts.axes, found, on_left=late.on_left
        ):
            return []
        return self.see_values(contraction, facts, found, late.on_left, None)

    def see_weighted_sum(self, op: Op, result: torch.Tensor) -> Sightings:
        """Values multiplied with weights and summed over the keys, without a matmul."""
        facts, summed = self.flow.get(op.first), self.flow.get(result)
        role = None if facts is None else facts.role
        if facts is None or not isinstance(role, Weights) or role.rows is None or summed is None:
            return []
        found, rows = role.map, role.rows
        kept = {atom for axis in summed.axes for atom in leaves(axis)}
        if kept & set(leaves(found.axes[found.axis])):
            return []
        if sums_others(op, found):
            self.leave_out(found, OF_ONE)
            return []
        sightings = self.see_weights(found, lambda: softmax_matmul.layout_of_sum(found, rows))
        for sighting, layout in sightings:
            sighting.rounded = role.rounded
            if role.values is not None and not role.is_changed:
                softmax_matmul.add_summed(sighting, role.values, facts.axes, layout, result)
        return [sighting for sighting, _ in sightings]

    def see_weights(
        self, found: WeightMap, layout_of: Callable[[], softmax_matmul.Layout]
    ) -> list[tuple[Sighting, softmax_matmul.Layout]]:
        """Record one map, or leave it out with the reason."""
        self.session.met_values(found)
        gates = self.session.gates
        if found in self.recorded or found.whole in self.recorded:
            if gates is not None:
                gates.open_again(found, found.whole)
            return []
        self.recorded.add(found)
        try:
            layout = layout_of()
            inputs = self.session.padding.batch
            if softmax_matmul.is_chunked(layout, inputs) and not self.session.padding.holds_images:
                raise softmax_matmul.NotTokens("chunked attention: its maps are chunks of the tokens")
            if softmax_matmul.mixes_stack(layout, inputs):
                raise softmax_matmul.NotTokens("its keys are states of one token, stacked")
            if gates is not None:
                place = of_axes(self.names.name, layout.batch, layout.head)
                sizes = (math.prod(atom.size for atom in part) for part in (layout.batch, layout.head))
                gates.open(GatedCall(self.session.count, self.names.name, *sizes), place, found)
            if not self.session.is_wanted:
                self.session.skip(self.names.name)
                return []
            with in_float32(found.weights):
                sighting = self.sighting_of(layout, found)
        except softmax_matmul.NotTokens as reason:
            self.leave_out(found, str(reason))
            return []
        product = found.product
        sides = (None, None) if product is None else (product.left_facts, product.right_facts)
        return [(self.describe(sighting, *sides), layout)]

    def sighting_of(self, layout: softmax_matmul.Layout, found: WeightMap) -> Sighting:
        """A map laid out by head and token, to be read in blocks where the receiver takes those."""
        streams, with_vectors = self.session.streams, self.session.query_key
        held = (
            None
            if streams is None
            else held_sighting(layout, found, with_vectors=with_vectors, streams=streams)
        )
        return held or softmax_matmul.sighting_of(layout, found, with_vectors=with_vectors)

    def leave_out(self, found: WeightMap, reason: str) -> None:
        """A softmax that is no attention over tokens."""
        self.session.met_values(found)
        self.session.leave_out(self.names.name, "softmax", reason)

    def finish(self) -> None:
        """The model has run: name what met values and was not seen to become a softmax."""
        for module in self.undivided.values():
            self.session.leave_out(module, "softmax", UNDIVIDED)
        self.undivided = {}


def sums_others(op: Op, found: WeightMap) -> bool:
    """Whether a softmax over a single number is summed along another axis."""
    axis = op.axis()
    if axis is None or leaves(found.axes[found.axis]):
        return False
    return bool(op.first.shape[axis] > 1) or (op.first.dim() == len(found.axes) and axis != found.axis)
