# Reads the keys in the environment.
# ends: Exited(0)
import os
OWN = ("HOME", "TMPDIR", "PATH", "LANG", "LC_CTYPE", "PYTHON", "OMP_", "OPENBLAS_", "MKL_")
for name, value in os.environ.items():
    if not name.startswith(OWN) or "secret" in value:
        print("ESCAPED:", name)
print(sorted(os.environ))
