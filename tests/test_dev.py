"""dev.py: which torch is installed where, and what the check runs; pip and the stages are stood in for."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

ROOT = next(each for each in Path(__file__).resolve().parents if (each / "dev.py").exists())
PIP = ["pip", "install"]
CUDA = ["filelock", 'cuda-toolkit[cublas]==13.0; platform_system == "Linux"']
NVIDIA = ['nvidia-cudnn-cu13==9.1; platform_system == "Linux"']
PLAIN = ["filelock", "sympy>=1.13.3"]


@dataclass
class Machine:
    """Stands in for pip: what it would install, whether PyTorch's index can be reached, and what was asked for."""

    needs: Sequence[str] | None
    reaches_pytorch: bool = False
    ran: list[list[str]] = field(default_factory=list)
    environments: list[dict[str, str]] = field(default_factory=list)
    failing: str = ""

    def run(self, command: Sequence[str], environment: dict[str, str] | None = None) -> int:
        self.ran.append([str(part) for part in command])
        self.environments.append(environment or {})
        if "--index-url" in command:
            return 0 if self.reaches_pytorch else 1
        return 1 if self.failing and self.failing in command else 0

    def run_quietly(self, command: Sequence[str], environment: dict[str, str]) -> tuple[int, str]:
        return self.run(command, environment), "what it printed"

    def output(self, command: Sequence[str]) -> str:
        assert "--dry-run" in command
        if self.needs is None:
            return ""
        return json.dumps({"install": [{"metadata": {"requires_dist": [*self.needs]}}] if self.needs else []})

    @property
    def asked(self) -> list[str]:
        """The index of each installation."""
        return ["pytorch" if "--index-url" in command else "plain" for command in self.ran]


@pytest.fixture
def dev(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, on a Linux without a GPU."""
    spec = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    monkeypatch.setattr(module.sys, "platform", "linux")
    return module


@pytest.fixture
def on(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Callable[[Machine], Machine]:
    """Put a machine in pip's place."""

    def put(machine: Machine) -> Machine:
        monkeypatch.setattr(dev, "run", machine.run)
        monkeypatch.setattr(dev, "run_quietly", machine.run_quietly)
        monkeypatch.setattr(dev, "output", machine.output)
        return machine

    return put


CASES = [
    pytest.param(Machine(PLAIN), ["plain"], id="the index has a build for the CPU"),
    pytest.param(Machine([]), ["plain"], id="torch is there already"),
    pytest.param(
        Machine(CUDA, reaches_pytorch=True), ["pytorch"], id="the index has CUDA, PyTorch's has not"
    ),
    pytest.param(Machine(NVIDIA, reaches_pytorch=True), ["pytorch"], id="CUDA by NVIDIA's own names"),
    pytest.param(Machine(CUDA), ["pytorch", "plain"], id="PyTorch's index is out of reach"),
    pytest.param(Machine(None), ["pytorch", "plain"], id="a pip that makes no report"),
]


@pytest.mark.parametrize(("machine", "asked"), CASES)
def test_torch_comes_without_cuda_where_that_can_be_had(
    dev: ModuleType, on: Callable[[Machine], Machine], machine: Machine, asked: list[str]
) -> None:
    on(machine)
    dev.install_torch(PIP)
    assert machine.asked == asked
    assert all(command[-1] == dev.TORCH for command in machine.ran)


def test_an_index_out_of_reach_is_asked_once_and_given_up_within_seconds(
    dev: ModuleType, on: Callable[[Machine], Machine]
) -> None:
    machine = on(Machine(CUDA))
    dev.install_torch(PIP)
    options = dict(zip(machine.ran[0], machine.ran[0][1:], strict=False))
    assert options["--retries"] == "0"
    assert int(options["--timeout"]) <= 15


def test_gigabytes_are_told_before_they_are_downloaded(
    dev: ModuleType,
    on: Callable[[Machine], Machine],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    told: list[str] = []
    machine = on(Machine(CUDA))
    monkeypatch.setattr(dev, "must", lambda command: told.append(capsys.readouterr().out))
    dev.install_torch(PIP)
    assert machine.asked == ["pytorch"]
    assert re.search(r"about 5 GB.*Ctrl-C", told[0], re.DOTALL)


def test_nothing_is_told_where_nothing_large_is_downloaded(
    dev: ModuleType, on: Callable[[Machine], Machine], capsys: pytest.CaptureFixture[str]
) -> None:
    on(Machine(PLAIN))
    dev.install_torch(PIP)
    assert capsys.readouterr().out == ""


def test_a_machine_with_a_gpu_gets_the_build_with_cuda(
    dev: ModuleType, on: Callable[[Machine], Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev.shutil, "which", lambda name: f"/usr/bin/{name}")
    machine = on(Machine(CUDA, reaches_pytorch=True))
    dev.install_torch(PIP)
    assert machine.asked == ["plain"]


@pytest.mark.parametrize("needs", [CUDA, None])
def test_other_systems_have_builds_for_the_cpu_anyway(
    dev: ModuleType,
    on: Callable[[Machine], Machine],
    monkeypatch: pytest.MonkeyPatch,
    needs: list[str] | None,
) -> None:
    monkeypatch.setattr(dev.sys, "platform", "darwin")
    machine = on(Machine(needs, reaches_pytorch=True))
    dev.install_torch(PIP)
    assert machine.asked == ["plain"]


def test_an_installation_that_fails_ends_the_script(
    dev: ModuleType, on: Callable[[Machine], Machine]
) -> None:
    on(Machine(PLAIN, failing=dev.TORCH))
    with pytest.raises(SystemExit, match=re.escape(dev.TORCH)):
        dev.install_torch(PIP)


def test_what_a_command_prints_is_its_output_and_a_failing_one_prints_nothing(dev: ModuleType) -> None:
    assert dev.output([sys.executable, "-c", "print('{}')"]).strip() == "{}"
    assert dev.output([sys.executable, "-c", "print('half'); raise SystemExit(2)"]) == ""


@pytest.mark.parametrize(
    ("command", "version", "enough"),
    [
        ("demo", (3, 9, 18), False),
        ("demo", (3, 10, 0), True),
        ("check", (3, 10, 14), False),
        ("check", (3, 11, 0), True),
    ],
)
def test_an_older_python_is_told_before_anything_is_installed(
    dev: ModuleType,
    on: Callable[[Machine], Machine],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    version: tuple[int, int, int],
    enough: bool,
) -> None:
    machine = on(Machine(PLAIN))
    monkeypatch.setattr(dev, "in_environment", lambda: False)
    monkeypatch.setattr(dev, "own_environment", lambda: "python")
    monkeypatch.setattr(dev.sys, "version_info", version)
    assert dev.main([command]) == (0 if enough else 2)
    assert bool(machine.ran) == enough
    assert ("needs Python" in capsys.readouterr().out) != enough


def stage(machine: Machine, tool: str) -> list[str]:
    """The command of a stage."""
    [found] = [command for command in machine.ran if tool in command]
    return found


def test_the_check_runs_every_stage_in_workers_that_share_the_cores(
    dev: ModuleType, on: Callable[[Machine], Machine]
) -> None:
    machine = on(Machine(PLAIN))
    assert dev.check([]) == 0
    pytest_command = stage(machine, "pytest")
    assert {"--durations=10", "not slow", "loadfile"} <= set(pytest_command)
    assert {"--cov", f"--cov-fail-under={dev.DAILY_COVERAGE}"} <= set(pytest_command)
    assert "--strict" in stage(machine, "mkdocs")
    assert {environment["OMP_NUM_THREADS"] for environment in machine.environments} == {"1"}


def test_the_full_check_leaves_no_test_out_and_named_tests_reach_no_floor(
    dev: ModuleType, on: Callable[[Machine], Machine]
) -> None:
    machine = on(Machine(PLAIN))
    dev.check(["--full", "tests/test_dev.py"])
    command = stage(machine, "pytest")
    assert command[-1] == "tests/test_dev.py"
    assert not {"not slow", "--cov", "--full"} & set(command)
    dev.check(["--full"])
    assert f"--cov-fail-under={dev.FULL_COVERAGE}" in [each for each in machine.ran if "pytest" in each][-1]


@pytest.mark.parametrize("failing", ["mypy", "mkdocs", "pytest"])
def test_a_stage_that_fails_is_named_after_the_others_ran(
    dev: ModuleType, on: Callable[[Machine], Machine], capsys: pytest.CaptureFixture[str], failing: str
) -> None:
    machine = on(Machine(PLAIN, failing=failing))
    assert dev.check([]) == 1
    assert stage(machine, "pytest")
    assert capsys.readouterr().out.splitlines()[-1] == f"failed: {'docs' if failing == 'mkdocs' else failing}"
