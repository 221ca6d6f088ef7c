"""``python -m tensorboard_plugin_attn`` → one of its commands."""

import sys

from tensorboard_plugin_attn.commands.command_line import main

if __name__ == "__main__":
    sys.exit(main())
