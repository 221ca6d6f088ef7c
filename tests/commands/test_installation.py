"""What keeps TensorBoard from starting → one sentence that says what to install."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tensorboard_plugin_attn.commands import command_line, demo, installation

SENTENCES = [
    (
        "import pkg_resources",
        "tensorboard/default.py",
        r'needs pkg_resources.*"tensorboard>=2.21".*"setuptools<82"',
    ),
    ("import imghdr", "tensorboard/default.py", r'needs imghdr.*"tensorboard>=2.20"'),
    ("import pkg_resources", "tensorboard_plugin_wit/__init__.py", "pip uninstall tensorboard-plugin-wit"),
    ("raise ValueError('odd')", "other/plugin.py", "cannot be loaded: ValueError: odd"),
]


def raised(line: str, file: str) -> BaseException:
    """What a line of a file raises where setuptools and Python are new."""
    if line.startswith("import"):
        name = line.split()[1]
        line = f"raise ModuleNotFoundError('No module named {name}', name={name!r})"
    try:
        exec(compile(line, file, "exec"), {})
    except (ImportError, ValueError) as error:
        return error
    raise AssertionError(line)


@pytest.mark.parametrize(("line", "file", "told"), SENTENCES)
def test_a_sentence_says_what_mends_it(line: str, file: str, told: str) -> None:
    sentence = installation.describe_fault(raised(line, file))
    assert re.search(told, sentence)
    assert "\n" not in sentence


def test_the_demo_says_it_before_it_trains(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def find_plugins() -> set[str]:
        raise raised("import pkg_resources", "tensorboard/default.py")

    monkeypatch.setattr(demo, "find_plugins", find_plugins)
    with pytest.raises(SystemExit, match=r"tensorboard>=2\.21"):
        command_line.main(["demo", "--logdir", str(tmp_path / "runs"), "--model", "none"])
    assert not (tmp_path / "runs").exists()


def test_here_tensorboard_loads_the_plugin() -> None:
    assert "tensorboard_plugin_attn.loader.AttnLoader" in installation.find_plugins()
