"""A forward → the calls that are attention, each with its module's name."""
