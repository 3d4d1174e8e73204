"""What is read of pages and sitemaps without a parser, and that hostile ones cost no more time than others."""

import gzip
import time

import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.links import MOST_LINKS, page_links, sitemap_of


def test_links_titles_and_wishes_are_read_in_any_spelling() -> None:
    page = b"""<HTML><TITLE lang=en>
      Of &amp; about <!-- never --> </TITLE><base href='/docs/'><META content="NoIndex" name='ROBOTS'>
      <a class=x href=one.html>1</a><A HREF = "two.html?a=1&amp;b=2" >2</A><area href='three.html'>
      <a rel="external nofollow" href="four.html">4</a><!-- <a href="five.html"> --><a href="one.html">again</a><a name=x>"""
    found = page_links(page)
    assert found.links == ("one.html", "two.html?a=1&b=2", "three.html")
    assert (found.title, found.base, found.may_follow, found.may_learn) == ("Of & about", "/docs/", True, False)


@pytest.mark.parametrize(
    ("head", "wishes"),
    [
        (b"", (True, True)),
        (b'<meta name="robots" content="noindex,nofollow">', (False, False)),
        (b'<meta name="synapseod" content="none">', (False, False)),
        (b'<meta name="otherbot" content="noindex">', (True, True)),
        (b'<meta name="robots" content="nofollow">', (False, True)),
    ],
)
def test_a_page_says_what_robots_may(head: bytes, wishes: tuple[bool, bool]) -> None:
    found = page_links(head)
    assert (found.may_follow, found.may_learn) == wishes


def test_a_page_of_nothing_but_links_gives_some() -> None:
    assert len(page_links(b"".join(b'<a href="%d">' % number for number in range(5000))).links) == MOST_LINKS


@pytest.mark.parametrize(
    "piece",
    [b"<a ", b"<a href=", b"<!--", b"-->", b"<title>", b"a" * 100, b"<a " + b"x" * 3999, b"<a " + b"y" * 3990 + b">", b"=" * 99],
)
def test_no_page_takes_long(piece: bytes) -> None:
    began = time.process_time()
    page_links(piece * (2_000_000 // len(piece)))
    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    "piece", [b"<loc>", b"<loc>" + b" " * 300, b"<x:loc> <![CDATA[ ", b"<" + b"w" * 39, b"<loc>http://" + b"x" * 3000]
)
def test_no_sitemap_takes_long(piece: bytes) -> None:
    began = time.process_time()
    sitemap_of(piece * (2_000_000 // len(piece)))
    assert time.process_time() - began < 3


def test_a_sitemap_is_read_plain_prefixed_and_packed() -> None:
    plain = b"<urlset><url><loc> https://a.example/?x=1&amp;y=2 </loc></url><url><sm:loc><![CDATA[https://b.example/]]></sm:loc></url></urlset>"
    for content in (plain, gzip.compress(plain)):
        assert sitemap_of(content) == (("https://a.example/?x=1&y=2", "https://b.example/"), False)
    assert sitemap_of(b"<?xml version='1.0'?><sitemapindex xmlns='x'><loc>https://a.example/b.xml</loc>").is_index


def test_a_packed_bomb_is_refused() -> None:
    with pytest.raises(RejectedFileError) as refused:
        sitemap_of(gzip.compress(bytes(30 * 1024 * 1024)))
    assert refused.value.failure is FailureCode.TOO_LARGE
