"""The words of a command line → one command, and its exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tensorboard_plugin_attn.commands import demo, doctor, ls, prune, verify
from tensorboard_plugin_attn.errors import AttentionError
from tensorboard_plugin_attn.storing.files import is_remote

__all__ = ["main"]

COMMANDS = {"ls": ls, "verify": verify, "prune": prune, "doctor": doctor, "demo": demo}
INTERRUPTED = 130  # as shells say it


def main(words: Sequence[str] | None = None) -> int:
    """Run one command: 0 all is well, 1 something is not, 2 the words make no sense, 130 interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m tensorboard_plugin_attn",
        description="Look after the attention records of a log directory, local or remote (s3://…, gs://…); or see a demo.",
    )
    parsers = parser.add_subparsers(dest="command", required=True, metavar=" | ".join(COMMANDS))
    for name, command in COMMANDS.items():
        sub = parsers.add_parser(name, help=command.HELP, description=command.HELP)
        command.add_arguments(sub)
    arguments = parser.parse_args(words)
    try:
        return int(COMMANDS[arguments.command].run(arguments))
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `… | head`
        sys.stderr.close()
        return 0
    except (AttentionError, OSError, ImportError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except Exception as error:
        logdir = getattr(arguments, "logdir", None) or ""
        if not is_remote(logdir):
            raise
        print(f"the store of {logdir} failed: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
