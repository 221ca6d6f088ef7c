"""A log directory → the plugin's answers, called as TensorBoard calls it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tensorboard.plugins import base_plugin
from werkzeug.test import Client, TestResponse

from tensorboard_plugin_attn.loader import AttnLoader


class Host:
    """Calls the routes of a plugin as TensorBoard does."""

    def __init__(self, logdir: Path) -> None:
        flags = argparse.Namespace(logdir=str(logdir), logdir_spec="", reload_interval=0)
        self.plugin = AttnLoader().load(base_plugin.TBContext(flags=flags, logdir=str(logdir)))
        assert self.plugin.listing.walked.wait(20)

    def get(self, route: str, query: dict[str, Any] | None = None, **headers: str) -> TestResponse:
        apps = self.plugin.get_plugin_apps()
        given = {name: value for name, value in (query or {}).items() if value is not None}
        client = Client(apps.get(f"/{route}", apps["/*"]))
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.get(f"/data/plugin/attn/{route}", query_string=given, headers=names)
