"""A model and inputs → one forward of its own that disturbs nothing."""
