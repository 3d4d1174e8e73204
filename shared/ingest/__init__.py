"""Files to pages to chunks: extraction by type, structure, and shard planning. Pure functions on bytes and paths."""
