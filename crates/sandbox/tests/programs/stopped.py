# Stops itself.
# ends: any
import os, signal, time
try:
    os.kill(os.getpid(), signal.SIGSTOP)
except OSError as error:
    print(error.errno)
