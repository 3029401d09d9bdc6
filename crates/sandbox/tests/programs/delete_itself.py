# Removes its own program and folder.
# ends: Exited(0)
import os, shutil
for path in (__file__, ".stdin"):
    try:
        os.remove(path)
    except OSError as error:
        print(error.errno)
shutil.rmtree(os.getcwd(), ignore_errors=True)
print("still here")
