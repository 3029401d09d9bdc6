# Calls itself without end.
# ends: any
import sys
sys.setrecursionlimit(10**9)
def deeper(n):
    return deeper(n + 1) + 1
print(deeper(0))
