# Reaches outside through links.
# ends: Exited(0)
import os
for name, make in [("soft", lambda: os.symlink("{{SECRET}}", "soft")), ("hard", lambda: os.link("{{SECRET}}", "hard"))]:
    try:
        make()
        with open(name, "r+") as file:
            file.write("changed")
        print("ESCAPED: wrote through a", name, "link")
    except OSError as error:
        print(name, error.errno)
os.symlink("/", "root")
try:
    with open("root/{{SECRET}}") as file:
        file.read(1)
    print("ESCAPED: read through a link to the root")
except OSError as error:
    print(error.errno)
try:
    with open("../../../../../../../../{{SECRET}}") as file:
        file.read(1)
    print("ESCAPED: read through parent folders")
except OSError as error:
    print(error.errno)
