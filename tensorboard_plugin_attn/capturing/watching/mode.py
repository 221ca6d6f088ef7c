"""Every torch function a model calls, seen while it runs → sightings of attention, handed on in call order.

One TorchFunctionMode. The model's own call always runs first and unchanged; what is captured is computed aside.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from tensorboard_plugin_attn.capturing.calls import softmax_matmul
from tensorboard_plugin_attn.capturing.calls.kinds import kind_by_flow
from tensorboard_plugin_attn.capturing.calls.sighting import Sighting, in_float32
from tensorboard_plugin_attn.capturing.session import Session
from tensorboard_plugin_attn.capturing.tracing.axes import fresh, leaves
from tensorboard_plugin_attn.capturing.tracing.contraction import Contraction, read_contraction
from tensorboard_plugin_attn.capturing.tracing.flow import (
    Facts,
    Flow,
    Product,
    WeightMap,
    contracts_features,
    descent,
    learned_scores,
    started,
)
from tensorboard_plugin_attn.capturing.tracing.following import Following, every_tensor
from tensorboard_plugin_attn.capturing.tracing.spelled_out import DIVISIONS, STEPS, SpelledOut
from tensorboard_plugin_attn.capturing.watching.fused import FUSED, FusedCalls
from tensorboard_plugin_attn.capturing.watching.multihead import MULTIHEAD
from tensorboard_plugin_attn.capturing.watching.names import ModuleNames, is_backward

__all__ = ["AttentionMode"]

TRANSPOSING = frozenset(("T", "mT", "H", "mH"))
QUIET = {
    getattr(torch.Tensor, name)
    for name in (
        "size",
        "dim",
        "numel",
        "stride",
        "is_floating_point",
        "item",
        "__bool__",
        "__len__",
        "is_contiguous",
    )
} | {
    getattr(torch.Tensor, name).__get__
    for name in (
        "shape",
        "dtype",
        "device",
        "ndim",
        "requires_grad",
        "is_cuda",
        "is_nested",
        "grad",
        "data",
        "layout",
    )
}
REGROUPED = "chunked attention, or one softmax over several sets of keys: its result is regrouped before it meets the values"
SOFTMAXES = frozenset(("softmax", "_softmax", "_safe_softmax"))
FOLLOWED = (torch.Tensor, tuple, list)


class AttentionMode(TorchFunctionMode):
    """Watches every torch function between ``__enter__`` and ``__exit__``."""

    def __init__(self, session: Session, names: ModuleNames) -> None:
        super().__init__()
        self.session = session
        self.names = names
        names.on_model = self.begin_forward
        self.flow = Flow()
        self.following = Following(self.flow)
        self.spelled_out = SpelledOut(self.flow)
        self.in_multihead: int | None = None
        self.fused = FusedCalls(session, names, self.flow, self.take)

    def begin_forward(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """The model is called: its inputs are where tensors descend from."""
        with torch._C.DisableTorchFunction():
            self.session.begin_forward(args, kwargs)
            self.flow.begin(every_tensor((args, kwargs)))

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = {} if kwargs is None else kwargs
        if func in QUIET or is_backward():
            return func(*args, **kwargs)
        name: str = getattr(func, "__name__", "")
        if name == "__get__":
            name = getattr(getattr(func, "__self__", None), "__name__", "")
            if name not in TRANSPOSING:
                return func(*args, **kwargs)
        if name == "multi_head_attention_forward" and self.in_multihead is None:
            return self.inside_multihead(args, kwargs)
        name = name.partition(".")[0]
        if name[-1:] == "_" or name == "dropout" or "inplace" in kwargs:
            self.before_change(name, args, kwargs)
            self.spelled_out.before(name, args)
        result = func(*args, **kwargs)
        if isinstance(result, FOLLOWED) or name == "__setitem__":
            try:
                self.look(name, args, kwargs, result)
            except Exception as error:  # noqa: BLE001 - the model's own call has gone well and must not stop
                self.session.fault(self.names.name, name, error)
            if self.session.pending is not None:
                self.session.hand_on()
        return result

    def inside_multihead(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """nn.MultiheadAttention: the same code again, its inner calls seen."""
        heads = args[4] if len(args) > 4 else kwargs["num_heads"]
        self.in_multihead = int(heads)
        try:
            with self:
                return MULTIHEAD(*args, **kwargs)
        finally:
            self.in_multihead = None

    def before_change(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Copy a softmax's result that is about to be changed in place, as by ``dropout(inplace=True)``."""
        changes = name[:3] == "__i" or name == "__setitem__" or (name[-1:] == "_" and name[-2:] != "__")
        if not (changes or kwargs.get("inplace") or (name == "dropout" and len(args) > 3 and args[3])):
            return
        facts = self.flow.get(args[0]) if args else None
        found = None if facts is None else facts.weights
        if found is not None and found.copy is None and found.weights is not None:
            found.copy = found.weights.detach().clone()

    def look(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        """Note what a call's results are."""
        if name in FUSED:
            self.fused.see(name, args, kwargs, self.in_multihead, result)
        contraction = read_contraction(name, args, kwargs)
        if contraction is not None:
            self.see_contraction(contraction, result)
            return
        if name in SOFTMAXES:
            scores = args[0] if args else kwargs["input"]
            axis = args[1] if len(args) > 1 else kwargs.get("dim", -1)
            facts = self.flow.get(scores) or self.flow.learned_scores(scores)
            self.see_softmax(scores, -1 if axis is None else int(axis), facts, result)
            return
        spelled = self.spelled_out.read(name, args, kwargs, result) if name in STEPS else None
        if spelled is not None:
            self.see_softmax(*spelled, result)
            return
        if name in DIVISIONS and len(args) > 1:
            self.see_late_division(args[0], args[1])
        self.following.follow(name, args, kwargs, result)
        if name in STEPS:
            self.spelled_out.note(name, args, kwargs, result)
        if name == "sum":
            self.see_weighted_sum(args[0] if args else kwargs["input"], result)

    def see_softmax(self, scores: torch.Tensor, axis: int, facts: Facts | None, result: torch.Tensor) -> None:
        """Remember a softmax's result; whether it is attention shows when it meets values."""
        axes = fresh(tuple(result.shape)) if facts is None else facts.axes
        found = WeightMap(
            weakref.ref(result),
            axes,
            axis % result.dim(),
            scores.detach(),
            None if facts is None else facts.product,
            self.names.name,
            None if facts is None else facts.widened,
            is_constant=self.flow.is_constant(scores),
            descends=facts is not None,
            joins=facts is not None and facts.joins,
        )
        self.session.see_softmax(found, tuple(result.shape))
        known = started(axes) if facts is None else Facts(axes, facts.root, facts.origins)
        known.weights = found
        self.flow.put(result, known)

    def see_contraction(self, contraction: Contraction, result: torch.Tensor) -> None:
        """A product: of weights with values, of queries with keys, or with anything else."""
        left, right = self.flow.get(contraction.left), self.flow.get(contraction.right)
        known = [facts for facts in (left, right) if facts is not None]
        constant = self.flow.is_constant(contraction.left), self.flow.is_constant(contraction.right)
        if not known:
            if all(constant):
                self.flow.put_constant(result, learned_scores(contraction))
            return
        axes = contraction.out_axes(
            None if left is None else left.axes, None if right is None else right.axes, constant
        )
        root, origins = descent(known, projects=True, sums=False)
        facts = Facts(axes, root, origins)
        self.flow.put(result, facts)
        for one, on_left in ((left, True), (right, False)):
            if one is not None and one.weights is not None and self.see_values(contraction, one, on_left):
                return
            if one is not None and one.lost is not None and not one.lost.is_recorded:
                self.leave_out(one.lost, REGROUPED)
                return
        if any(constant):
            mixed = (contraction.right, right) if left is None else (contraction.left, left)
            self.following.carry_weights([(mixed[0], mixed[1] or known[0])], facts, result, "matmul")
        if not isinstance(contraction.right, torch.nn.Parameter):
            sums_features = contracts_features(contraction, left, right)
            facts.product = Product(
                contraction, axes, contraction.scale, left, right, sums_features, constant
            )

    def see_values(self, contraction: Contraction, facts: Facts, on_left: bool) -> bool:
        """Record a softmax that meets values; False when it meets something else."""
        found = facts.weights
        if found is None or not softmax_matmul.meets_values(contraction, facts.axes, found, on_left=on_left):
            return False
        heads = self.in_multihead or self.names.heads
        is_constant = self.flow.is_constant(contraction.right if on_left else contraction.left)
        self.see_weights(
            found,
            lambda: softmax_matmul.layout_of(
                contraction, facts.axes, found, on_left=on_left, heads=heads, values_are_constant=is_constant
            ),
        )
        return True

    def see_late_division(self, above: Any, below: Any) -> None:
        """Exponentials met the values first, and are divided by their sum now."""
        facts = self.flow.get(above)
        product = None if facts is None else facts.product
        if product is None:
            return
        contraction = product.contraction
        sides = (product.left_facts, contraction.left), (product.right_facts, contraction.right)
        for raised, operand in sides:
            found = None if raised is None else self.spelled_out.undivided(operand, raised, below)
            if found is not None:
                weights, softmax = found
                self.see_softmax(*softmax, weights)
                known = self.flow.get(weights)
                if known is not None:
                    self.see_values(contraction, known, operand is contraction.left)

    def see_weighted_sum(self, product: torch.Tensor, result: torch.Tensor) -> None:
        """Values multiplied with weights and summed over the keys, without a matmul."""
        facts = self.flow.get(product)
        found = None if facts is None else facts.weights
        summed = self.flow.get(result)
        rows = None if facts is None else facts.rows
        if facts is None or found is None or summed is None or rows is None:
            return
        kept = {atom for axis in summed.axes for atom in leaves(axis)}
        if not kept & set(leaves(found.axes[found.axis])):
            self.see_weights(found, lambda: softmax_matmul.layout_of_sum(found, rows))

    def see_weights(self, found: WeightMap, layout_of: Callable[[], softmax_matmul.Layout]) -> None:
        """Record one map, or leave it out with the reason."""
        self.session.met_values(found)
        if found.is_recorded:
            return
        found.is_recorded = True
        try:
            layout = layout_of()
            if softmax_matmul.is_chunked(layout) and not self.session.padding.holds_images:
                raise softmax_matmul.NotTokens("chunked attention: its maps are chunks of the tokens")
            if softmax_matmul.mixes_stack(layout, self.session.padding.batch):
                raise softmax_matmul.NotTokens("its keys are states of one token, stacked")
            if not self.session.wants_next():
                return
            with in_float32(found.weights):
                sighting = softmax_matmul.sighting_of(layout, found, with_vectors=self.session.query_key)
        except softmax_matmul.NotTokens as reason:
            self.leave_out(found, str(reason))
            return
        product = found.product
        sides = (None, None) if product is None else (product.left_facts, product.right_facts)
        self.take(sighting, *sides)

    def leave_out(self, found: WeightMap, reason: str) -> None:
        """A softmax that is no attention over tokens."""
        self.session.met_values(found)
        self.session.leave_out(self.names.name, "softmax", reason)

    def take(self, sighting: Sighting, query: Facts | None, key: Facts | None) -> None:
        """Complete a sighting, to be handed on."""
        sighting.name = self.names.name
        sighting.stack = self.names.stack(sighting.name)
        sighting.model_heads = self.names.model_heads
        sighting.kind = kind_by_flow(query, key, sighting)
        if self.in_multihead is not None:
            sighting.mechanism = "multi_head_attention_forward"
        self.session.pending = sighting
