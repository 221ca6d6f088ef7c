"""Rows of the matrix ⇄ the tables of docs/capture.md; run as a program it measures every row anew.

python tests/matrix/coverage.py            # all architectures, some minutes
"""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from matrix.compare import Row, compare  # noqa: E402 - the path above makes the package importable
from matrix.overrides import OVERRIDES  # noqa: E402

__all__ = ["covered_rows", "measure", "rendered"]

PAGE = ROOT / "docs" / "capture.md"
BEGIN, END = "<!-- coverage: written by tests/matrix/coverage.py -->", "<!-- /coverage -->"
COVERED = re.compile(
    r"^\| `(?P<architecture>[^`]+)` \| (?P<references>\d+) of (?P<records>\d+) \| (?P<mechanisms>[^|]*) \| (?P<rebuilt>[^|]*) \|$",
    re.MULTILINE,
)
REBUILT = 1e-5


def measure(architecture: str) -> Row:
    """One architecture's row; one that cannot be built small says why."""
    try:
        return compare(architecture, OVERRIDES.get(architecture))
    except Exception as error:  # noqa: BLE001 - whatever a model raises is why it is not covered
        text = " ".join(str(error).split())
        return Row(architecture, "not built", reason=f"{type(error).__name__}: {text[:90]}")


def rebuilt(row: Row) -> str:
    """Whether query, key and bias give back the weights, and if not, that the record says so."""
    if row.rebuild is None:
        return "no: no single product"
    return "yes" if row.rebuild <= REBUILT else "no: told by rebuild_error"


def rendered(rows: list[Row]) -> str:
    """Both tables as Markdown."""
    exact = [row for row in rows if row.verdict == "exact"]
    lines = [
        f"{len(exact)} architectures are exact; {len(rows) - len(exact)} more of transformers' are listed below with "
        "the reason.",
        "",
        "| architecture | reference maps of captured ones | seen by | rebuilt from query and key |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{row.architecture}` | {row.references} of {row.records} | {row.mechanisms} | {rebuilt(row)} |"
        for row in exact
    ]
    lines += ["", "| not covered | captured maps | why |", "|---|---|---|"]
    lines += [
        f"| `{row.architecture}` | {row.records} | {row.verdict}: {why(row)} |"
        for row in rows
        if row.verdict != "exact"
    ]
    return "\n".join(lines)


def why(row: Row) -> str:
    """The reason in one short line."""
    reasons = {
        "no reference": "the eager copy returns no attentions to compare with"
        if row.records
        else "it has no softmax attention over tokens in this configuration",
        "eager differs": "the eager copy computes another function: its outputs differ",
    }
    text = KNOWN.get(row.architecture) or reasons.get(row.verdict) or row.reason
    return text.replace("|", "/").replace("<", "‹").replace(">", "›")


KNOWN = {
    "cpmant": "the reference is the lower right block of the captured map: prompt positions are cut off",
    "groupvit": "the reference is the assignment of patches to groups, no attention among tokens",
    "led": "chunked encoder attention, left out with a warning; the decoder's maps are captured",
    "longformer": "chunked attention, left out with a warning",
    "minimax": "the reference of its linear-attention layers is their state; the softmax layers are captured",
    "rwkv": "no softmax attention",
    "t5gemma2": "one softmax over the decoder's and the encoder's tokens; the reference cuts it in two",
    "yoso": "no softmax attention",
}


def covered_rows() -> list[dict[str, Any]]:
    """The rows of the page's first table."""
    return [match.groupdict() for match in COVERED.finditer(PAGE.read_text())]


def main() -> None:
    """Measure and write the page's tables."""
    import torch
    import transformers

    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    names = sorted(transformers.models.auto.modeling_auto.MODEL_MAPPING_NAMES)

    def give_up(*_: Any) -> None:
        raise TimeoutError("more than 60 s")

    signal.signal(signal.SIGALRM, give_up)
    rows = []
    for name in names:
        signal.alarm(60)
        rows.append(measure(name))
        signal.alarm(0)
        print(rows[-1].architecture, rows[-1].verdict, rows[-1].reason[:100], flush=True)
    page = PAGE.read_text()
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{rendered(rows)}\n\n{END}{after}")


if __name__ == "__main__":
    main()
