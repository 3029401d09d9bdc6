"""Splits a GGUF file into parts with gguf-py's own writer, as llama.cpp's converter does with `--split-max-tensors`.

Usage: python split_gguf.py FIXTURE.gguf.gz TENSORS_PER_PART OUTPUT_FOLDER      (needs gguf; 0.19.0 was used)

The committed parts are those of `crates/engine/tests/fixtures/gguf/llama.gguf.gz`, five tensors each.
"""

import gzip
import sys
import tempfile
from pathlib import Path

import gguf

source, most, output = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
with tempfile.TemporaryDirectory() as folder:
    whole = Path(folder) / "whole.gguf"
    whole.write_bytes(gzip.decompress(source.read_bytes()))
    reader = gguf.GGUFReader(whole)
    stem = source.name.removesuffix(".gguf.gz")
    writer = gguf.GGUFWriter(Path(folder) / f"{stem}.gguf", reader.fields["general.architecture"].contents(), split_max_tensors=most)
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture":
            continue
        inner = field.types[1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), field.types[0], sub_type=inner)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    output.mkdir(parents=True, exist_ok=True)
    for part in sorted(Path(folder).glob(f"{stem}-*.gguf")):
        (output / f"{part.name}.gz").write_bytes(gzip.compress(part.read_bytes(), 9, mtime=0))
        print(part.name, part.stat().st_size)
