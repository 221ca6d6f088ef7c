"""Records and their series → what changed, when, and what each head is."""
