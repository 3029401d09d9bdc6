# Reads what belongs to others.
# ends: Exited(0)
import os
for path in ["{{SECRET}}", "/etc/shadow", "/etc/passwd", "/root/.bash_history", "/proc/1/environ", "/var/log/syslog"]:
    try:
        with open(path, "rb") as file:
            file.read(10)
        print("ESCAPED: read", path)
    except OSError as error:
        print(path, error.errno)
for folder in ["{{FOLDER}}", "/root", "/home", "/var", "/work"]:
    try:
        found = os.listdir(folder)
        if found and "{{PREFIX}}".startswith(folder + "/") is False:
            print("ESCAPED: listed", folder, found[:3])
    except OSError as error:
        print(folder, error.errno)
