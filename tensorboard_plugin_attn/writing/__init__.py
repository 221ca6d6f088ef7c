"""Records → files, events and scalars, without holding up training."""
