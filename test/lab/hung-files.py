"""Serves a file system of USER's with one file, `memory`, whose bytes never come: hung-files.py MOUNTPOINT UID

Stands in for fusermount3(1), and for what a user may mount in a user namespace of their own (user_namespaces(7)). Needs root.
The protocol is the kernel's include/uapi/linux/fuse.h.
"""
import ctypes
import os
import struct
import sys

place, uid = sys.argv[1], int(sys.argv[2])
LOOKUP, GETATTR, OPEN, READ, INIT = 1, 3, 14, 15, 26
ENOSYS, ENOENT = 38, 2
ROOT, MEMORY = 1, 2

device = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={device},rootmode=40000,user_id={uid},group_id={uid}".encode()
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b"hung", place.encode(), b"fuse", 6, options) != 0:
    sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")


def attributes(node):
    kind = 0o040755 if node == ROOT else 0o100644
    return struct.pack("<6Q10I", node, 4096, 8, 0, 0, 0, 0, 0, 0, kind, 1, uid, uid, 0, 4096, 0)


def answer(unique, error, body=b""):
    os.write(device, struct.pack("<IiQ", 16 + len(body), -error, unique) + body)


print("serving", flush=True)
while True:
    request = os.read(device, 1 << 18)
    _, operation, unique, node = struct.unpack_from("<IIQQ", request)
    if operation == INIT:
        answer(unique, 0, struct.pack("<4I2H2I2H8I", 7, 31, 0, 0, 8, 8, 4096, 1, 1, 0, *[0] * 8))
    elif operation == LOOKUP and request[40:] == b"memory\0":
        answer(unique, 0, struct.pack("<4Q2I", MEMORY, 0, 60, 60, 0, 0) + attributes(MEMORY))
    elif operation == LOOKUP:
        answer(unique, ENOENT)
    elif operation == GETATTR:
        answer(unique, 0, struct.pack("<QII", 60, 0, 0) + attributes(node))
    elif operation == OPEN:
        answer(unique, 0, struct.pack("<QII", 1, 0, 0))
    elif operation != READ:
        answer(unique, ENOSYS)
