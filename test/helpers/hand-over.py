"""
hand-over.py stdin inet|unix|pair COMMAND...   a socket as its stdin, as inetd does
hand-over.py listen NAMES COMMAND...           two listening sockets, as sd_listen_fds(3) says

Becomes the command. NAMES is what LISTEN_FDNAMES is to be; empty: it is not set.
"""

import fcntl
import os
import socket
import sys

what, how, *command = sys.argv[1:]


def accepted(server):
    client = socket.socket(server.family)
    client.connect(server.getsockname())
    # The command's peer: open for as long as it is.
    os.set_inheritable(os.dup(client.fileno()), True)
    return server.accept()[0]


def unix_server(name):
    server = socket.socket(socket.AF_UNIX)
    server.bind(os.path.join(os.environ["TEST_DIR"], name))
    server.listen()
    return server


if what == "stdin":
    if how == "inet":
        stdin = accepted(socket.create_server(("127.0.0.1", 0)))
    elif how == "unix":
        stdin = accepted(unix_server("stdin.socket"))
    else:
        stdin, _ = socket.socketpair()
    os.dup2(stdin.fileno(), 0)
else:
    servers = [socket.create_server(("127.0.0.1", 0)), unix_server("listen.socket")]
    # Out of the way of the numbers that they are to have.
    copies = [fcntl.fcntl(server.fileno(), fcntl.F_DUPFD, 10) for server in servers]
    for at, copy in enumerate(copies):
        os.dup2(copy, 3 + at)
        os.close(copy)
    os.environ["LISTEN_PID"] = str(os.getpid())
    os.environ["LISTEN_FDS"] = str(len(copies))
    if how:
        os.environ["LISTEN_FDNAMES"] = how

os.execvp(command[0], command)
