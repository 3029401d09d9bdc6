# Calls a server through a file.
# ends: Exited(0)
import socket
for address in ["{{FOLDER}}/socket", "\0holometer-hostile"]:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.connect(address)
            print("ESCAPED: connected to", repr(address))
    except OSError as error:
        print(error.errno)
one, other = socket.socketpair()
one.send(b"a pair of one's own is allowed")
print(other.recv(100).decode())
