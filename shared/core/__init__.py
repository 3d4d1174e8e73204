"""The lowest room: error codes, ids, clock, settings and log; it imports no other room."""
