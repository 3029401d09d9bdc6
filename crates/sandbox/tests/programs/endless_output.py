# Writes without end.
# ends: TooMuchOutput
import os
for _ in range(20000):
    os.write(1, b"x" * 65536)
print("ESCAPED: output has no limit")
