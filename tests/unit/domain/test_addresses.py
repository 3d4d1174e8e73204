"""Addresses and the spellings of them, judged without asking anybody."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.errors import InvalidArgumentError
from shared.domain.addresses import base_url, is_public, may_be_called, read_host


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "172.217.6.78", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450:4001::1", "2001:4860::1"],
)
def test_addresses_of_the_world_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.255.255.255",
        "100.100.100.200",
        "127.0.0.53",
        "168.63.129.16",
        "169.254.169.254",
        "172.31.0.1",
        "192.0.0.192",
        "192.168.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "64:ff9b:1:a00:0:100::",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1111%eth0",
        "ff02::1",
    ],
)
def test_addresses_of_a_machine_a_network_or_a_tunnel_are_not(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "spelt",
    [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0X7F.0x0.0.1",
        "0177.0.0.1",
        "017700000001",
        "0177.0.0x1",
        "127.0.0.1.",
        "127。0。0。1",
        "①②⑦.⓪.⓪.①",
        "\uff11\uff12\uff17.0.0.1",
    ],
)
def test_every_spelling_of_an_address_is_that_address(spelt: str) -> None:
    assert read_host(spelt) == ip_address("127.0.0.1")


@pytest.mark.parametrize("spelt", ["0", "0x", "0.0"])
def test_nothing_is_the_address_of_this_machine(spelt: str) -> None:
    assert read_host(spelt) == ip_address("0.0.0.0")


@pytest.mark.parametrize(
    "spelt",
    [
        "",
        ".",
        "256.1.1.1",
        "1.2.3.256",
        "4294967296",
        "0x100000000",
        "1.2.3.4.5",
        "a.1.2.3",
        "08.0.0.1",
        "1..2",
        "[::g]",
        "a" * 70,
        "ä" * 70,
        "1.2.3.0x1g.1",
    ],
)
def test_what_is_neither_a_name_nor_an_address_is_refused(spelt: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  The reasons are many and none of them is told.
        read_host(spelt)


@given(st.integers(0, 2**32 - 1))
def test_any_number_is_read_as_the_address_that_it_counts(number: int) -> None:
    assert int(read_host(str(number))) == int(read_host(hex(number))) == int(read_host(f"0{number:o}")) == number  # type: ignore[arg-type]


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_and_no_private_address_may_be_called(text: str) -> None:
    try:
        host = read_host(text)
    except ValueError:
        return
    assert isinstance(host, str) or may_be_called(host) is is_public(host)


@pytest.mark.parametrize("name", ["api.openai.com", "xn--bcher-kva.example", "a.b.c.d.example", "my_host.example.co"])
def test_names_of_the_public_dns_may_be_called(name: str) -> None:
    assert may_be_called(read_host(name))


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "LOCALHOST.",
        "api.localhost",
        "printer.local",
        "metadata.google.internal",
        "metadata",
        "foo",
        "ip6-localhost",
        "router.lan",
        "box.home.arpa",
        "1.0.0.127.in-addr.arpa",
        "a b.example",
        "a..example.com",
        "-.",
        "q177.0.0.1x!",
    ],
)
def test_names_of_a_machine_or_its_network_may_not(name: str) -> None:
    try:
        host = read_host(name)
    except ValueError:
        return
    assert not may_be_called(host)


@pytest.mark.parametrize(
    ("given_url", "kept"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("https://API.OpenAI.com./v1/", "https://api.openai.com/v1"),
        ("https://api.openai.com", "https://api.openai.com"),
        ("https://llm.example.com:8443/openai/v1/", "https://llm.example.com:8443/openai/v1"),
        ("https://[2606:4700::1111]:8443/v1", "https://[2606:4700::1111]:8443/v1"),
        ("https://1.1.1.1/", "https://1.1.1.1"),
        ("https://bücher.example/v1", "https://xn--bcher-kva.example/v1"),
        ("https://ⓔⓧⓐⓜⓟⓛⓔ.ⓒⓞⓜ/v1", "https://example.com/v1"),
    ],
)
def test_a_base_url_is_kept_in_one_spelling(given_url: str, kept: str) -> None:
    assert base_url(given_url, allow_private=False) == kept


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "api.openai.com/v1",
        "http://api.openai.com/v1",
        "ftp://api.openai.com/v1",
        "https:api.openai.com",
        "https://",
        "https:///v1",
        "https://user:password@api.openai.com/v1",
        "https://api.openai.com@127.0.0.1/",
        "https://127.0.0.1:80\\@api.openai.com/",
        "https://api.openai.com/v1?key=1",
        "https://api.openai.com/v1#there",
        "https://api.openai.com/v1\r\nHost: x",
        " https://api.openai.com/v1",
        "https://api.openai.com:22/v1",
        "https://api.openai.com:80/v1",
        "https://api.openai.com:0/v1",
        "https://api.openai.com:65536/v1",
        "https://api.openai.com:99999/v1",
        "https://api.openai.com:x/v1",
        "https://localhost/v1",
        "https://127.1/v1",
        "https://2130706433/v1",
        "https://[::ffff:127.0.0.1]/v1",
        "https://[::1%25lo]/v1",
        "https://metadata.google.internal/",
        "https://169.254.169.254/",
        "https://256.256.256.256/",
        "https://①②⑦.⓪.⓪.①/",
        "https://a..b/",
        "https://api.openai.com/\x00",
        "https://api.openai.com/v1/ü",
        "https://api.<b>.com/v1",
    ],
)
def test_a_base_url_that_is_not_public_https_is_refused_by_field(wrong: str) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^base_url ") as refused:
        base_url(wrong, allow_private=False)

    assert refused.value.field == "base_url"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:11434/v1", "http://localhost:8000", "https://ollama/v1", "http://[::1]:8080/v1"]
)
def test_a_developer_may_allow_an_own_machine(url: str) -> None:
    assert base_url(url, allow_private=True) == url


@pytest.mark.parametrize(
    "wrong",
    [
        "ftp://127.0.0.1/",
        "http://u@127.0.0.1/",
        "http://127.0.0.1:22/",
        "http://256.1.1.1/",
        # What tells a cloud's secrets is nobody's own network.
        "http://169.254.169.254/",
        "http://2852039166/",
        "http://168.63.129.16/",
        "http://[fd00:ec2::254]/",
        "http://[fe80::1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
    ],
)
def test_and_still_nothing_that_is_no_such_address(wrong: str) -> None:
    with pytest.raises(InvalidArgumentError):
        base_url(wrong, allow_private=True)
