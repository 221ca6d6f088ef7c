"""Tensors → where they come from and what their axes are."""
