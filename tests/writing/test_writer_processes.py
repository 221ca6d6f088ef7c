"""AttentionWriter in processes that end, fork or are killed: nothing that was handed over or listed is broken."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from logs.random_attention import softmax_weights, token_list

from tensorboard_plugin_attn import AttentionReader
from tensorboard_plugin_attn.storing.files import LocalFiles
from tensorboard_plugin_attn.storing.spool import open_spools
from tensorboard_plugin_attn.storing.store import list_steps

PREAMBLE = """
import os, sys
from logs.random_attention import random_record, softmax_weights, token_list
from tensorboard_plugin_attn import AttentionWriter
writer = AttentionWriter(sys.argv[1])
"""


def start(code: str, directory: Path) -> subprocess.Popen[str]:
    """A process that has a writer to a directory."""
    program = PREAMBLE + textwrap.dedent(code)
    return subprocess.Popen(
        [sys.executable, "-c", program, str(directory)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(code: str, directory: Path) -> tuple[int, str, str]:
    """Exit code, output and errors of such a process."""
    process = start(code, directory)
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


LOG_TEN = "for step in range(10): writer.add_record('probe', random_record(), step)\n"


def test_a_normal_exit_writes_everything_without_close(tmp_path: Path) -> None:
    code, _, errors = run(LOG_TEN, tmp_path)
    assert (code, errors) == (0, "")
    assert AttentionReader(tmp_path).steps(".", "probe") == list(range(10))


def test_an_exit_with_an_error_writes_everything_without_close(tmp_path: Path) -> None:
    code, _, errors = run(LOG_TEN + "raise ValueError('training failed')", tmp_path)
    assert code == 1
    assert "training failed" in errors
    assert AttentionReader(tmp_path).steps(".", "probe") == list(range(10))


def test_an_exit_waits_for_a_slow_disk(tmp_path: Path) -> None:
    slow = """
    import time
    class Slow(type(writer.delivery.files)):
        def write(self, path, buffers):
            time.sleep(0.05)
            super().write(path, buffers)
    writer.delivery.files = Slow(sys.argv[1])
    """
    code, _, errors = run(textwrap.dedent(slow) + LOG_TEN, tmp_path)
    assert (code, errors) == (0, "")
    assert AttentionReader(tmp_path).steps(".", "probe") == list(range(10))


def test_a_writer_that_is_forgotten_writes_everything(tmp_path: Path) -> None:
    code, _, errors = run(LOG_TEN + "del writer\nimport gc; gc.collect()", tmp_path)
    assert (code, errors) == (0, "")
    assert AttentionReader(tmp_path).steps(".", "probe") == list(range(10))


def test_an_exit_with_a_store_that_refuses_ends_and_says_where_the_records_are(tmp_path: Path) -> None:
    refused = """
    import tensorboard_plugin_attn.writing.delivery as delivery
    class Refusing(type(writer.delivery.files)):
        def list(self, path):
            raise ConnectionError("refused")
    remote = AttentionWriter("memory://exit/run", spool=sys.argv[1] + "/spool")
    remote.delivery.bounded.files = Refusing(sys.argv[1])
    import weakref
    weakref.finalize(remote, delivery.close_in, os.getpid(), remote.delivery, 1.0)
    for step in range(3): remote.add_record("probe", random_record(), step)
    """
    code, _, errors = run(refused, tmp_path)
    assert code == 0
    assert "0 of 3 records written, 3 kept in " in errors
    assert "ConnectionError: refused" in errors
    (spool,) = open_spools(tmp_path / "spool")
    assert [each.step for each in spool.waiting()] == [0, 1, 2]


FORK = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 on forks beside threads
pid = os.fork()
if pid == 0:
    writer.add_record("child", random_record(), 0)
    writer.add_record("child", random_record(), 1)
    handed_over = [job.path for job in writer.queue.jobs if "/child/" in job.path]
    writer.flush()
    writer.close()
    sys.exit(len(handed_over) + writer.is_writing)
_, status = os.waitpid(pid, 0)
writer.add_record("probe", random_record(), 10)
print(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.parametrize("before", ["writer.flush()", ""])
def test_a_forked_child_owns_no_writer_and_says_so_once(before: str, tmp_path: Path) -> None:
    code, output, errors = run(LOG_TEN + before + FORK, tmp_path)
    assert (code, output.strip()) == (0, "0")
    assert errors.count("writes nothing: it was made in process") == errors.count("Warning") == 1
    reader = AttentionReader(tmp_path)
    assert reader.tags(".") == ["probe"]
    assert reader.steps(".", "probe") == list(range(11))


def test_a_forked_child_may_open_a_writer_of_its_own(tmp_path: Path) -> None:
    fork = """
    import warnings
    warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 on forks beside threads
    pid = os.fork()
    own = AttentionWriter(sys.argv[1])
    own.add_record("child" if pid == 0 else "parent", random_record(), 0)
    own.close()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    """
    code, _, errors = run(LOG_TEN + textwrap.dedent(fork), tmp_path)
    assert (code, errors) == (0, "")
    assert AttentionReader(tmp_path).tags(".") == ["child", "parent", "probe"]


def test_a_write_that_the_system_cuts_off_leaves_nothing_under_a_final_name(tmp_path: Path) -> None:
    limited = """
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
    writer.add_attention("large", [softmax_weights(4, 128, 128)], token_list(128), 0)
    writer.add_attention("small", [softmax_weights(1, 4, 4)], token_list(4), 0)
    writer.flush()
    print(writer.num_written, writer.num_dropped)
    """
    code, output, errors = run(limited, tmp_path)
    assert code == 0
    assert "File too large" in errors
    assert output.split() == ["1", "1"]
    assert AttentionReader(tmp_path).tags(".") == ["small"]
    assert list((tmp_path / "plugins/attn/large").iterdir()) == []


LENGTH, HEADS, LAYERS, VARIANTS = 96, 8, 6, 4
ENDLESS = f"""
weights = [
    [softmax_weights({HEADS}, {LENGTH}, {LENGTH}, 100 * variant + layer) for layer in range({LAYERS})]
    for variant in range({VARIANTS})
]
tokens = token_list({LENGTH})
print("ready", flush=True)
step = 0
while True:
    writer.add_attention("probe", weights[step % {VARIANTS}], tokens, step % 50)
    step += 1
    print(flush=True)
"""


def test_after_kill_9_every_listed_record_is_whole_and_right(tmp_path: Path) -> None:
    moments, listed = random.Random(0), 0
    for number in range(10):
        run_directory = tmp_path / f"run{number}"
        process = start(ENDLESS, run_directory)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for _ in range(moments.randint(3, 12)):
            process.stdout.readline()
        time.sleep(moments.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        listed += check_records(run_directory)
    assert listed > 20  # the moments fell while it was writing


def check_records(run_directory: Path) -> int:
    """Every name that counts as a record reads back as what was logged; how many there are."""
    directory = run_directory / "plugins/attn/probe"
    visible = [path for path in directory.glob("*") if not path.name.startswith(".")]
    files = LocalFiles(str(run_directory))
    listed = list_steps(files, "plugins/attn/probe")
    assert sorted(path.name for path in visible) == [Path(each.path).name for each in listed]
    reader = AttentionReader(run_directory)
    for each in listed:
        record = reader.read(".", "probe", each.step)
        assert record.tokens == token_list(LENGTH)
        assert any(is_variant(record.layers, variant) for variant in range(VARIANTS))
    return len(listed)


def is_variant(layers: list[object], variant: int) -> bool:
    """Whether every layer is the one that was logged."""
    return all(
        np.abs(layer.weights - softmax_weights(HEADS, LENGTH, LENGTH, 100 * variant + number)).max()
        <= 0.00197  # type: ignore[attr-defined] - a LayerAttention
        for number, layer in enumerate(layers)
    )
