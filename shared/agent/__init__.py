"""The AI logic on its own: standalone questions, retrieval, prompts, citations, the answer loop. Knows ports, not technology."""
