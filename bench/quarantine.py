"""A network of its own for a command: nothing but loopback, and everything that wants to leave is seen and reported.

    python -m bench.quarantine REPORT.json COMMAND...

The command runs in fresh user and network namespaces (Linux) in which every address is routed to loopback and nobody
answers: whatever native code or Python sends anywhere, names to be looked up included, passes a packet socket there.
REPORT.json then has `allowed` (loopback, by port) and `refused` (every other address, protocol and port, each once).
Exit code: the command's. Where namespaces are not allowed the exit code is 77 and nothing was run.

Sources: namespaces(7), packet(7), rtnetlink(7).
"""

from __future__ import annotations

import ctypes
import fcntl
import ipaddress
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
from collections import Counter
from pathlib import Path

NOT_ALLOWED = 77
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
ETH_P_ALL = 0x0003
#: rtnetlink: RTM_NEWROUTE; request, create, excl, ack; table local; protocol static; scope host; type local.
RTM_NEWROUTE, NLM_FLAGS, TABLE_LOCAL, STATIC, SCOPE_HOST, LOCAL = 24, 0x0001 | 0x0400 | 0x0200 | 0x0004, 255, 4, 254, 2
RTA_DST, RTA_OIF = 1, 4
PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6"}


def own_network() -> bool:
    """Move this process into a network of its own, with loopback up. False where that is not allowed."""
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0 and libc.unshare(CLONE_NEWNET) != 0:
        return False
    try:
        for name, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            try:
                Path(f"/proc/self/{name}").write_text(line, "ascii")
            except OSError:                # in the first user namespace still, as its root: nothing to map
                break
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            flags = struct.unpack("16sH", fcntl.ioctl(asking, SIOCGIFFLAGS, struct.pack("16sH", b"lo", 0))[:18])[1]
            fcntl.ioctl(asking, SIOCSIFFLAGS, struct.pack("16sH", b"lo", flags | IFF_UP))
        _route_everything_here()
    except OSError:
        return False
    return True


def _route_everything_here() -> None:
    """Every address is this machine: what is sent anywhere comes by loopback, and a connection is refused at once."""
    loopback = socket.if_nametoindex("lo")
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as routes:
        for family in (socket.AF_INET, socket.AF_INET6):
            oif = struct.pack("HHi", 8, RTA_OIF, loopback)
            route = struct.pack("BBBBBBBBI", family, 0, 0, 0, TABLE_LOCAL, STATIC, SCOPE_HOST, LOCAL, 0) + oif
            routes.send(struct.pack("IHHII", 16 + len(route), RTM_NEWROUTE, NLM_FLAGS, family, 0) + route)
            answer = routes.recv(4096)
            error = struct.unpack("i", answer[16:20])[0]
            if error and family == socket.AF_INET:         # a machine without IPv6 has no way to leave by it
                raise OSError(-error, "the route was not taken")


#: Classic BPF: only what is not for loopback itself. (code, jump if true, jump if false, constant); see filter(7).
_LEAVES = (
    (0x30, 0, 0, 0), (0x74, 0, 0, 4),                      # the version: ldb [0], rsh 4
    (0x15, 0, 2, 4), (0x30, 0, 0, 16), (0x15, 9, 8, 127),  # 4: the address's first byte
    (0x15, 0, 8, 6),                                       # 6: the address's four words
    (0x20, 0, 0, 24), (0x15, 0, 5, 0), (0x20, 0, 0, 28), (0x15, 0, 3, 0), (0x20, 0, 0, 32), (0x15, 0, 1, 0),
    (0x05, 0, 0, 2),                                       # then it is ::something: looked at outside
    (0x06, 0, 0, 128), (0x06, 0, 0, 0), (0x06, 0, 0, 128),
)


class Watch:
    """Reads packets on loopback: all of them as far as it can follow, and those for elsewhere without missing any."""

    def __init__(self) -> None:
        self._all, self._leaving = (socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
                                    for _ in range(2))
        program = b"".join(struct.pack("HBBI", *line) for line in _LEAVES)
        kept = ctypes.create_string_buffer(program)
        self._leaving.setsockopt(socket.SOL_SOCKET, 26,    # SO_ATTACH_FILTER
                                 struct.pack("HxxxxxxP", len(_LEAVES), ctypes.addressof(kept)))
        for each in (self._all, self._leaving):
            each.bind(("lo", 0))
            each.setblocking(False)
        self.allowed: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def look(self, within_s: float) -> None:
        """Take in what came, waiting at most so long for the first."""
        select.select([self._all, self._leaving], [], [], within_s)
        for source, only_leaving in ((self._all, False), (self._leaving, True)):
            while True:
                try:
                    packet, (_, _, kind, *_) = source.recvfrom(128)
                except BlockingIOError:
                    break
                if kind == socket.PACKET_OUTGOING:
                    self._note(packet, only_leaving)

    def _note(self, packet: bytes, only_leaving: bool) -> None:
        version = packet[0] >> 4 if packet else 0
        if version == 4 and len(packet) >= 24:
            start, protocol = (packet[0] & 15) * 4, packet[9]
            to: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.IPv4Address(packet[16:20])
        elif version == 6 and len(packet) >= 44:
            start, protocol, to = 40, packet[6], ipaddress.IPv6Address(packet[24:40])
        else:
            return
        port = struct.unpack("!H", packet[start + 2:start + 4])[0] if protocol in (6, 17) else 0
        name = PROTOCOLS.get(protocol, str(protocol))
        if to.is_loopback:
            if not only_leaving:
                self.allowed[f"{name} {to}:{port}"] += 1
        elif only_leaving and not (to.is_multicast and name == "icmp6"):   # a kernel's own, when an interface comes up
            self.refused[f"{name} {to}:{port}"] += 1

    @property
    def lost(self) -> int:
        """Packets for elsewhere that the kernel could not keep for us."""
        return int(struct.unpack("II", self._leaving.getsockopt(263, 6, 8))[1])    # PACKET_STATISTICS


def main(arguments: list[str]) -> int:
    """Run a command in quarantine."""
    report, command = Path(arguments[0]), arguments[1:]
    if not own_network():
        return NOT_ALLOWED
    watch = Watch()
    with subprocess.Popen(command) as running:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: running.send_signal(number))
        while running.poll() is None:
            watch.look(0.2)
        watch.look(0.0)
    # ports people were given by chance say nothing: what listened is what was spoken to again and again
    report.write_text(json.dumps({"allowed": dict(watch.allowed), "refused": dict(watch.refused), "lost": watch.lost}),
                      "utf-8")
    return running.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
