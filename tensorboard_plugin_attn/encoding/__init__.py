"""A record ⇄ the bytes of its file."""
