"""One module a format, or a family of them: each says how a file is parted and reads one part of it."""
