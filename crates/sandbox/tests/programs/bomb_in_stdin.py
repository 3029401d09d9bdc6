# Unpacks a small input to a large one.
# ends: any
import sys, zlib
try:
    text = zlib.decompress(zlib.decompress(sys.stdin.buffer.read()))
    if len(text) > 600 << 20:
        print("ESCAPED: memory has no limit")
except MemoryError:
    print("no more")
