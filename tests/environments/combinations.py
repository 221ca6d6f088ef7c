"""Which environments are tried, and what must come of each: it works, pip refuses it, or one sentence tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["COMBINATIONS", "Combination"]

WORKS, REFUSED = "works", "refused by pip"
TOLD = "tensorboard>=2.21"  # what the sentence says to install


@dataclass(frozen=True)
class Combination:
    """A Python and what is installed into it beside the wheel.

    ``lowest``: the oldest versions that pyproject.toml allows. ``absent``: removed after everything is installed.
    ``expected``: ``works``, ``refused by pip``, or words of the sentence that ``doctor`` says. ``part``: of the
    smoke test that is run too: ``torch`` or ``tensorboardX``.
    """

    name: str
    python: str
    packages: Sequence[str] = ()
    lowest: bool = False
    absent: Sequence[str] = ()
    expected: str = WORKS
    part: str = ""
    is_short: bool = False


FLOORS = [
    Combination("floors", "3.10", ["setuptools<82"], lowest=True, is_short=True),
    Combination("floors", "3.11", ["setuptools<82"], lowest=True),
    *(  # older setuptools do not run there
        Combination("floors", version, ["setuptools>=68,<82"], lowest=True)
        for version in ("3.12", "3.13", "3.14")
    ),
]
NEWEST = [
    Combination("newest", version, is_short=version in ("3.11", "3.14"))
    for version in ("3.10", "3.11", "3.12", "3.13", "3.14")
]
TENSORBOARDS = [
    Combination(f"TensorBoard {version}", "3.11", [f"tensorboard=={version}.*", "setuptools<82"])
    for version in ("2.18", "2.19", "2.20", "2.21")
]
IMPOSSIBLE = [
    *(
        Combination(
            f"TensorBoard {version}, setuptools ≥ 82",
            "3.11",
            [f"tensorboard=={version}.*", "setuptools>=82"],
            expected=TOLD,
            is_short=version == "2.20",
        )
        for version in ("2.18", "2.19", "2.20")
    ),
    Combination(
        "TensorBoard 2.20 without setuptools",
        "3.12",
        ["tensorboard==2.20.*"],
        absent=["setuptools"],
        expected=TOLD,
    ),
    *(
        Combination(
            f"TensorBoard {version}", "3.13", [f"tensorboard=={version}.*"], expected=REFUSED, is_short=True
        )
        for version in ("2.18", "2.19")
    ),
]
PROTOBUFS = [
    *(
        Combination(
            f"protobuf {version}",
            "3.10",
            [f"protobuf=={version}.*", "tensorboard>=2.18,<2.21", "setuptools<82"],
            is_short=version == "3.20",
        )
        for version in ("3.20", "4.25", "5.29", "6.33")
    ),
    *(Combination(f"protobuf {version}", "3.12", [f"protobuf=={version}.*"]) for version in ("6", "7")),
]
NUMPYS = [
    Combination("numpy 1.22", "3.10", ["numpy==1.22.*"]),
    Combination("numpy 1.26", "3.12", ["numpy==1.26.*"]),
    Combination("numpy 2.0", "3.12", ["numpy==2.0.*"]),
]
BESIDE = [
    Combination("without isal", "3.12", absent=["isal"], is_short=True),
    Combination("setuptools 65", "3.11", ["setuptools==65.*"]),
    Combination("setuptools ≥ 82", "3.12", ["setuptools>=82"]),
    Combination("without setuptools", "3.12", absent=["setuptools"]),
    Combination("a left-over tensorboard-plugin-wit", "3.11", ["tensorboard-plugin-wit", "setuptools<82"]),
    Combination(
        "a left-over tensorboard-plugin-wit, setuptools ≥ 82",
        "3.12",
        ["tensorboard-plugin-wit", "setuptools>=82"],
        expected="pip uninstall tensorboard-plugin-wit",
    ),
    Combination("torch-tb-profiler", "3.11", ["torch-tb-profiler"]),
    Combination("tensorboardX", "3.12", ["tensorboardX"], part="tensorboardX"),
]
TORCHES = [
    Combination(
        "torch 2.4, transformers 4.48",
        "3.10",
        ["torch==2.4.0", "transformers==4.48.0", "numpy<2"],
        part="torch",
    ),
    Combination("newest torch and transformers", "3.11", ["torch", "transformers"], part="torch"),
]
COMBINATIONS = [*FLOORS, *NEWEST, *TENSORBOARDS, *IMPOSSIBLE, *PROTOBUFS, *NUMPYS, *BESIDE, *TORCHES]
