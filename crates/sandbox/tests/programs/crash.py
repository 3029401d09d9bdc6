# Reads where there is no memory.
# ends: Killed(11)
import ctypes
ctypes.string_at(8)
print("ESCAPED: impossible")
