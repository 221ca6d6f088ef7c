"""Change against earlier records, from memory and from disk; tracked pairs and metrics-only steps as they are logged."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logs.random_attention import softmax_weights, token_list

from tensorboard_plugin_attn import AttentionReader, AttentionWriter
from tensorboard_plugin_attn.encoding.header import Fault
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.storing.files import LocalFiles
from tensorboard_plugin_attn.storing.store import list_steps, open_header, record_directory
from tensorboard_plugin_attn.writing.history import History

TOKENS = token_list(6)


def weights(step: int, length: int = 6) -> np.ndarray:
    return np.stack([softmax_weights(2, length, length, 100 * step + layer) for layer in range(2)])


def log(logdir: Path, steps: list[int], tokens: list[str] = TOKENS, **options: Any) -> None:
    """Log steps with a writer of their own, as a training that was resumed does."""
    with AttentionWriter(logdir) as writer:
        for step in steps:
            writer.add_attention("p", weights(step, len(tokens)), tokens, step, **options)


def changes(logdir: Path) -> dict[str, list[float]]:
    """Mean over heads of both changes at each step."""
    series = AttentionReader(logdir).metrics(".", "p")
    return {
        name: series.values[..., series.names.index(name)].mean(axis=(1, 2)).tolist()
        for name in ("change_previous", "change_first")
    }


def test_threads_may_log_with_one_writer_in_any_order_of_steps(tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(19, -1, -1):
                writer.add_attention("p", weights(step), TOKENS, 10 * step + number)
        except BaseException as error:  # noqa: BLE001 - what is looked for
            errors.append(error)

    with AttentionWriter(tmp_path) as writer:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []
    steps = sorted(10 * step + number for step in range(20) for number in range(4))
    assert AttentionReader(tmp_path).steps(".", "p") == steps


def test_the_first_record_has_not_changed_and_has_no_previous_one(tmp_path: Path) -> None:
    log(tmp_path, [0, 5])
    found = changes(tmp_path)
    assert np.isnan(found["change_previous"][0])
    assert found["change_first"][0] == 0
    assert found["change_first"][1] == found["change_previous"][1] > 0.1


def test_a_resumed_training_measures_what_an_unbroken_one_does(tmp_path: Path) -> None:
    log(tmp_path / "whole", [0, 1, 2, 3])
    log(tmp_path / "resumed", [0, 1])
    log(tmp_path / "resumed", [2, 3])
    whole, resumed = changes(tmp_path / "whole"), changes(tmp_path / "resumed")
    for name in whole:
        assert resumed[name] == pytest.approx(whole[name], nan_ok=True, abs=1e-6)


def test_steps_logged_again_or_out_of_order_are_measured_against_what_lies_before_them(
    tmp_path: Path,
) -> None:
    log(tmp_path / "ordered", [0, 1, 2])
    log(tmp_path / "again", [0, 2, 1, 2, 2])
    assert changes(tmp_path / "again")["change_first"] == pytest.approx(
        changes(tmp_path / "ordered")["change_first"], abs=1e-6
    )
    assert changes(tmp_path / "again")["change_previous"][1:] == pytest.approx(
        changes(tmp_path / "ordered")["change_previous"][1:], abs=1e-6
    )


def test_records_of_another_probe_are_not_compared(tmp_path: Path) -> None:
    log(tmp_path, [0, 1])
    log(tmp_path, [2], tokens=[*TOKENS[:5], "other"])
    log(tmp_path, [3], tokens=[*TOKENS[:5], "other"])
    found = changes(tmp_path)
    assert np.isnan(found["change_previous"]).tolist() == [True, False, True, False]
    assert np.isnan(found["change_first"]).tolist() == [False, False, True, True]


def test_a_damaged_first_record_leaves_the_change_undefined_and_logging_goes_on(tmp_path: Path) -> None:
    log(tmp_path, [0, 1])
    (tmp_path / record_directory("", "p") / f"{0:012d}.safetensors").write_bytes(b"cut")
    log(tmp_path, [2])
    found = changes(tmp_path)
    assert np.isnan(found["change_first"][-1])
    assert found["change_previous"][-1] > 0.1


def test_unchanged_weights_have_changed_by_nothing(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path) as writer:
        for step in range(3):
            writer.add_attention("p", weights(0), TOKENS, step)
    assert changes(tmp_path)["change_first"] == [0, 0, 0]


def test_metrics_that_were_named_are_the_only_ones(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path, metrics=["entropy", "change_first"]) as writer:
        writer.add_attention("p", weights(0), TOKENS, 0)
    assert AttentionReader(tmp_path).metrics(".", "p").names == ["entropy", "change_first"]


def test_what_is_kept_is_bounded_and_read_from_disk_again_when_it_is_gone(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path) as writer:
        writer.history.limit = 1
        for step in range(3):
            for tag in ("p", "q"):
                writer.add_attention(tag, weights(step), TOKENS, step)
                writer.flush()
        assert len(writer.history.tags) == 1
    log(tmp_path / "roomy", [0, 1, 2])
    found, roomy = changes(tmp_path), changes(tmp_path / "roomy")
    assert found["change_previous"] == pytest.approx(roomy["change_previous"], nan_ok=True, abs=1e-6)


def test_a_store_that_fails_leaves_the_change_undefined(tmp_path: Path) -> None:
    class Failing(LocalFiles):
        def list(self, path: str) -> Any:
            raise RuntimeError("offline")

    known = History(Failing(str(tmp_path)), lambda: None).before("p", 3)
    assert (known.last, known.previous, known.first) == (None, None, None)


def test_tracked_pairs_are_metrics_of_the_record_and_the_header_says_where_they_stand(
    tmp_path: Path,
) -> None:
    log(tmp_path, [0], track={"1→4": ("token1", "token4"), "ends": ({0, -1}, 2)})
    series = AttentionReader(tmp_path).metrics(".", "p")
    expected = weights(0)
    assert series.names[-2:] == ["1→4", "ends"]
    assert series.values[0, ..., -2] == pytest.approx(expected[..., 1, 4], abs=1e-6)
    assert series.values[0, ..., -1] == pytest.approx(expected[..., [0, 5], 2].mean(axis=-1), abs=1e-6)
    files = LocalFiles(str(tmp_path))
    header = open_header(files, list_steps(files, record_directory("", "p"))[0])
    assert header.track[1].to_json() == {
        "name": "ends", "axes": ["tokens", "tokens"], "queries": [0, 5], "keys": [2],
    }  # fmt: skip


def test_a_pair_that_cannot_be_found_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path) as writer:
        with pytest.raises(InvalidRecordError, match=r"track 'x'.*'he' is not among"):
            writer.add_attention("p", weights(0), TOKENS, 0, track={"x": ("he", 0)})
        with pytest.raises(InvalidRecordError, match="no metric has"):
            writer.add_attention("p", weights(0), TOKENS, 0, track={"change_first": (0, 0)})
    assert AttentionReader(tmp_path).runs() == []


def test_a_step_of_metrics_alone_is_a_small_file_with_the_same_metrics(tmp_path: Path) -> None:
    log(tmp_path / "whole", [0, 1])
    log(tmp_path / "metrics", [0, 1], metrics_only=True)
    whole, small = (AttentionReader(tmp_path / name).metrics(".", "p") for name in ("whole", "metrics"))
    assert small.names == whole.names
    assert small.values == pytest.approx(whole.values, nan_ok=True)
    files = LocalFiles(str(tmp_path / "metrics"))
    step_file = list_steps(files, record_directory("", "p"))[1]
    assert (step_file.kind, step_file.path[-28:]) == ("metrics", "000000000001.metrics.safetensors"[-28:])
    header = open_header(files, step_file)
    assert list(header.spans) == ["head_metrics"]
    assert (header.kind, header.left_out) == ("metrics", ())


def test_faults_are_in_the_header_of_the_step_that_has_them(tmp_path: Path) -> None:
    leaking = weights(0)
    leaking[1, 0, 2] *= 2
    with AttentionWriter(tmp_path) as writer:
        writer.add_attention("p", weights(0), TOKENS, 0)
        writer.add_attention("p", leaking, TOKENS, 1)
    files = LocalFiles(str(tmp_path))
    faults = [open_header(files, each).faults for each in list_steps(files, record_directory("", "p"))]
    assert faults == [(), (Fault(1, (0,), "row_sum", 2.0),)]


def test_weights_logged_after_the_metrics_of_the_same_step_change_the_same(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path) as writer:
        for step in range(4):
            writer.add_attention("p", weights(step), TOKENS, step, metrics_only=step != 0)
        writer.add_attention("p", weights(3), TOKENS, 3)
    log(tmp_path / "plain", [0, 1, 2, 3])
    found, plain = changes(tmp_path), changes(tmp_path / "plain")
    assert found["change_previous"] == pytest.approx(plain["change_previous"], nan_ok=True, abs=1e-6)
