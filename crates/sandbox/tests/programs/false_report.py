# Writes a false report of its end where reports are written.
# ends: Exited(3)
import os, sys
for number in range(3, 20):
    try:
        os.write(number, b"\0\0\0\0")
        print("ESCAPED: wrote to", number)
    except OSError:
        pass
sys.exit(3)
