"""Use cases that more than one function needs, on ports only."""
