"""Model inputs → whose positions the axes are, and which are padding."""
