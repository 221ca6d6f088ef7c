"""A small model, trained here → a log whose heads tell a story, and TensorBoard on it: what ``demo`` runs."""
