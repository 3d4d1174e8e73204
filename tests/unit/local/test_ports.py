"""Ports are chosen by the environment or by the kernel, and a busy one is named."""

import socket
from dataclasses import asdict, replace

import pytest

from local.ports import Ports
from local.processes import StackError


def test_a_variable_changes_its_port_alone():
    assert Ports.of({"GATEWAY_PORT": "6001", "AUTH_PORT": ""}) == replace(Ports(), gateway=6001)


@pytest.mark.parametrize("wrong", ["x", "0", "65536", "-1", "80.5"])
def test_a_wrong_port_is_named(wrong):
    with pytest.raises(StackError, match=f"STORAGE_PORT is '{wrong}'"):
        Ports.of({"STORAGE_PORT": wrong})


def test_free_ports_are_all_different():
    assert len(set(asdict(Ports.free()).values())) == len(asdict(Ports()))


def test_free_ports_pass_the_check():
    ports = Ports.free()
    ports.check()
    assert ports.gateway > 0


def test_a_busy_port_is_refused_with_the_variable_that_changes_it():
    with socket.create_server(("127.0.0.1", 0)) as server:
        ports = replace(Ports.free(), firestore=server.getsockname()[1])
        with pytest.raises(StackError, match=rf"Port {ports.firestore} \(firestore\) is in use.*FIRESTORE_PORT"):
            ports.check()
