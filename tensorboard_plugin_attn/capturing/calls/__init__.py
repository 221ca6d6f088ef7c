"""One attention call → its weights, query, key and mask."""
