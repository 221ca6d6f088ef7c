"""A request of the Attention tab → what is read of the log → the answer; no torch here."""
