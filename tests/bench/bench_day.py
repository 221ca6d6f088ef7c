"""100,000 records over 50 runs from 4 processes while a tab looks → how soon an index comes, and the server's memory.

Run ``python tests/bench/bench_day.py [--records 2000] [--runs 50]``; time is scaled down by tiny records.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from logs.busy_day import simulate


def main() -> None:
    """Simulate, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--records", type=int, default=2000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        day = simulate(Path(name), runs=options.runs, records=options.records, processes=4)
    total = options.runs * options.records
    print(
        f"{total:,} records in {day.seconds:.0f} s: {day.written:,} written, {day.dropped} lost, {day.listed:,} listed\n"
        f"index: median {statistics.median(day.index_ms):.0f} ms, longest {max(day.index_ms):.0f} ms (hold 1000), "
        f"median {statistics.median(day.index_bytes) / 1e3:.0f} KB; series: median {statistics.median(day.series_ms):.0f} ms\n"
        f"server {day.mb[0]:.0f} MB at first, {max(day.mb):.0f} MB at most, {day.mb[-1]:.0f} MB in the end"
    )


if __name__ == "__main__":
    main()
