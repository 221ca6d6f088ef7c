"""A store that hangs, is killed, slow, cut, refusing or full for minutes → how much longer a training loop takes.

Run ``python tests/bench/bench_store_faults.py [--seconds 300] [--records 200] [--faults hang kill]``. The records are
logged evenly over the time of the fault, through moto's S3 server behind a proxy; then the store recovers.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from logs.store_faults import FAULTS, endure


def main() -> None:
    """Endure each fault, print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--records", type=int, default=200)
    parser.add_argument("--faults", nargs="+", choices=FAULTS, default=FAULTS)
    options = parser.parse_args()
    for fault in options.faults:
        with tempfile.TemporaryDirectory() as spool:
            endured = endure(fault, options.seconds, options.records, Path(spool))
        twice = len(endured.written) - len(set(endured.written))
        in_order = list(dict.fromkeys(endured.written)) == sorted(set(endured.written))
        print(
            f"{fault:<7} loop {100 * endured.slowed:+.2f} % of {endured.seconds:.0f} s (hold 1 % and max_wait once); "
            f"{endured.safe} of {options.records} in store or spool, {len(endured.arrived)} arrived "
            f"{endured.recovery:.1f} s after it ended, {'in order' if in_order else 'OUT OF ORDER'}, {twice} sent again; "
            f"told: {dict(endured.kinds)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
