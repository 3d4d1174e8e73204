"""The edges: what stands between a request or event and a use case, and what builds the ports."""
