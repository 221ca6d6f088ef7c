"""Attention weights → numbers per head, in numpy alone."""
