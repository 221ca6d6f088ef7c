"""A model, an input and an objective → how much each head's output changes the objective."""
