"""docs/reference/api.md: every public name is on it, and whatever a public method returns is public."""

from __future__ import annotations

import ast
import inspect
import re
from typing import Any

import pytest
from pages.page_code import ROOT

import tensorboard_plugin_attn

PACKAGE = ROOT / "tensorboard_plugin_attn"
PAGE = (ROOT / "docs" / "reference" / "api.md").read_text("utf-8")
ENTRY = re.compile(
    r"^::: tensorboard_plugin_attn\.(\w+)$(?:\n    options:\n      members: \[(.*)\])?", re.MULTILINE
)
ENTRIES = {name: [each for each in members.split(", ") if each] for name, members in ENTRY.findall(PAGE)}
MEMBERS = [(name, member) for name, members in ENTRIES.items() for member in members]
CLASSES = {
    node.name
    for path in PACKAGE.rglob("*.py")
    for node in ast.walk(ast.parse(path.read_text("utf-8")))
    if isinstance(node, ast.ClassDef)
}


def returned(function: Any) -> set[str]:
    """Names of the package's classes in what a function or property returns."""
    function = function.fget if isinstance(function, property) else function
    return CLASSES & set(re.findall(r"\w+", str(inspect.signature(function).return_annotation)))


def test_every_public_name_is_on_the_page() -> None:
    assert {name for name in tensorboard_plugin_attn.__all__ if name not in ENTRIES} == set()


@pytest.mark.parametrize(("name", "member"), MEMBERS)
def test_what_a_public_method_returns_is_public(name: str, member: str) -> None:
    function = inspect.getattr_static(getattr(tensorboard_plugin_attn, name), member)
    assert returned(function) <= set(tensorboard_plugin_attn.__all__)
    assert inspect.getdoc(function)


def test_the_control_finds_return_types() -> None:
    assert returned(tensorboard_plugin_attn.AttentionReader.evolution) == {"Evolution"}
    assert returned(tensorboard_plugin_attn.capture) == {"Captured"}
