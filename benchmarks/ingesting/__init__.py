"""One module a system that `benchmarks/ingestion.py` measures; each is imported in the worker's process alone."""
