# Opens files until there are no more.
# ends: any
import os
count = 0
try:
    while count < 5000:
        os.dup(0)
        count += 1
    print("ESCAPED: open files have no limit")
except OSError as error:
    print(error.errno, count)
