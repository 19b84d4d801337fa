# Becomes a program that the kernel kills (SIGSYS) when it starts another one; it may start threads:  no-fork.py PROGRAM ARGUMENT...
# seccomp(2); the numbers are those of linux/seccomp.h, linux/bpf_common.h, linux/audit.h and the system calls of x86-64 and arm64.
import ctypes
import os
import platform
import struct
import sys

PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
PR_SET_NO_NEW_PRIVS = 38
KILL_PROCESS = 0x80000000
ALLOW = 0x7FFF0000
ENOSYS = 0x00050000 | 38
CLONE_THREAD = 0x10000
LOAD, IS_EQUAL, HAS_BIT, RETURN = 0x20, 0x15, 0x45, 0x06

x86 = platform.machine() == "x86_64"
clone, clone3 = (56, 435) if x86 else (220, 435)
forks = [57, 58] if x86 else []

# (code, skip if true, skip if false, value)
filter = [(LOAD, 0, 0, 0)]
for number in forks:
    filter += [(IS_EQUAL, 0, 1, number), (RETURN, 0, 0, KILL_PROCESS)]
# Its flags are in memory, where no filter looks: without it the C library calls clone.
filter += [(IS_EQUAL, 0, 1, clone3), (RETURN, 0, 0, ENOSYS)]
filter += [
    (IS_EQUAL, 0, 3, clone),
    (LOAD, 0, 0, 16),
    (HAS_BIT, 1, 0, CLONE_THREAD),
    (RETURN, 0, 0, KILL_PROCESS),
    (RETURN, 0, 0, ALLOW),
]
code = b"".join(struct.pack("HBBI", *line) for line in filter)
kept = ctypes.create_string_buffer(code)
program = struct.pack("HxxxxxxP", len(filter), ctypes.addressof(kept))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program) != 0:
    sys.exit(99)
os.execvp(sys.argv[1], sys.argv[1:])
