"""What one file may cost: each bound is checked while reading, before the cost is paid."""

MAX_PAGES = 5_000
"""Twice the longest handbook that we met; at 40 pages a shard it stays under the 128 shards that one sweep drives."""

PAGES_PER_SHARD = 40
"""A shard of dense pages takes about a second, so a redelivery repeats little and a 300-page book is read by eight instances."""

MAX_BLOCKS = 250_000
"""Of one shard: each takes about a kilobyte where passages are made of them, within 512 MiB."""

MAX_PAGE_CHARACTERS = 400_000
"""The fullest real page has about 20,000; more is a page made to exhaust the reader."""

MAX_CHARACTERS = 8_000_000
"""Some 3,000 pages of prose: what one shard holds in memory, as text and as JSON at once, within the child's bound."""

MAX_TEXT_BYTES = 32 * 1024 * 1024
"""Four bytes a character, the widest encoding, for the longest text."""

MAX_HTML_BYTES = 8 * 1024 * 1024
"""As text with few marks; a page takes the more memory the more marks it has. Two megabytes of paragraphs of a letter, four of
table cells and six of short list items still fit the child, more is too_large by its memory. The longest page that we met has
half a megabyte.
"""

MAX_MARKDOWN_CHARACTERS = 5_000_000
"""As prose, of which the longest books have four million; of list items of a word 0.6 million fit the child."""

MAX_ARCHIVE_DIRECTORY_BYTES = 1024 * 1024
"""Some ten thousand entries of a zip; each takes half a kilobyte of memory before anything is read."""

MAX_ARCHIVE_ENTRIES = 10_000
"""A deck of a thousand slides has some five thousand parts, pictures included."""

MAX_ARCHIVE_BYTES = 256 * 1024 * 1024
"""What all the entries that are read may inflate to together; pictures and sound are not read."""

MAX_ENTRY_BYTES = 128 * 1024 * 1024
"""One entry that is read as a stream; a handbook of 872 pages has five megabytes."""

MAX_PART_BYTES = 16 * 1024 * 1024
"""One entry that is read whole: styles, a chapter, a list of relations."""

MAX_EXPANSION = 100
"""How many times its size a file may unpack to; Office documents reach 40, a bomb of zeros 1,000."""

UNCOUNTED_EXPANSION_BYTES = 16 * 1024 * 1024
"""Up to here no ratio is looked at: small files of one repeated line are no bombs."""

MAX_CELLS = 500_000
"""Of all tables in a text document or a deck; a table beyond that is a data set."""

MAX_TABLE_DEPTH = 16
"""Tables in tables; pages that are laid out so reach six."""

ROWS_PER_PAGE = 1_000
"""Rows of a table, or records of lines of JSON, that make a page."""

TABLE_PAGE_CHARACTERS = 400_000
"""A page of long rows ends here."""

TABLE_SHARD_CHARACTERS = 2_000_000
"""What one step reads of tables: rows cost memory as lists, as text and as JSON; a hundred megabytes are some fifty steps."""

MAX_TABLE_CELL_CHARACTERS = 400_000
"""More is a quote that nobody closed."""

MAX_SHEET_CELLS = 1_000_000
"""Of one sheet from its first to its last filled cell, empty ones included: the parser holds them all, thirty-two bytes each."""

MAX_JSON_BYTES = 16 * 1024 * 1024
"""A parsed value takes some six times its source; lines of JSON are read one by one and may be as long as any upload."""

MAX_JSON_DEPTH = 100
"""Documents that people write reach ten."""

MAX_XML_BYTES = 8 * 1024 * 1024
"""A parsed tree takes some ten times its source, and thirty where it is all tags."""

MAX_MAIL_BYTES = 32 * 1024 * 1024
"""Mail servers take 25 MB, which base64 makes a third more."""

MAX_MAIL_PARTS = 500
"""Parts of one message, those within others included."""

MAX_ATTACHMENTS = 50
"""Of one message; each becomes a document."""

MAX_PICTURE_PIXELS = 50_000_000
"""Of an image, looked at before it is decoded: four bytes each, and the largest cameras of telephones have 48 million."""

SHOWN_SIDE = 2_048
"""Pixels of the longer side as a model sees it: small print of a full page can be read, and models scale down what is larger."""

MAX_CHUNKS = 100_000
"""Passages of one document; a table of 300,000 rows has some 60,000, and each costs an embedding and its place in the index."""

MAX_FRAMES = 500
"""Pages of a TIFF."""

READ_SECONDS = 120.0
"""Wall clock of one child; a stage's step must end well inside the 600 s in which Pub/Sub waits for its acknowledgement."""

READ_MEMORY_BYTES = 320 * 1024 * 1024
"""Address space of one child, so that it, the file and whoever waits for it fit into 512 MiB. A range of a PDF's pages needs
70 MiB, however long the file; what MAX_HTML_BYTES and MAX_MARKDOWN_CHARACTERS allow fits as prose, and where it is mostly marks
it ends as too_large before.
"""

MAX_OUTPUT_BYTES = 128 * 1024 * 1024
"""The longest text as JSON with its blocks; a child that writes more has lost its way."""
