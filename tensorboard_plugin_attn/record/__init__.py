"""Tokens and layers, checked once → the one data type of the package."""
