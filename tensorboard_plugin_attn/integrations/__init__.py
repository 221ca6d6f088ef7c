"""A training framework's callbacks → probes, logged as it trains."""
