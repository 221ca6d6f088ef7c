"""Rows of the matrix ⇄ the tables of docs/reference/coverage.md; run as a program it measures every row anew.

python tests/matrix/coverage.py            # all architectures, some minutes
python tests/matrix/coverage.py bert gpt2  # these anew, the others as they stand
"""

from __future__ import annotations

import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from matrix.compare import Row, compare  # noqa: E402 - the path above makes the package importable
from matrix.overrides import OVERRIDES  # noqa: E402 - the path above comes first

__all__ = ["PAGE", "covered_rows", "measure", "outputs", "rebuilt"]

PAGE = ROOT / "docs" / "reference" / "coverage.md"
BEGIN, END = "<!-- coverage: written by tests/matrix/coverage.py -->", "<!-- /coverage -->"
COVERED = re.compile(
    r"^\| `(?P<architecture>[^`]+)` \| (?P<references>\d+) of (?P<records>\d+) \| (?P<mechanisms>[^|]*) \| (?P<rebuilt>[^|]*) \| (?P<precision>\w+) \| (?P<margin>\d+) × \|(?: (?P<output_error>[^|]*) \| (?P<blocks>\d+) \|)?$",
    re.MULTILINE,
)
LEFT = re.compile(r"^\| `(?P<architecture>[^`]+)` \| (?P<records>\d+) \| (?P<why>[^|]*) \|$", re.MULTILINE)
MOST_SECONDS = 120  # of a processor


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
    return "yes" if row.rebuild <= row.limit else "no: told by rebuild_error"


def outputs(row: Row) -> str:
    """How far weights · values are at most from what the kernels returned in float32, and of how many layers it is known."""
    checked = row.checked
    if not checked.seen:
        return "not seen"
    return f"{checked.output_error:.0e}" + f" ({checked.seen} layers)" * (checked.seen < checked.layers)


def rendered(exact: dict[str, str], others: dict[str, str]) -> str:
    """Both tables as Markdown, from their lines by architecture."""
    lines = [
        f"{len(exact)} architectures are exact; {len(others)} more of transformers' are listed below with the reason.",
        "",
        "| architecture | reference maps of captured ones | seen by | rebuilt from query and key | ran in | margin | output_error | in blocks |",
        "|---|---|---|---|---|---|---|---|",
        *(exact[name] for name in sorted(exact)),
        "",
        "| not covered | captured maps | why |",
        "|---|---|---|",
        *(others[name] for name in sorted(others)),
    ]
    return "\n".join(lines)


def line(row: Row) -> str:
    """A row of the table that it belongs to."""
    if row.verdict == "exact":
        maps = f"{row.references} of {row.records} | {row.mechanisms} | {rebuilt(row)}"
        return f"| `{row.architecture}` | {maps} | {row.precision} | {int(row.margin)} × | {outputs(row)} | {row.checked.in_blocks} |"
    return f"| `{row.architecture}` | {row.records} | {why(row)} |"


def why(row: Row) -> str:
    """The reason in one short clause."""
    if row.architecture in KNOWN:
        return KNOWN[row.architecture]
    missing = NEEDS.search(row.reason)
    if missing:
        return f"needs {missing['library'] or missing['module']}"
    if row.verdict == "nothing captured":
        return NO_ATTENTION
    if row.verdict == "not built":
        return f"not built small: {row.reason}"
    return f"{row.verdict}: {row.reason}".replace("|", "/").replace("<", "‹").replace(">", "›")


NEEDS = re.compile(r"requires the (?P<library>\S+) library|No module named '(?P<module>\w+)'")
NO_ATTENTION = "no softmax attention over tokens"
SESSION = "its forward takes a video session, not tensors"
DETECTOR = f"{NO_ATTENTION}: convolutions"
KNOWN = {
    "longformer": "chunked attention, left out with a warning",
    "led": "chunked attention in the encoder, left out with a warning; the decoder's maps are captured",
    "autoformer": f"{NO_ATTENTION}: auto-correlation over time lags",
    "fnet": f"{NO_ATTENTION}: Fourier transforms",
    "mra": f"{NO_ATTENTION}: blocks of approximated scores",
    "rwkv": f"{NO_ATTENTION}: a recurrent layer",
    "xlstm": f"{NO_ATTENTION}: a recurrent layer",
    "yoso": f"{NO_ATTENTION}: hashed attention",
    "swiftformer": f"{NO_ATTENTION}: its softmax runs over a single number",
    "patchtsmixer": f"{NO_ATTENTION}: its softmax gates features",
    **dict.fromkeys(("edgetam_video", "sam2_video", "sam3_tracker_video", "sam3_video"), SESSION),
    **dict.fromkeys(
        ("efficientnet", "uvdoc", "pp_ocrv6_medium_det", "pp_ocrv6_small_det", "muse_spark_audio"), DETECTOR
    ),
    **dict.fromkeys(
        (
            "vibevoice_acoustic_tokenizer",
            "vibevoice_acoustic_tokenizer_decoder",
            "vibevoice_acoustic_tokenizer_encoder",
        ),
        DETECTOR,
    ),
    "llama4": "transformers 5.24.0 raises in its own forward; llama4_text is in the table above",
    "glm_image_vqmodel": "no forward of its own; it is part of glm_image",
    "voxtral_realtime_text": "transformers names a model that it does not have; it is part of voxtral_realtime",
}


def covered_rows() -> list[dict[str, Any]]:
    """The rows of the page's first table."""
    return [match.groupdict() for match in COVERED.finditer(PAGE.read_text())]


def main(chosen: list[str]) -> None:
    """Measure all architectures, or those chosen, and write the page's tables."""
    import torch
    import transformers

    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    names = chosen or sorted(transformers.models.auto.modeling_auto.MODEL_MAPPING_NAMES)

    def give_up(*_: Any) -> None:
        raise TimeoutError(f"more than {MOST_SECONDS} s")

    signal.signal(signal.SIGPROF, give_up)
    before, table, after = re.split(f"{BEGIN}|{END}", PAGE.read_text())
    kept = table if chosen else ""
    exact = {match["architecture"]: match[0] for match in COVERED.finditer(kept)}
    others = {match["architecture"]: match[0] for match in LEFT.finditer(kept)}
    for name in names:
        begin = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
        row = measure(name)
        signal.setitimer(signal.ITIMER_PROF, 0)
        exact.pop(name, None), others.pop(name, None)
        (exact if row.verdict == "exact" else others)[name] = line(row)
        print(f"{time.process_time() - begin:.1f} s {line(row)} {row.reason[:100]} {row.checked}", flush=True)
    PAGE.write_text(f"{before}{BEGIN}\n\n{rendered(exact, others)}\n\n{END}{after}")


if __name__ == "__main__":
    main(sys.argv[1:])
