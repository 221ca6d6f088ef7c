"""The package's import graph → its rooms, floors and arrows, which stay as few as they are.

Run as a program it prints them: python tests/test_rooms.py
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import grimp
import pytest

import tensorboard_plugin_attn

PACKAGE = "tensorboard_plugin_attn"
ROOT = Path(tensorboard_plugin_attn.__file__).parent
EVERYWHERE = {"errors", "warn", "private_names"}
"""Words that every room may use; they import nothing of ours."""
LAZY = {("reading", "serving"), ("reading", "showing"), ("record", "showing")}
"""Imports inside a function, which point upwards on purpose."""
MOST_ROOMS, MOST_FLOORS, MOST_ARROWS = 14, 8, 42
MOST_LINES, MOST_FUNCTION_LINES = 450, 60


def arrows_between(graph: grimp.ImportGraph, package: str) -> set[tuple[str, str]]:
    """Which child of a package imports which other one, type-checking imports included."""
    rooms = {name: name.rsplit(".", 1)[1] for name in graph.find_children(package)}
    owners = {module: rooms[name] for name in rooms for module in {name, *graph.find_descendants(name)}}
    return {
        (owner, owners[imported])
        for module, owner in owners.items()
        for imported in graph.find_modules_directly_imported_by(module)
        if imported in owners and owners[imported] != owner
    }


@cache
def arrows() -> frozenset[tuple[str, str]]:
    """Arrows between rooms, without the lazy ones and the words that every room may use."""
    found = arrows_between(grimp.build_graph(PACKAGE), PACKAGE) - LAZY
    return frozenset(arrow for arrow in found if not EVERYWHERE & set(arrow) and "__main__" not in arrow)


def floors(found: frozenset[tuple[str, str]]) -> list[set[str]]:
    """Rooms by height: each imports lower floors only. Raises ValueError where there is a circle."""
    left = {room for arrow in found for room in arrow}
    levels: list[set[str]] = []
    while left:
        level = {room for room in left if not any(one == room and other in left for one, other in found)}
        if not level:
            raise ValueError(f"a circle among {sorted(left)}")
        levels.append(level)
        left -= level
    return levels


def long_functions() -> list[str]:
    """Functions of the package above the limit, as file:line name."""
    return [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and body_lines(node) > MOST_FUNCTION_LINES
    ]


def body_lines(function: ast.FunctionDef) -> int:
    """Lines of a function without its docstring."""
    start = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return 0 if not start else (start[-1].end_lineno or 0) - start[0].lineno + 1


def test_there_are_few_rooms_floors_and_arrows_and_no_circle() -> None:
    rooms = {room for arrow in arrows() for room in arrow}
    assert len(rooms) <= MOST_ROOMS
    assert len(floors(arrows())) <= MOST_FLOORS
    assert len(arrows()) <= MOST_ARROWS


def test_a_circle_is_found() -> None:
    with pytest.raises(ValueError, match=r"a circle among"):
        floors(frozenset({("a", "b"), ("b", "a"), ("c", "a")}))


def test_modules_inside_a_room_form_no_circle() -> None:
    graph = grimp.build_graph(PACKAGE)
    for room in sorted(graph.find_children(PACKAGE)):
        if graph.find_children(room):
            floors(frozenset(arrows_between(graph, room)))


def test_no_room_bears_the_name_of_a_public_name() -> None:
    assert not {room for arrow in arrows() for room in arrow} & set(tensorboard_plugin_attn.__all__)


def test_no_file_and_no_function_is_too_long() -> None:
    long = [
        path.name for path in ROOT.rglob("*.py") if len(path.read_text("utf-8").splitlines()) > MOST_LINES
    ]
    assert [*long, *long_functions()] == []


if __name__ == "__main__":
    print(f"{len({room for arrow in arrows() for room in arrow})} rooms, {len(arrows())} arrows")
    for number, level in enumerate(floors(arrows())):
        print(number, ", ".join(sorted(level)))
