"""Two processes with the descriptors of an sshd: a monitor, and a server that does what its client's bytes say and answers each.

It prints the pids of both and its port. k: a key for a command. o: output of one. m: the monitor signs something. f, F, c: connects to
the port given, sends and gets through that, closes it. l: listens. a: takes another connection as a forwarded one, by a descriptor below
its client's. d: its client's socket gets a second descriptor. K: a keepalive, which is only answered. x: both
end.
"""
import os
import socket
import sys

host, port = sys.argv[1], int(sys.argv[2])
family = socket.AF_INET6 if ":" in host else socket.AF_INET
# A wildcard IPv6 socket takes IPv4 too: its connections have addresses of one kind in those of the other.
listener = socket.create_server((host, 0), family=family, dualstack_ipv6=host == "::")
ours, monitors = socket.socketpair()
monitor = os.getpid()
pid = os.fork()
if pid:
    ours.close()
    print(f"{monitor} {pid} {listener.getsockname()[1]}", flush=True)
    listener.close()
    while os.read(monitors.fileno(), 96):
        os.write(monitors.fileno(), bytes(92))
    os.waitpid(pid, 0)
    sys.exit()

monitors.close()
sink, source = os.open("/dev/null", os.O_WRONLY), os.open("/dev/zero", os.O_RDONLY)
below = os.open("/dev/null", os.O_RDONLY)
connection = listener.accept()[0]
client = connection.fileno()
listening, forwarded = None, None
while orders := os.read(client, 100):
    for order in orders.decode():
        if order == "k":
            os.write(sink, bytes(10))
        if order == "o":
            os.read(source, 20)
        if order == "m":
            os.write(ours.fileno(), bytes(96))
            os.read(ours.fileno(), 92)
        if order == "f":
            forwarded = socket.create_connection(("127.0.0.1", port))
        if order == "F":
            os.write(forwarded.fileno(), bytes(30))
            os.read(forwarded.fileno(), 30)
        if order == "c":
            forwarded.close()
        if order == "l":
            listening = socket.create_server(("127.0.0.1", 0))
        if order == "a":
            taken = listener.accept()[0]
            os.dup2(taken.fileno(), below)
            taken.close()
        if order == "d":
            os.dup(client)
        if order == "x":
            sys.exit()
        os.write(client, b".")
