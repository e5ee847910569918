from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import socket, subprocess, sys
from steelyard_server.push.no_network import refuse_sockets
refuse_sockets()
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK):
    try:
        socket.socket(family)
        print("open", family)
    except PermissionError:
        pass
one, other = socket.socketpair()
one.send(b"x")
print(other.recv(1).decode())
done = subprocess.run([sys.executable, "-S", "-c", "import socket; socket.socket()"], capture_output=True, text=True)
print("PermissionError" in done.stderr)
print(open(__file__).read(1) if "__file__" in globals() else "", sum(range(10)))
"""


def test_neither_the_process_nor_what_it_starts_opens_a_socket() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["x", "True", "45"]
