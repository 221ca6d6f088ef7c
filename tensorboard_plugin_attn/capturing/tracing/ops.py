"""A torch function and its arguments → which operation it is: the one table of operation names.

All spellings of an operation are one row: ``div``, ``div_``, ``/``, ``/=``, ``1 / x``, ``torch.special.…`` and
``out=``. A reversed spelling has its operands in the order of the plain one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum, auto
from types import BuiltinFunctionType, MethodDescriptorType, MethodWrapperType, WrapperDescriptorType
from typing import Any, NamedTuple

import torch

__all__ = ["COMPILED", "CUTTING", "QUIET", "SEQUENCES", "SIMPLE", "TABLE", "Kind", "Op", "changes", "read_op"]

CUTTING = ("detach", "detach_", "data")
"""What stops a gradient."""


class Kind(Enum):
    """What an operation does, as far as attention is concerned."""

    SDPA = auto()
    FLEX = auto()
    MULTIHEAD = auto()
    MATMUL = auto()
    BADDBMM = auto()
    EINSUM = auto()
    SOFTMAX = auto()
    SOFTMIN = auto()
    SAMPLED_SOFTMAX = auto()
    LOG_SOFTMAX = auto()
    LOGSUMEXP = auto()
    EXP = auto()
    EXP2 = auto()
    LOG = auto()
    POWER = auto()
    RECIPROCAL = auto()
    NORMALIZE = auto()
    MULTIPLY = auto()
    DIVIDE = auto()
    ADD = auto()
    SUBTRACT = auto()
    CLAMP = auto()
    WHERE = auto()
    MASK = auto()
    DROPOUT = auto()
    CAST = auto()
    SUM = auto()
    REDUCE = auto()
    PROJECT = auto()
    PROJECT_OTHERWISE = auto()
    CONVOLVE = auto()
    EMBED = auto()
    RESHAPE = auto()
    TRANSPOSE = auto()
    PERMUTE = auto()
    MOVE = auto()
    MIRROR = auto()
    SWAP_LAST = auto()
    REPEAT = auto()
    INTERLEAVE = auto()
    ROLL = auto()
    PAD = auto()
    JOIN = auto()
    STACK = auto()
    INDEX = auto()
    ASSIGN = auto()
    SELECT = auto()
    SLICE = auto()
    DISTANCE = auto()
    SCATTER = auto()
    OTHER = auto()

    __hash__ = object.__hash__


for member in (
    Kind
):  # a plain attribute: before Python 3.12 enum's own takes ten times as long, for every call of a model
    type.__setattr__(Kind, member.name, member)


TABLE: dict[Kind, str] = {
    Kind.SDPA: "scaled_dot_product_attention",
    Kind.FLEX: "flex_attention",
    Kind.MULTIHEAD: "multi_head_attention_forward",
    Kind.MATMUL: "matmul bmm mm",
    Kind.BADDBMM: "baddbmm",
    Kind.EINSUM: "einsum",
    Kind.SOFTMAX: "softmax _softmax _safe_softmax",
    Kind.SOFTMIN: "softmin",
    Kind.SAMPLED_SOFTMAX: "gumbel_softmax",
    Kind.LOG_SOFTMAX: "log_softmax _log_softmax",
    Kind.LOGSUMEXP: "logsumexp",
    Kind.EXP: "exp",
    Kind.EXP2: "exp2",
    Kind.LOG: "log",
    Kind.POWER: "pow float_power",
    Kind.RECIPROCAL: "reciprocal",
    Kind.NORMALIZE: "normalize",
    Kind.MULTIPLY: "mul multiply",
    Kind.DIVIDE: "div divide true_divide truediv",
    Kind.ADD: "add addcmul addcdiv lerp",
    Kind.SUBTRACT: "sub subtract",
    Kind.CLAMP: "clamp clip clamp_min clamp_max maximum minimum fmax fmin",
    Kind.WHERE: "where",
    Kind.MASK: "masked_fill nan_to_num masked_scatter tril triu index_fill",
    Kind.DROPOUT: "dropout alpha_dropout dropout1d dropout2d dropout3d feature_dropout native_dropout",
    Kind.CAST: "to float double half bfloat16 type type_as contiguous clone detach data alias cpu cuda _to_copy "
    "requires_grad_",
    Kind.SUM: "sum nansum",
    Kind.REDUCE: "mean amax amin prod",
    Kind.PROJECT: "linear addmm",
    Kind.PROJECT_OTHERWISE: "conv_transpose1d conv_transpose2d conv_transpose3d embedding_bag bilinear",
    Kind.CONVOLVE: "conv1d conv2d conv3d",
    Kind.EMBED: "embedding",
    Kind.RESHAPE: "view reshape flatten unflatten unsqueeze squeeze ravel view_as reshape_as _unsafe_view view_copy",
    Kind.TRANSPOSE: "transpose swapaxes swapdims",
    Kind.PERMUTE: "permute permute_copy",
    Kind.MOVE: "movedim moveaxis",
    Kind.MIRROR: "t T numpy_T",
    Kind.SWAP_LAST: "mT mH H adjoint",
    Kind.REPEAT: "expand expand_as broadcast_to repeat tile",
    Kind.INTERLEAVE: "repeat_interleave",
    Kind.ROLL: "roll flip",
    Kind.PAD: "pad constant_pad_nd",
    Kind.JOIN: "cat concat concatenate",
    Kind.STACK: "stack",
    Kind.INDEX: "getitem",
    Kind.ASSIGN: "setitem",
    Kind.SELECT: "select unbind",
    Kind.SLICE: "split chunk narrow index_select split_with_sizes tensor_split unsafe_chunk unsafe_split slice",
    Kind.DISTANCE: "cdist",
    Kind.SCATTER: "as_strided unfold diagonal gather take take_along_dim scatter sort topk",
}
REVERSIBLE = frozenset((Kind.MATMUL, Kind.POWER, Kind.DIVIDE, Kind.SUBTRACT))
TELLING = "size dim numel stride is_floating_point item __bool__ __len__ is_contiguous"
TOLD = "shape dtype device ndim requires_grad is_cuda is_nested grad layout"
QUIET = frozenset(
    [getattr(torch.Tensor, name) for name in TELLING.split()]
    + [getattr(torch.Tensor, name).__get__ for name in TOLD.split()]
)
"""What is asked of tensors all the time and gives none."""


class Row(NamedTuple):
    """One spelling of an operation; ``changes``: in place; ``is_reversed``: its second operand stands first."""

    kind: Kind
    changes: bool = False
    is_reversed: bool = False


def spellings(name: str, kind: Kind) -> Iterator[tuple[str, Row]]:
    """Every name under which torch has an operation: plain, of a module, in place, and as python's operators."""
    is_reversed = kind in REVERSIBLE
    yield name, Row(kind)
    yield f"special_{name}", Row(kind)
    yield f"linalg_{name}", Row(kind)
    yield f"__{name}__", Row(kind)
    yield f"__r{name}__", Row(kind, is_reversed=is_reversed)
    yield f"r{name}", Row(kind, is_reversed=is_reversed)
    yield f"__i{name}__", Row(kind, changes=True)
    yield f"{name}_", Row(kind, changes=True)


class Rows(dict[str, Row]):
    """Rows by spelling; an operation that no row names is ``OTHER``, in place where torch's underscore says so."""

    def __missing__(self, name: str) -> Row:
        row = Row(Kind.OTHER, changes=name[-1:] == "_" and name[-2:] != "__")
        self[name] = row
        return row


ROWS = Rows(
    (spelling, row)
    for kind, names in TABLE.items()
    for name in names.split()
    for spelling, row in spellings(name, kind)
)
ROWS["__setitem__"] = Row(Kind.ASSIGN, changes=True)
PROPERTIES = {name: ROWS[name] for name in ("T", "mT", "H", "mH", "data")}


class Op:
    """One call of a torch function.

    ``changes``: it writes into a tensor that was there before. ``overwritten``: a copy of its first operand, made by
    whoever needs it before a call that writes into it.
    """

    __slots__ = ("args", "changes", "kind", "kwargs", "name", "overwritten")

    def __init__(
        self, kind: Kind, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], changes: bool
    ) -> None:
        self.kind = kind
        self.name = name
        self.args = args
        self.kwargs = kwargs
        self.changes = changes
        self.overwritten: torch.Tensor | None = None

    def argument(self, position: int, *names: str) -> Any:
        """An argument given by position or by one of its names; None when not given."""
        if len(self.args) > position:
            return self.args[position]
        return next((self.kwargs[name] for name in names if name in self.kwargs), None)

    @property
    def first(self) -> Any:
        """The first operand."""
        return self.args[0] if self.args else self.argument(0, "input", "self", "tensors", "tensor")

    @property
    def second(self) -> Any:
        """The second operand of an operation that has two."""
        return (
            self.args[1] if len(self.args) > 1 else self.argument(1, "other", "exponent", "mat2", "tensor2")
        )

    @property
    def written(self) -> Any:
        """What a call that changes a tensor writes into."""
        return self.kwargs.get("out", self.first)

    def axis(self, position: int = 1) -> int | None:
        """The one axis along which the operation works, from the front; None when there are several, or all."""
        given = self.argument(position, "dim", "axis")
        if isinstance(given, list | tuple) and len(given) == 1:
            given = given[0]
        first = self.first
        if not isinstance(given, int) or isinstance(given, bool) or not isinstance(first, torch.Tensor):
            return None
        return given % first.dim() if first.dim() else None

    def operands(self) -> list[torch.Tensor]:
        """The tensors among the arguments, one level of lists included.

        What ``out`` gives is no operand, nor is the tensor whose type another one is cast to.
        """
        if self.kind is Kind.CAST:
            return [self.args[0]]
        found: list[torch.Tensor] = []
        values = (
            (*self.args, *(value for name, value in self.kwargs.items() if name != "out"))
            if self.kwargs
            else self.args
        )
        for one in values:
            if isinstance(one, torch.Tensor):
                found.append(one)
            elif isinstance(one, SEQUENCES):
                found.extend(inner for inner in one if isinstance(inner, torch.Tensor))
        return found

    def number(self, beside: Any = None) -> float | None:
        """The number among the operands, ``beside`` a tensor; None when there is none."""
        for one in (*self.args, *self.kwargs.values()):
            if isinstance(one, int | float) and not isinstance(one, bool):
                return float(one)
            if isinstance(one, torch.Tensor) and one is not beside and one.numel() == 1:
                return float(one.detach())
        return None


SEQUENCES = (list, tuple)


def read_op(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Op | None:
    """Which operation a call is; None for a property that gives no tensor of the model's."""
    name, row = NAMED.get(func) or named(func)
    if row is None:
        return None
    if row.is_reversed and len(args) > 1:
        args = (args[1], args[0], *args[2:])
    return Op(row.kind, name, args, kwargs, row.changes or changes(row.kind, args, kwargs))


def changes(kind: Kind, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether the arguments say that a tensor is written into."""
    if kind is Kind.DROPOUT and len(args) > 3:
        return bool(args[3])
    return bool(kwargs) and bool(kwargs.get("inplace") or kwargs.get("out") is not None)


def named(func: Callable[..., Any]) -> tuple[str, Row | None]:
    """A function's name without its overload, and its row; kept of what belongs to torch, and lives as long."""
    name: str = getattr(func, "__name__", "")
    if name == "__get__":
        name = getattr(getattr(func, "__self__", None), "__name__", "")
        found = name, PROPERTIES.get(name)
    else:
        name = name.partition(".")[0]
        found = name, ROWS[name]
    if isinstance(func, COMPILED) or getattr(func, "__module__", "") == "torch.nn.functional":
        NAMED[func] = found
        if found[1] is not None and not found[1].changes and not found[1].is_reversed:
            SIMPLE[func] = found[1].kind
    return found


COMPILED = (BuiltinFunctionType, MethodDescriptorType, MethodWrapperType, WrapperDescriptorType)
NAMED: dict[Callable[..., Any], tuple[str, Row | None]] = {}
SIMPLE: dict[Callable[..., Any], Kind] = {}
"""Functions seen before that write into nothing by themselves and whose operands stand in order."""
