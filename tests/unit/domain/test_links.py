"""Addresses of pages in one spelling; what is none, or leads where no page is fetched, is refused by field."""

import pytest

from shared.core.errors import InvalidArgumentError
from shared.domain.links import is_within, linked, name_of, origin_of, page_url, section_led, section_of, secured


@pytest.mark.parametrize(
    ("spelt", "url"),
    [
        ("HTTPS://Example.COM", "https://example.com/"),
        ("http://example.com:80/a", "http://example.com/a"),
        ("https://example.com:8443/a", "https://example.com:8443/a"),
        ("https://example.com./a/./b/../c#part", "https://example.com/a/c"),
        ("https://example.com/a/..", "https://example.com/"),
        ("https://example.com/straße?q=ü", "https://example.com/stra%C3%9Fe?q=%C3%BC"),
        ("https://example.com/a%20b", "https://example.com/a%20b"),
        ("https://münchen.example/", "https://xn--mnchen-3ya.example/"),
        ("https://example.com/?b=1&utm_source=x&a=2&fbclid=3", "https://example.com/?b=1&a=2"),
        (" https://1.1.1.1 ", "https://1.1.1.1/"),
        ("https://[2606:2800:220:1:248:1893:25c8:1946]/", "https://[2606:2800:220:1:248:1893:25c8:1946]/"),
    ],
)
def test_an_address_has_one_spelling(spelt: str, url: str) -> None:
    assert page_url(spelt, allow_private=False) == url
    assert page_url(url, allow_private=False) == url


@pytest.mark.parametrize(
    "spelt",
    [
        *("", "example.com", "ftp://example.com/", "javascript:alert(1)", "https://", "https:///a", "https://a@example.com/"),
        *("https://example.com:0/", "https://example.com:25/", "https://example.com:65536/", "https://example.com\\@10.0.0.1/"),
        *("https://exam ple.com/", "https://example.com/a b", "https://example.com/\n", "https://example.com/\ud800"),
        *(
            "https://localhost/",
            "https://10.0.0.1/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://printer.local/",
            "https://intranet/",
        ),
        "https://example.com/" + "x" * 2000,
    ],
)
def test_what_is_no_page_of_the_world_is_refused_by_field(spelt: str) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        page_url(spelt, allow_private=False)
    assert refused.value.field == "url"


def test_a_developers_own_pages_pass_where_they_may_but_for_their_ports() -> None:
    assert page_url("http://127.0.0.1:8080/a", allow_private=True) == "http://127.0.0.1:8080/a"
    for wrong in ("http://127.0.0.1:22/", "http://169.254.169.254/latest/"):
        with pytest.raises(InvalidArgumentError):
            page_url(wrong, allow_private=True)


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("c.html#x", "https://example.com/a/c.html"),
        ("/c", "https://example.com/c"),
        ("//other.example.com", "https://other.example.com/"),
        ("?page=2", "https://example.com/a/b?page=2"),
        ("mailto:a@b.c", None),
        ("http://10.0.0.1/", None),
        ("http://[", None),
    ],
)
def test_a_reference_is_read_from_its_page(reference: str, url: str | None) -> None:
    assert linked("https://example.com/a/b", reference, allow_private=False) == url


def test_a_section_is_the_folder_of_its_page() -> None:
    assert section_of("https://example.com/docs/index.html?a=/b") == "https://example.com/docs/"
    assert section_of("https://example.com/") == "https://example.com/"
    assert origin_of("https://example.com:8443/docs?x=/") == "https://example.com:8443"
    assert name_of("https://example.com/docs/") == "example.com/docs"


@pytest.mark.parametrize(
    ("start", "final", "section"),
    [
        ("http://example.com/docs/", "https://example.com/docs/", "https://example.com/docs/"),
        ("https://www.example.com/docs/a", "https://example.com/docs/latest/a", "https://example.com/docs/"),
        ("https://example.com/docs", "https://example.com/docs/intro", "https://example.com/docs/"),
        ("https://example.com/", "https://www.example.com/en/", "https://www.example.com/"),
        ("https://example.com/docs/", "https://example.com/en/docs/a", "https://example.com/en/docs/"),
        ("https://old.example.com/", "https://example.com/product/docs/", "https://example.com/product/docs/"),
    ],
)
def test_a_section_that_has_moved_keeps_its_folder_where_it_can(start: str, final: str, section: str) -> None:
    assert section_led(start, final) == section


def test_http_and_https_are_one_site_and_a_name_that_only_begins_alike_is_none() -> None:
    assert is_within("http://example.com/docs/a", "https://other.example/", "https://example.com/docs/")
    assert not is_within("https://example.com.evil.example/docs/", "https://example.com/")
    assert not is_within("https://example.com/blog/", "https://example.com/docs/")


def test_an_address_is_asked_by_https_where_its_site_is() -> None:
    assert secured("http://example.com/a", "https://example.com/") == "https://example.com/a"
    assert secured("http://example.com/a", "http://example.com/") == "http://example.com/a"
