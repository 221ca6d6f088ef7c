"""This environment → why TensorBoard does not start in it, in one sentence that says what to install."""

from __future__ import annotations

import importlib.metadata
import traceback
import warnings

__all__ = ["describe_fault", "find_plugins"]

WIT = "the left-over package tensorboard-plugin-wit keeps TensorBoard from starting: pip uninstall tensorboard-plugin-wit"
REMEDIES = {
    "pkg_resources": "needs pkg_resources, which setuptools has no more from 82 on: pip install "
    '"tensorboard>=2.21", or "setuptools<82" where something holds protobuf below 6.31',
    "imghdr": 'needs imghdr, which Python has no more from 3.13 on: pip install "tensorboard>=2.20"',
}


def find_plugins() -> set[str]:
    """The plugins that TensorBoard loads at its start, as module.class; raises what keeps it from starting."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of other plugins
        from tensorboard import default

        default.get_static_plugins()
        return {f"{each.__module__}.{each.__qualname__}" for each in default.get_dynamic_plugins()}


def describe_fault(error: BaseException) -> str:
    """What an error at TensorBoard's start means, and what mends it where that is known."""
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    if any("tensorboard_plugin_wit" in file for file in files):
        return WIT
    if isinstance(error, ModuleNotFoundError) and error.name in REMEDIES:
        return f"TensorBoard {importlib.metadata.version('tensorboard')} {REMEDIES[error.name]}"
    return f"TensorBoard cannot be loaded: {type(error).__name__}: {error}"
