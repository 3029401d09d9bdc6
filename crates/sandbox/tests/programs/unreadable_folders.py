# Leaves folders that nobody may open.
# ends: Exited(0)
import os
os.makedirs("a/b/c")
for folder in ("a/b/c", "a/b", "a"):
    try:
        os.chmod(folder, 0)
    except OSError:
        pass
os.mkdir("closed", 0)
print("closed")
