# Calls a server of this machine.
# ends: Exited(0)
import socket
for family, address in [(socket.AF_INET, ("127.0.0.1", {{PORT}})), (socket.AF_INET, ("0.0.0.0", {{PORT}})), (socket.AF_INET6, ("::ffff:127.0.0.1", {{PORT}}))]:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as caller:
            caller.settimeout(1)
            caller.connect(address)
            print("ESCAPED: connected to", address)
    except OSError as error:
        print(error.errno)
