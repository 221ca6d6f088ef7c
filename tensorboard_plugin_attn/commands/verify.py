"""A log directory → every record read and compared with its checksums, and the damaged ones by name."""

from __future__ import annotations

import argparse
from functools import partial

from tensorboard_plugin_attn.commands.log_directory import add_log_directory, find_tags, open_log
from tensorboard_plugin_attn.commands.progress import counted, progress, size_text
from tensorboard_plugin_attn.encoding.format import read_tensor
from tensorboard_plugin_attn.errors import AttentionError
from tensorboard_plugin_attn.storing.files import Files
from tensorboard_plugin_attn.storing.series import ListedSeries, read_series
from tensorboard_plugin_attn.storing.store import StepFile, open_header

__all__ = ["HELP", "add_arguments", "check_header", "check_record", "check_series", "run"]

HELP = "read every record and say which are damaged (exit code 1 when any is)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it is called with."""
    add_log_directory(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read everything, print what is damaged."""
    files = open_log(arguments.logdir)
    tags = find_tags(files, arguments.run, arguments.tag)
    records = [step for tag in tags for step in tag.step_files]
    checked, damaged, nbytes = 0, 0, 0
    try:
        for step_file in progress(records, "records"):
            fault = check_record(files, step_file)
            checked, nbytes, damaged = checked + 1, nbytes + step_file.size, damaged + bool(fault)
            if fault:
                print(f"{files.where(step_file.path)}: {fault}", flush=True)
        series = [each for tag in tags for each in tag.series]
        for each in progress(series, "series"):
            fault = check_series(files, each)
            damaged += bool(fault)
            if fault:
                print(f"{files.where(each.path)}: {fault}; doctor --repair makes it anew", flush=True)
    except KeyboardInterrupt:
        print(f"stopped after {checked:,} of {counted(len(records), 'record')}: {damaged:,} damaged")
        raise
    packed = f", {len(series):,} series" if series else ""
    found = f"{damaged:,} damaged" if damaged else "all whole"
    print(f"{counted(checked, 'record')}{packed}, {size_text(nbytes)}: {found}")
    return 1 if damaged else 0


def check_record(files: Files, step_file: StepFile) -> str:
    """What is wrong with one file; nothing when every byte is what was written."""
    try:
        header = open_header(files, step_file)
        for name in header.spans:
            read_tensor(header, partial(files.read, step_file.path), name)
    except FileNotFoundError:
        return ""  # removed meanwhile
    except AttentionError as error:
        return getattr(error, "reason", str(error))
    except (OSError, LookupError, TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def check_series(files: Files, series: ListedSeries) -> str:
    """What is wrong with a series file; nothing when every byte is what was written."""
    try:
        read_series(files, series)
    except FileNotFoundError:
        return ""
    except (AttentionError, OSError) as error:
        return str(getattr(error, "reason", error))
    return ""


def check_header(files: Files, step_file: StepFile) -> str:
    """As ``check_record``, of the header and the head metrics alone."""
    try:
        open_header(files, step_file)
    except FileNotFoundError:
        return ""
    except AttentionError as error:
        return getattr(error, "reason", str(error))
    except (OSError, LookupError, TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return ""
