# Takes the rights of root.
# ends: Exited(0)
import os
for deed in (lambda: os.setuid(0), lambda: os.setresuid(0, 0, 0), lambda: os.setgid(0), lambda: os.setgroups([0])):
    try:
        deed()
        print("ESCAPED: changed its user")
    except OSError as error:
        print(error.errno)
if os.getuid() == 0 or os.geteuid() == 0:
    print("ESCAPED: it is root")
