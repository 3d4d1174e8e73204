"""The guard under which all tests run."""

import socket

import pytest

from tests.network_guard import NetworkBeyondLoopbackError


@pytest.mark.parametrize("host", ["192.0.2.1", "169.254.169.254", "10.0.0.1"])
def test_a_connection_beyond_loopback_is_refused(host):
    with socket.socket() as client, pytest.raises(NetworkBeyondLoopbackError, match=host):
        client.connect((host, 80))


def test_a_datagram_beyond_loopback_is_refused():
    with socket.socket(type=socket.SOCK_DGRAM) as client, pytest.raises(NetworkBeyondLoopbackError):
        client.sendto(b"x", ("192.0.2.1", 53))


def test_a_name_is_not_looked_up():
    with pytest.raises(NetworkBeyondLoopbackError, match=r"metadata\.google\.internal"):
        socket.getaddrinfo("metadata.google.internal", 80)


def test_loopback_is_reachable_by_address_and_by_name():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            with socket.create_connection((host, port)) as client:
                assert client.getpeername()[1] == port


def test_an_address_is_read_without_a_look_up():
    assert socket.getaddrinfo("192.0.2.1", 80)[0][4][0] == "192.0.2.1"
