"""Linux's own walls around a process that decodes untrusted bytes: no files, no network, no new rights.

Each wall is asked for and, where the kernel does not have it, done without: the limits of `resource` and the clock
hold everywhere. `confine` says which stand. Numbers are of linux/landlock.h, linux/prctl.h and linux/sched.h.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_SET_NO_NEW_PRIVILEGES: Final = 38
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_CREATE_RULESET, _RESTRICT_SELF = 444, 446      # the same on every architecture
#: Rights over files that a ruleset can take away, by the version of Landlock that knew them first.
_FILE_RIGHTS: Final = ((1, (1 << 13) - 1), (2, 1 << 13), (3, 1 << 14), (5, 1 << 15))
_TCP_RIGHTS: Final = 0b11                       # bind and connect, since version 4


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64))


def confine() -> frozenset[str]:
    """Give up every file not yet open, every network, and the way back. Returns which of "files", "network" hold.

    What is still to be imported must have been: nothing can be opened afterwards. One thread only.
    """
    if not sys.platform.startswith("linux"):
        return frozenset()
    libc = ctypes.CDLL(None, use_errno=True)
    held = set()
    # A network of its own has no way out; an account without rights may make one in a user namespace of its own.
    if libc.unshare(_NEW_NETWORK) == 0 or libc.unshare(_NEW_USER | _NEW_NETWORK) == 0:
        held.add("network")
    if libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return frozenset(held)
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    if version < 1:
        return frozenset(held)
    files = sum(rights for since, rights in _FILE_RIGHTS if version >= since)
    ruleset = _Ruleset(files, _TCP_RIGHTS if version >= 4 else 0)
    size = ctypes.sizeof(ruleset) if version >= 4 else ctypes.sizeof(ctypes.c_uint64)
    number = libc.syscall(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(size), ctypes.c_uint32(0))
    if number >= 0 and libc.syscall(_RESTRICT_SELF, ctypes.c_int(number), ctypes.c_uint32(0)) == 0:
        held.add("files")
    return frozenset(held)
