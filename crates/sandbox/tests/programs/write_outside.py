# Writes where it has no business.
# ends: Exited(0)
import os
for path in ["{{SECRET}}", "{{FOLDER}}/new", "/new", "/usr/new", "/usr/bin/new", "/etc/new", "/var/tmp/new", "{{PREFIX}}/new", "/dev/new"]:
    for flags in (os.O_WRONLY | os.O_CREAT, os.O_RDWR | os.O_APPEND | os.O_CREAT, os.O_WRONLY | os.O_TRUNC):
        try:
            os.close(os.open(path, flags))
            print("ESCAPED: wrote", path)
        except OSError:
            pass
with open("mine", "w") as file:
    file.write("allowed")
print(open("mine").read())
