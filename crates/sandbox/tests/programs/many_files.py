# Fills the disk with many files.
# ends: any
import time
size = 0
try:
    for number in range(100):
        with open(f"file{number}", "wb", buffering=0) as file:
            size += file.write(b"x" * (1 << 20))
        time.sleep(0.01)
    print("ESCAPED: the folder has no limit")
except OSError as error:
    print(error.errno, size)
