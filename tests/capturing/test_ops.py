"""tracing.ops: one table of operations, all of which torch has, and every spelling of one is one row."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch.nn.attention import flex_attention
from torch.overrides import TorchFunctionMode

import tensorboard_plugin_attn.capturing as capturing
from tensorboard_plugin_attn.capturing.tracing.ops import ROWS, TABLE, TELLING, TOLD, Kind, Op, read_op

HOMES = (torch, torch.Tensor, F, torch.special, torch.linalg, torch.ops.aten, flex_attention)
NAMES = [name for names in TABLE.values() for name in names.split()]
FILES = sorted(Path(capturing.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("name", [*NAMES, *TELLING.split(), *TOLD.split()])
def test_torch_has_every_name_of_the_table(name: str) -> None:
    spelt = (name, f"__{name}__")
    assert any(hasattr(home, one) for home in HOMES for one in spelt)


def test_no_name_stands_in_two_rows() -> None:
    assert len(NAMES) == len(set(NAMES))


def names_in(node: ast.AST) -> list[str]:
    """The operation names in a collection of strings, or in one string of several words."""
    if isinstance(node, ast.Set | ast.List | ast.Tuple | ast.Dict):
        parts = [*(node.keys if isinstance(node, ast.Dict) else node.elts)]
        words = [
            part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)
        ]
        return [word for word in words if ROWS.get(word) is not None]
    return []


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_other_file_has_a_table_of_operations(path: Path) -> None:
    if path.name == "ops.py":
        return
    collectives = set(dir(torch.distributed))  # whose names say something else
    known = set(NAMES) - collectives | {f"{name}_" for name in NAMES} | {f"__{name}__" for name in NAMES}
    tables = [set(names_in(node)) & known for node in ast.walk(ast.parse(path.read_text()))]
    assert max((len(table) for table in tables), default=0) < 2


class Reading(TorchFunctionMode):
    """The operations that a function makes."""

    def __init__(self) -> None:
        super().__init__()
        self.ops: list[Op] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        op = read_op(func, args, kwargs or {})
        self.ops += [] if op is None else [op]
        return func(*args, **(kwargs or {}))


def changed(x: torch.Tensor, by: str) -> torch.Tensor:
    """x after an augmented assignment."""
    space = {"x": x}
    exec(f"x {by} 2", space)
    return space["x"]


SPELLINGS: list[tuple[Kind, bool, Callable[[torch.Tensor], Any]]] = [
    (Kind.DIVIDE, False, lambda x: x / 2),
    (Kind.DIVIDE, False, lambda x: torch.true_divide(x, 2)),
    (Kind.DIVIDE, False, lambda x: 2 / x),
    (Kind.DIVIDE, True, lambda x: changed(x, "/=")),
    (Kind.DIVIDE, True, lambda x: torch.div(x, 2, out=x)),
    (Kind.SUBTRACT, False, lambda x: 2 - x),
    (Kind.SUBTRACT, False, lambda x: torch.rsub(x, 2)),
    (Kind.SUBTRACT, True, lambda x: x.sub_(2)),
    (Kind.SUBTRACT, True, lambda x: changed(x, "-=")),
    (Kind.MULTIPLY, False, lambda x: 2 * x),
    (Kind.MULTIPLY, True, lambda x: x.multiply_(2)),
    (Kind.POWER, False, lambda x: 2**x),
    (Kind.MATMUL, False, lambda x: x @ x),
    (Kind.MATMUL, False, lambda x: torch.linalg.matmul(x, x)),
    (Kind.EXP, True, lambda x: torch.exp_(x)),
    (Kind.EXP2, False, lambda x: torch.special.exp2(x)),
    (Kind.SOFTMAX, False, lambda x: torch.special.softmax(x, -1)),
    (Kind.LOG_SOFTMAX, False, lambda x: torch.special.log_softmax(x, -1)),
    (Kind.LOGSUMEXP, False, lambda x: torch.special.logsumexp(x, -1)),
    (Kind.JOIN, False, lambda x: torch.concatenate([x, x])),
    (Kind.DROPOUT, True, lambda x: F.dropout(x, 0.5, True, True)),
    (Kind.DROPOUT, False, lambda x: F.dropout(x, 0.5, True, False)),
    (Kind.MASK, True, lambda x: F.threshold(x, 0, 0).masked_fill_(x > 1, 0)),
    (Kind.SWAP_LAST, False, lambda x: x.mT),
    (Kind.CAST, False, lambda x: x.data),
    (Kind.INDEX, False, lambda x: x[0]),
    (Kind.ASSIGN, True, lambda x: x.__setitem__(0, 1.0)),
]


@pytest.mark.parametrize(("kind", "changes", "spelling"), SPELLINGS)
def test_every_spelling_is_read_as_its_operation(
    kind: Kind, changes: bool, spelling: Callable[[torch.Tensor], Any]
) -> None:
    with Reading() as seen:
        spelling(torch.rand(3, 3))
    op = seen.ops[-1]
    assert (op.kind, op.changes) == (kind, changes)


@pytest.mark.parametrize(
    "spelling", [lambda x: 2 / x, lambda x: 2 - x, lambda x: torch.rsub(x, 2), lambda x: 2**x]
)
def test_a_reversed_spelling_has_its_operands_in_the_plain_order(
    spelling: Callable[[torch.Tensor], Any],
) -> None:
    x = torch.rand(3)
    with Reading() as seen:
        spelling(x)
    assert seen.ops[-1].first == 2
    assert seen.ops[-1].second is x


def test_what_out_gives_is_no_operand() -> None:
    x, out = torch.rand(3), torch.empty(3)
    with Reading() as seen:
        torch.add(x, 1, out=out)
    (op,) = seen.ops
    assert op.operands() == [x]
    assert op.written is out
