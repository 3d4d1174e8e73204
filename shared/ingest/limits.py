"""What one file may cost: each bound is checked while reading, before the cost is paid."""

MAX_PAGES = 5_000
"""Twice the longest handbook that we met; at 40 pages a shard it stays under the 128 shards that one sweep drives."""

PAGES_PER_SHARD = 40
"""A shard of dense pages takes about a second, so a redelivery repeats little and a 300-page book is read by eight instances."""

MAX_PAGE_CHARACTERS = 400_000
"""The fullest real page has about 20,000; more is a page made to exhaust the reader."""

MAX_CHARACTERS = 8_000_000
"""Some 3,000 pages of prose: what one shard holds in memory, as text and as JSON at once, within the child's bound."""

MAX_TEXT_BYTES = 32 * 1024 * 1024
"""Four bytes a character, the widest encoding, for the longest text."""

MAX_HTML_BYTES = 8 * 1024 * 1024
"""A parsed page takes about seventy times its source, copies included; the longest that we met has half a megabyte."""

MAX_MARKDOWN_CHARACTERS = 5_000_000
"""A parsed text takes about a hundred bytes a character; the longest books have four million."""

READ_SECONDS = 120.0
"""Wall clock of one child; a stage's step must end well inside the 600 s in which Pub/Sub waits for its acknowledgement."""

READ_MEMORY_BYTES = 768 * 1024 * 1024
"""Address space of one child. A range of a PDF's pages needs 50 MiB, however long the file; the longest web page and the longest
Markdown need most of this.
"""

MAX_OUTPUT_BYTES = 128 * 1024 * 1024
"""The longest text as JSON with its blocks; a child that writes more has lost its way."""
