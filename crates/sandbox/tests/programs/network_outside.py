# Sends packets, listens, and looks names up.
# ends: Exited(0)
import socket
for family, kind in [(socket.AF_INET, socket.SOCK_DGRAM), (socket.AF_INET, socket.SOCK_RAW), (socket.AF_PACKET, socket.SOCK_RAW), (socket.AF_NETLINK, socket.SOCK_RAW)]:
    try:
        with socket.socket(family, kind) as sender:
            if kind == socket.SOCK_DGRAM:
                sender.sendto(b"x", ("127.0.0.1", {{PORT}}))
            print("ESCAPED: a socket of kind", family, kind)
    except OSError as error:
        print(error.errno)
try:
    socket.getaddrinfo("localhost.example", 80)
    print("ESCAPED: a name was looked up")
except OSError as error:
    print(error)
try:
    server = socket.create_server(("127.0.0.1", 0))
    print("ESCAPED: it listens")
except OSError as error:
    print(error.errno)
