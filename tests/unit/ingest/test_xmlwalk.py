from io import BytesIO

import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.xmlwalk import attribute, child, free, parse, walk

BOMB = b"""<!DOCTYPE a [<!ENTITY x "lol"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">]><a><p>&y;</p></a>"""
FETCH = b"""<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><p>&x;</p></a>"""
CYCLE = b"""<!DOCTYPE a [<!ENTITY x "&y;"><!ENTITY y "&x;">]><a b="&x;"><p>&x;</p></a>"""
REMOTE = b"""<!DOCTYPE a SYSTEM "http://192.0.2.1/never.dtd"><a><p>text</p></a>"""


def texts(content: bytes) -> list[str]:
    return [event.element.text for event in walk(BytesIO(content), frozenset({"p"})) if not event.starts]


def test_elements_are_met_by_local_name_at_both_ends():
    source = b'<a xmlns="urn:1"><p>one</p><x:p xmlns:x="urn:2"/><q/></a>'
    assert [(event.starts, event.name) for event in walk(BytesIO(source), frozenset({"p"}))] == [(True, "p"), (False, "p")] * 2


@pytest.mark.parametrize("source", [BOMB, FETCH, CYCLE])
@pytest.mark.parametrize("read", [texts, parse], ids=["walk", "parse"])
def test_xml_that_declares_entities_is_refused(read, source):
    with pytest.raises(RejectedFileError) as refusal:
        read(source)
    assert refusal.value.failure is FailureCode.CORRUPT


def test_an_outer_definition_is_never_fetched():
    assert texts(REMOTE) == ["text"]


@pytest.mark.parametrize("source", [b"", b"no xml", b"<a><p>one</p>", b"<p>" * 1000, b"<p>\xff</p>"])
def test_what_is_no_xml_is_corrupt(source):
    with pytest.raises(RejectedFileError) as refusal:
        texts(source)
    assert refusal.value.failure is FailureCode.CORRUPT


def test_what_was_read_is_let_go_but_for_properties():
    left = []
    for event in walk(BytesIO(b"<a><aPr/><b/>" + b"<p>text</p>" * 30_000 + b"</a>"), frozenset({"p"})):
        if not event.starts:
            free(event.element)
            left.append(len(event.element.getparent()))
    assert left[-1] == 2
    assert max(left) < 5_000


def test_attributes_and_children_are_found_whatever_their_namespace():
    root = parse(b'<a xmlns:x="urn:1"><x:b><c x:val="1"/></x:b></a>')
    assert attribute(child(root, "b", "c"), "val") == "1"
    assert child(root, "b", "d") is None
