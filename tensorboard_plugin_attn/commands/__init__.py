"""A log directory and a spool → what is there, whether it is whole, and what can be cleaned up: the command line."""
