# Fills the disk with one file.
# ends: any
written = 0
try:
    with open("huge", "wb", buffering=0) as file:
        for _ in range(200):
            written += file.write(b"x" * (1 << 20))
    print("ESCAPED: files have no limit")
except OSError as error:
    print(error.errno, written)
