"""One folder is one Cloud Function: an entry point in `main.py` and a manifest in `function.yaml`."""
