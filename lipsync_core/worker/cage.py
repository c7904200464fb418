"""Drop the rights of the process that is about to open an untrusted file; it cannot get them back.

A decoder that reads a hostile file may execute that file's code. Caged, that code can read its programs and input
files and write into one scratch folder, and nothing else: no other file, program or process, and no network. Landlock
(Linux 5.13 and newer) restricts files and signals, a seccomp filter restricts system calls, and resource limits
restrict the rest. Missing protections are reported, so that the server can log them.

Sources: Linux's ``Documentation/userspace-api/landlock.rst`` and ``seccomp_filter.rst``, and its tables of system
calls for x86-64 and for arm64.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 4, 22, 38
_SECCOMP_MODE_FILTER = 2

MOST_FILES = 256
"""The most files that a worker may hold open."""

_SESSION_NICE = Path("/proc/self/autogroup")
_TRIES, _TRY_AGAIN_S = 5, 0.1


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a process may use from now on."""

    reads: tuple[str, ...]
    """Files, and folders with all their contents."""
    writes: str
    """The only folder in which it may create, change and remove files."""
    memory_mb: int
    """Limit of address space."""
    file_mb: int
    """The longest file that it may write."""
    cpu_s: int
    """Processor time of all threads together."""
    nice: int = 0
    """The increase of its nice value: it yields to other processes."""
    session_nice: int = 0
    """The nice value of its own session, for kernels that share the processor by session."""


def enter(bounds: Bounds) -> list[str]:
    """Give up all other rights permanently. Call it while the process has only one thread.

    Returns the protections that this system lacks, in words; empty if none is missing.
    """
    if sys.platform == "win32":
        return ["limits on memory, files, programs and the network"]
    _step_back(bounds)
    limit(bounds)
    if sys.platform != "linux":
        return ["limits on files, programs and the network (Landlock and seccomp are Linux's)"]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return ["no_new_privs, and with it limits on files, programs and the network"]
    missing = []
    if not _restrict_files(libc, bounds):
        missing.append("Landlock (limits on files)")
    if not _restrict_calls(libc):
        missing.append("a seccomp filter (no programs, no network)")
    return missing


def hide_memory() -> None:
    """Stop other processes of the same user from reading this one's memory or environment; also disables core dumps."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _step_back(bounds: Bounds) -> None:
    """Lower this process's priority. Never fails: without it, a worker only takes a larger share."""
    os.nice(bounds.nice)
    for _ in range(_TRIES if bounds.session_nice else 0):
        try:
            _SESSION_NICE.write_text(str(bounds.session_nice))
        except BlockingIOError:  # another process did the same less than 0.1 s ago
            time.sleep(_TRY_AGAIN_S)
        except OSError:  # this system does not group by session
            return
        else:
            return


def limit(bounds: Bounds) -> None:
    """Limit memory, length and number of files, and processor time; not on Windows."""
    import resource  # not on Windows

    megabyte = 1 << 20
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: bounds.cpu_s,
        resource.RLIMIT_FSIZE: bounds.file_mb * megabyte,
        resource.RLIMIT_NOFILE: MOST_FILES,
    }
    if sys.platform != "darwin":  # it accepts the limit and ignores it
        limits[resource.RLIMIT_AS] = bounds.memory_mb * megabyte
    for what, most in limits.items():
        _soft, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


# Files, by Landlock

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_RULE_PATH_BENEATH = 1
_VERSION = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_FILE, _MAKE_REG, _TRUNCATE = 1 << 5, 1 << 8, 1 << 14
_FILE_RIGHTS_OF_VERSION = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All rights that each version knows, starting with version 1 (``EXECUTE`` to ``MAKE_SYM``)."""
_BIND_AND_CONNECT_TCP = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11


def _restrict_files(libc: ctypes.CDLL, bounds: Bounds) -> bool:
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)
    if version < 1:
        return False
    known = _FILE_RIGHTS_OF_VERSION[max(v for v in _FILE_RIGHTS_OF_VERSION if v <= version)]
    rules = struct.pack(
        "QQQ",
        known,
        _BIND_AND_CONNECT_TCP if version >= 4 else 0,
        _ABSTRACT_SOCKETS_AND_SIGNALS if version >= 6 else 0,
    )
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(_CREATE_RULESET, rules, ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    try:
        for path in (*bounds.reads, *_SYSTEM):
            _allow(libc, ruleset, path, _READ_FILE | _READ_DIR)
        _allow(libc, ruleset, os.devnull, (_READ_FILE | _WRITE_FILE | _TRUNCATE) & known)
        writes = _READ_FILE | _READ_DIR | _WRITE_FILE | _REMOVE_FILE | _MAKE_REG | _TRUNCATE
        _allow(libc, ruleset, bounds.writes, writes & known)
        return bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    """Allow ``rights`` on a file, or on a folder and its contents; a missing path needs no right."""
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not Path(path).is_dir():
            rights &= _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
        libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, struct.pack("=Qi", rights, opened), 0)
    finally:
        os.close(opened)


_SYSTEM = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/nix/store",  # every program and library of Nix; everyone may read it, so it holds no secrets
    "/gnu/store",  # the same of Guix
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/usr/share/espeak-ng-data",  # beside /usr/lib, where Debian keeps it
    "/usr/local/share/espeak-ng-data",
    "/dev/urandom",
    "/proc/cpuinfo",
    "/sys/devices/system/cpu",
)
"""Paths that programs read while they start: shared libraries, the list of processors, and espeak-ng's voices."""


# System calls, by seccomp

_ALLOW, _KILL_PROCESS = 0x7FFF0000, 0x80000000
_EPERM, _ENOSYS = 0x00050001, 0x00050026
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06
"""BPF: load a word of the call; jump on equal, on at least, on any bit set; return a constant."""
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_CLONE_THREAD = 0x00010000
_X32 = 0x40000000
"""A bit in the numbers of x86-64's second table of system calls."""


@dataclass(frozen=True, slots=True)
class _Calls:
    """The numbers of one architecture's system calls."""

    audit: int
    """The architecture's id in a filter's input."""
    clone: int
    tgkill: int
    prlimit64: int
    refused: Mapping[str, int]
    """Calls that no decoder needs."""


CLONE3 = 435
"""The same on every architecture. Refused as nonexistent, because a filter cannot read its flags; the C library then
uses ``clone``."""

_EVERYWHERE = {
    "pidfd_send_signal": 424,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "pidfd_open": 434,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "mount_setattr": 442,
    "memfd_secret": 447,
    "fchmodat2": 452,
    "setxattrat": 463,
    "removexattrat": 466,
}

_X86_64 = _Calls(
    0xC000003E,
    clone=56,
    tgkill=234,
    prlimit64=302,
    refused=_EVERYWHERE
    | {"socket": 41, "fork": 57, "vfork": 58, "execve": 59, "kill": 62, "truncate": 76, "chmod": 90, "fchmod": 91}
    | {"chown": 92, "fchown": 93, "lchown": 94, "ptrace": 101, "setpgid": 109, "setsid": 112, "utime": 132}
    | {"mknod": 133, "setpriority": 141, "sched_setparam": 142, "sched_setscheduler": 144, "pivot_root": 155}
    | {"chroot": 161, "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168, "reboot": 169}
    | {"init_module": 175, "delete_module": 176, "setxattr": 188, "lsetxattr": 189, "fsetxattr": 190}
    | {"removexattr": 197, "lremovexattr": 198, "fremovexattr": 199, "tkill": 200, "sched_setaffinity": 203}
    | {"utimes": 235, "rt_sigqueueinfo": 129, "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250}
    | {"ioprio_set": 251, "mknodat": 259, "fchownat": 260, "futimesat": 261, "fchmodat": 268, "unshare": 272}
    | {"utimensat": 280, "rt_tgsigqueueinfo": 297, "perf_event_open": 298, "name_to_handle_at": 303}
    | {"open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312}
    | {"finit_module": 313, "sched_setattr": 314, "kexec_file_load": 320, "bpf": 321, "execveat": 322}
    | {"userfaultfd": 323}
    # Memory outside every limit, some of which outlives the worker; the computer's clock, name and log.
    | {"shmget": 29, "semget": 64, "msgget": 68, "mq_open": 240, "memfd_create": 319}
    | {"syslog": 103, "adjtimex": 159, "settimeofday": 164, "sethostname": 170, "setdomainname": 171}
    | {"iopl": 172, "ioperm": 173, "clock_settime": 227, "clock_adjtime": 305},
)

_ARM64 = _Calls(
    0xC00000B7,
    clone=220,
    tgkill=131,
    prlimit64=261,
    refused=_EVERYWHERE
    | {"setxattr": 5, "lsetxattr": 6, "fsetxattr": 7, "removexattr": 14, "lremovexattr": 15, "fremovexattr": 16}
    | {"ioprio_set": 30, "mknodat": 33, "umount2": 39, "mount": 40, "pivot_root": 41, "truncate": 45}
    | {"chroot": 51, "fchmod": 52, "fchmodat": 53, "fchownat": 54, "fchown": 55, "utimensat": 88, "unshare": 97}
    | {"kexec_load": 104, "init_module": 105, "delete_module": 106, "ptrace": 117, "sched_setparam": 118}
    | {"sched_setscheduler": 119, "sched_setaffinity": 122, "kill": 129, "tkill": 130, "rt_sigqueueinfo": 138}
    | {"setpriority": 140, "reboot": 142, "setpgid": 154, "setsid": 157, "socket": 198, "add_key": 217}
    | {"request_key": 218, "keyctl": 219, "execve": 221, "swapon": 224, "swapoff": 225, "rt_tgsigqueueinfo": 240}
    | {"perf_event_open": 241, "name_to_handle_at": 264, "open_by_handle_at": 265, "setns": 268}
    | {"process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272, "finit_module": 273, "sched_setattr": 274}
    | {"bpf": 280, "execveat": 281, "userfaultfd": 282, "kexec_file_load": 294}
    | {"shmget": 194, "semget": 190, "msgget": 186, "mq_open": 180, "memfd_create": 279}
    | {"syslog": 116, "adjtimex": 171, "settimeofday": 170, "sethostname": 161, "setdomainname": 162}
    | {"clock_settime": 112, "clock_adjtime": 266},
)

_CALLS = {"x86_64": _X86_64, "aarch64": _ARM64}


def _restrict_calls(libc: ctypes.CDLL) -> bool:
    calls = _CALLS.get(platform.machine())
    if calls is None:
        return False
    program = _assembled(_filter(calls, os.getpid()))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))

    attached = Program(len(program) // 8, program)
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(attached), 0, 0) == 0)


Step = tuple[int, int, int, int]
"""Code, steps to skip if a test is true, steps to skip if it is false, and its constant."""


def _filter(calls: _Calls, own: int) -> list[Step]:
    """Build the filter for process ``own``. Little-endian only: the lower half of an argument comes first."""
    steps: list[Step] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, calls.audit),
        (_ANSWER, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_ANSWER, 0, 0, _KILL_PROCESS),
        (_EQUAL, 0, 1, CLONE3),
        (_ANSWER, 0, 0, _ENOSYS),
    ]
    for number in sorted(calls.refused.values()):
        steps += [(_EQUAL, 0, 1, number), (_ANSWER, 0, 0, _EPERM)]
    # Threads, but no processes; signals and limits only for itself.
    steps += _only(calls.clone, (_ANY_BIT, 0, 1, _CLONE_THREAD))
    steps += _only(calls.tgkill, (_EQUAL, 0, 1, own))
    steps += _only(calls.prlimit64, (_EQUAL, 0, 1, 0))
    return [*steps, (_ANSWER, 0, 0, _ALLOW)]


def _only(number: int, holds: Step) -> Iterable[Step]:
    """Allow a call only if the test ``holds`` is true for its first argument."""
    return (
        (_EQUAL, 0, 4, number),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        holds,
        (_ANSWER, 0, 0, _ALLOW),
        (_ANSWER, 0, 0, _EPERM),
    )


def _assembled(steps: Iterable[Step]) -> bytes:
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
