# Takes memory until there is none.
# ends: Exited(0)
held = []
try:
    for _ in range(20):
        held.append(bytearray(b"x") * (64 << 20))
    print("ESCAPED: memory has no limit")
except MemoryError:
    print("no more after", len(held))
