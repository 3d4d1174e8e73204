"""The local stack: the real emulators, a gateway that mounts every function, and the demo; no cloud account, no Docker."""
