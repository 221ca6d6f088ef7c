"""A record of 32 heads of 32,768 tokens kept as queries and keys → how soon its overview, a region and a row come.

Run ``python tests/bench/bench_long_head.py [--length 32768] [--heads 32] [--width 128] [--browser]``. "cold" is the
first request of each kind to a TensorBoard that has just started, "warm" the median of further ones, of other places
each. Each head has queries and keys of its own; to make the record takes some 8 s of CPU a head, which ``--log`` keeps.
With ``--browser`` also zooming in a headless Chromium: from the event to the second frame after it, less the two
frames that an idle page takes. Memory is resident size above that before the first request.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from logs.long_text import write_long
from logs.tensorboard_server import TensorBoardServer

WHERE = {"run": "run", "tag": "long", "step": 0, "layer": 0}
LIMITS = {"overview": 300, "region": 150, "row": 60}
WARM = 20
PLACES = 12


def resident_mib(pid: int, name: str = "VmRSS") -> float:
    """Memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def milliseconds(server: TensorBoardServer, route: str, query: dict[str, Any]) -> float:
    """One request, its answer read to the end."""
    started = time.perf_counter()
    reply = server.get(route, {**WHERE, **query})
    assert reply.status == 200, reply.body
    return 1000 * (time.perf_counter() - started)


def asked(what: str, length: int, head: int, place: int) -> tuple[str, dict[str, Any]]:
    """A request of one kind, of another place of the head each time."""
    start = min(length - 512, length // 2 + 700 * place)
    if what == "row":
        return "weights", {"head": head, "queries": f"{start}-{start}"}
    if what == "region":
        span = f"{start // 2}-{start // 2 + 511}"
        return "region", {"head": head, "queries": f"{start}-{start + 511}", "keys": span, "side": 512}
    whole = f"0-{length - 1}"
    return "region", {"head": head, "queries": whole, "keys": whole, "side": 256}


def serve(logdir: Path, length: int, what: str) -> None:
    """The times of one kind, from a server of its own."""
    with TensorBoardServer.start(logdir=logdir) as server:
        while not server.get("index").json:
            time.sleep(0.1)
        before = resident_mib(server.process.pid)
        cold = milliseconds(server, *asked(what, length, 3, 0))
        # An overview is read of another head each time; parts of a head are looked at one after the other.
        places = [(4 + at, at) if what == "overview" else (3, 1 + at) for at in range(PLACES)]
        warm = [milliseconds(server, *asked(what, length, *place)) for place in places]
        again = statistics.median(milliseconds(server, *asked(what, length, *places[-1])) for _ in range(5))
        grown = resident_mib(server.process.pid, "VmHWM") - before
        print(
            f"{what:9} cold {cold:6.1f} ms (≤ {LIMITS[what]}), warm {statistics.median(warm):5.1f} ms, "
            f"again {again:4.1f} ms (≤ {WARM}), server + {grown:.0f} MiB at most (≤ 100)",
            flush=True,
        )


FRAMES = """async ([kind, count]) => {
  const target = document.querySelector('[role=application]');
  const { left, top, width, height } = target.getBoundingClientRect();
  const frames = async () => { for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame); };
  const taken = [];
  for (let i = 0; i < count; i++) {
    const at = { clientX: left + width * 0.55, clientY: top + height * 0.6, bubbles: true };
    await frames();
    const started = performance.now();
    if (kind === 'zoom') target.dispatchEvent(
      new WheelEvent('wheel', { ...at, cancelable: true, deltaY: i < count * 0.7 ? -150 : 150 }));
    await frames();
    taken.push(performance.now() - started);
    await new Promise(resolve => setTimeout(resolve, 40));
  }
  return taken;
}"""


def browse(logdir: Path) -> None:
    """Zooming into the head, and the memory of the page."""
    from attention_tab import AttentionTab
    from chromium import launch
    from playwright.sync_api import sync_playwright
    from renderer_memory import renderer_peak_mib

    with TensorBoardServer.start(logdir=logdir) as server, sync_playwright() as playwright:
        while not server.get("index").json:
            time.sleep(0.1)
        browser = launch(playwright)
        tab = AttentionTab.open(browser, server.url, view="head", run="run", tag="long", mode="matrix")
        tab.wait_drawn("head")
        idle = sorted(tab.inside().evaluate(FRAMES, ["idle", 60]))
        zoom = sorted(tab.inside().evaluate(FRAMES, ["zoom", 60]))
        idle_frame = statistics.median(idle) / 2
        p95 = zoom[int(0.95 * len(zoom))] - statistics.median(idle)
        print(f"zoom p95 {p95:.1f} ms beyond the idle frames (≤ one of {idle_frame:.1f} ms)")
        tab.page.wait_for_timeout(2000)
        print(f"renderer {renderer_peak_mib():.0f} MiB at most (≤ 300)")
        browser.close()


def main() -> None:
    """Print the times of each kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--length", type=int, default=32768)
    parser.add_argument("--heads", type=int, default=32)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--log", type=Path, help="a directory that keeps the record, or has it")
    parser.add_argument("--browser", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        logdir = given.log or Path(temporary)
        if not (logdir / "run").exists():
            path = write_long(logdir / "run", "long", given.length, heads=given.heads, width=given.width)
            print(f"{path.stat().st_size / 2**20:.0f} MiB, 1 layer × {given.heads} heads, T = {given.length}")
        for what in LIMITS:
            serve(logdir, given.length, what)
        if given.browser:
            browse(logdir)


if __name__ == "__main__":
    main()
