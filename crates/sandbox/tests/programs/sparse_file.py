# Makes a file that seems endless.
# ends: any
try:
    with open("sparse", "wb") as file:
        file.truncate(1 << 40)
    print("ESCAPED: a file's size has no limit")
except OSError as error:
    print(error.errno)
