# Removes and changes what belongs to others without opening it.
# ends: Exited(0)
import os
secret, folder = "{{SECRET}}", "{{FOLDER}}"
for name, deed in [
    ("unlink", lambda: os.unlink(secret)),
    ("rename", lambda: os.rename(secret, secret + ".moved")),
    ("steal", lambda: os.rename(secret, "stolen")),
    ("truncate", lambda: os.truncate(secret, 0)),
    ("chmod", lambda: os.chmod(secret, 0)),
    ("utime", lambda: os.utime(secret, (0, 0))),
    ("rmdir", lambda: os.rmdir(folder + "/empty")),
    ("mkdir", lambda: os.mkdir(folder + "/made")),
    ("symlink", lambda: os.symlink("/", folder + "/link")),
    ("setxattr", lambda: os.setxattr(secret, "user.mark", b"x")),
    ("mkfifo", lambda: os.mkfifo(folder + "/fifo")),
]:
    try:
        deed()
        print("ESCAPED:", name)
    except OSError as error:
        print(name, error.errno)
