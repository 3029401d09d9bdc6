"""Measures the local engine beside transformers and llama.cpp on this machine, and prints the table of docs/performance.md.

Usage: python peers.py prepare MODEL.gguf FOLDER
       python peers.py run HOLOMETER FOLDER [--rounds N] [--threads N] [--into FILE.md]
       python peers.py turns ENGINE_BENCH FOLDER [--turns N] [--threads N]

Needs torch, transformers, accelerate, gguf and llama-cpp-python (built on this machine, so that it uses all its instructions).
`prepare` writes one set of numbers in three formats: a Hugging Face folder and a GGUF file in f32, and a GGUF file in Q8_0.
`run` measures every engine in a process of its own, in turn, as often as `--rounds` says, and takes medians. With --into, the table replaces what
stands between the lines `<!-- peers -->` and `<!-- /peers -->` of a file.
`turns` lets Holometer (the engine's example `engine_bench`) and llama.cpp write in f32 in short turns, for machines whose memory is shared with others and
is now fast, now slow.

The work is the same for all: a prompt of 1,024 tokens; 64 tokens each for 1, 8 and 16 sequences; 100 questions of 80 tokens with four
one-token choices after a common prefix of 900, with the log-softmax over the whole vocabulary. HELM's way (every choice of every
question as a text of its own, one at a time) is measured on 20 of its 400 texts and multiplied.
"""

import argparse
import ctypes
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

PREFILL, WRITTEN, SEQUENCES = 1024, 64, (1, 8, 16)
PREFIX, QUESTIONS, SUFFIX, CHOICES = 900, 100, 80, 4
HELM_TEXTS = 20


def tokens(vocabulary, count, salt):
    """The same numbers as the engine's own benchmark uses."""
    span = max(vocabulary - vocabulary // 4, 1)
    return [vocabulary // 8 + (i * 7919 + salt * 104729) % span for i in range(count)]


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


# ---------------------------------------------------------------- transformers


def measure_transformers(folder, threads):
    import torch
    import transformers

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    vocabulary = model.config.vocab_size
    batch = lambda rows: torch.tensor(rows, dtype=torch.long)
    prompt = batch([tokens(vocabulary, PREFILL, 1)])
    model(prompt[:, :64])
    result = {"prefill": PREFILL / timed(lambda: model(prompt, logits_to_keep=1))}
    for count in SEQUENCES:
        starts = batch([tokens(vocabulary, 2, index) for index in range(count)])

        def write():
            output = model(starts, use_cache=True, logits_to_keep=1)
            for _ in range(WRITTEN):
                following = output.logits[:, -1].argmax(-1, keepdim=True)
                output = model(following, past_key_values=output.past_key_values, use_cache=True)

        result[f"decode {count}"] = count * WRITTEN / timed(write)
    prefix = tokens(vocabulary, PREFIX, 3)
    suffixes = [tokens(vocabulary, SUFFIX, question + 5) for question in range(QUESTIONS)]

    def shared(group=20):
        first = model(batch([prefix]), use_cache=True, logits_to_keep=1).past_key_values
        for start in range(0, QUESTIONS, group):
            part = suffixes[start:start + group]
            cache = transformers.DynamicCache()
            for index, layer in enumerate(first.layers):
                wide = [tensor.expand(len(part), -1, -1, -1) for tensor in (layer.keys, layer.values)]
                cache.update(*wide, index)
            output = model(batch(part), past_key_values=cache, use_cache=True, logits_to_keep=1)
            torch.log_softmax(output.logits[:, -1].float(), -1)[:, :CHOICES].tolist()

    result["job, prefix shared"] = timed(shared)

    def helm():
        for index in range(HELM_TEXTS):
            text = prefix + suffixes[index // CHOICES] + [index % CHOICES]
            torch.log_softmax(model(batch([text])).logits[0, :-1], -1).max().item()

    result["job, HELM's way"] = timed(helm) * QUESTIONS * CHOICES / HELM_TEXTS
    size = 1536
    left, right = torch.randn(size, size), torch.randn(size, size)
    best = min(timed(lambda: left @ right) for _ in range(8))
    result["matrix product"] = 2 * size**3 / best / 1e9
    result["version"] = f"transformers {transformers.__version__}, torch {torch.__version__.split('+')[0]}"
    return result


# ------------------------------------------------------------------- llama.cpp


def measure_llama(path, threads, only_writing=False):
    import llama_cpp as ll
    import numpy as np

    quiet = ll.llama_log_callback(lambda *_: None)
    ll.llama_log_set(quiet, ctypes.c_void_p(0))
    ll.llama_backend_init()
    model = ll.llama_model_load_from_file(str(path).encode(), ll.llama_model_default_params())
    vocabulary = ll.llama_vocab_n_tokens(ll.llama_model_get_vocab(model))
    group = 16
    options = ll.llama_context_default_params()
    options.n_ctx = 4096
    options.n_batch = options.n_ubatch = 2048
    options.n_seq_max = group + 1
    options.kv_unified = True
    options.n_threads = options.n_threads_batch = threads
    context = ll.llama_init_from_model(model, options)
    memory = ll.llama_get_memory(context)
    batch = ll.llama_batch_init(2048, 0, 1)

    def decode(rows):
        """Rows of token, position, sequence, and whether logits are wanted."""
        for i, (token, position, sequence, wanted) in enumerate(rows):
            batch.token[i], batch.pos[i] = token, position
            batch.n_seq_id[i], batch.seq_id[i][0], batch.logits[i] = 1, sequence, wanted
        batch.n_tokens = len(rows)
        if ll.llama_decode(context, batch) != 0:
            raise RuntimeError("llama_decode failed")

    logits = lambda row: np.ctypeslib.as_array(ll.llama_get_logits_ith(context, row), shape=(vocabulary,))
    forget = lambda: ll.llama_memory_clear(memory, True)

    def prompt(count, salt):
        decode([(token, i, 0, i == count - 1) for i, token in enumerate(tokens(vocabulary, count, salt))])
        logits(count - 1)[0]

    prompt(64, 2)
    forget()
    result = {} if only_writing else {"prefill": PREFILL / timed(lambda: prompt(PREFILL, 1))}
    for count in SEQUENCES:
        forget()

        def write():
            rows = [(token, i, s, i == 1) for s in range(count) for i, token in enumerate(tokens(vocabulary, 2, s))]
            decode(rows)
            at = [2 * s + 1 for s in range(count)]
            for step in range(WRITTEN):
                following = [int(logits(row).argmax()) for row in at]
                decode([(token, 2 + step, s, True) for s, token in enumerate(following)])
                at = list(range(count))

        result[f"decode {count}"] = count * WRITTEN / timed(write)
    if only_writing:
        return result
    forget()

    def shared():
        prefix = tokens(vocabulary, PREFIX, 3)
        decode([(token, i, 0, i == PREFIX - 1) for i, token in enumerate(prefix)])
        for start in range(0, QUESTIONS, group):
            part = range(start, min(start + group, QUESTIONS))
            rows = []
            for s, question in enumerate(part, 1):
                ll.llama_memory_seq_rm(memory, s, -1, -1)
                ll.llama_memory_seq_cp(memory, 0, s, -1, -1)
                suffix = tokens(vocabulary, SUFFIX, question + 5)
                rows += [(token, PREFIX + i, s, i == SUFFIX - 1) for i, token in enumerate(suffix)]
            decode(rows)
            for s in range(len(part)):
                line = logits((s + 1) * SUFFIX - 1).astype(np.float64)
                line - line.max() - np.log(np.exp(line - line.max()).sum())

    result["job, prefix shared"] = timed(shared)
    result["version"] = f"llama-cpp-python {ll.__version__}"
    return result


# ------------------------------------------------------------------- holometer


def measure_holometer(binary, path, threads, dtype):
    command = [binary, "bench", "engine", "--model", str(path), "--threads", str(threads), "--repeats", "1",
               "--dtype", dtype, "--format", "json", "--quiet"]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    result = {f"decode {rate['sequences']}": rate["tokens_per_second"] for rate in report["decode"]}
    result["prefill"] = report["prefill_tokens_per_second"]
    result["job, prefix shared"] = report["job_seconds"]
    for name in ("peak_gflops", "product_gflops", "bandwidth_gbs", "prefill_share_of_product"):
        result[name] = report[name]
    return result


# -------------------------------------------------------------------- the rest


def prepare(source, folder):
    import gguf
    import numpy as np
    import torch
    import transformers

    folder.mkdir(parents=True, exist_ok=True)
    loaded = transformers.AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype=torch.float32)
    config = loaded.config.to_dict()
    config.pop("quantization_config", None)
    config["rope_parameters"] = {"rope_type": "default", "rope_theta": rope_theta(source)}
    # A model that was read from GGUF refuses to be saved; one with the same weights does not.
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**config))
    model.load_state_dict(loaded.state_dict())
    model.save_pretrained(folder / "f32")
    tokenizer = transformers.AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    tokenizer.save_pretrained(folder / "f32")
    kinds = gguf.GGMLQuantizationType
    for name, kind in (("F32", kinds.F32), ("Q8_0", kinds.Q8_0)):
        reader = gguf.GGUFReader(source)
        writer = gguf.GGUFWriter(folder / f"{name}.gguf", "llama")
        for field in reader.fields.values():
            if field.name.startswith("GGUF.") or field.name in ("general.architecture", "general.file_type"):
                continue
            value, types = field.contents(), field.types
            inner = types[1] if types[0] == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(field.name, value, types[0], sub_type=inner)
        for tensor in reader.tensors:
            values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
            # `dequantize` gives rows as stored; one-dimensional tensors stay f32, as everywhere.
            values = values.reshape([int(size) for size in reversed(tensor.shape)])
            own = kind if values.ndim > 1 else kinds.F32
            writer.add_tensor(tensor.name, gguf.quants.quantize(values, own), raw_dtype=own)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


def rope_theta(source):
    import gguf

    return float(gguf.GGUFReader(source).fields["llama.rope.freq_base"].contents())


def run(options):
    here, folder = pathlib.Path(__file__), options.folder
    engines = {
        "Holometer, f32": ["holometer", str(folder / "f32"), "auto"],
        "transformers, f32": ["transformers", str(folder / "f32"), ""],
        "llama.cpp, F32": ["llama", str(folder / "F32.gguf"), ""],
        "Holometer, Q8_0": ["holometer", str(folder / "Q8_0.gguf"), "auto"],
        "llama.cpp, Q8_0": ["llama", str(folder / "Q8_0.gguf"), ""],
        "Holometer, Q8_0, `--dtype stored`": ["holometer", str(folder / "Q8_0.gguf"), "stored"],
        "Holometer, Q8_0, `--dtype rounded8`": ["holometer", str(folder / "Q8_0.gguf"), "rounded8"],
    }
    found = {name: [] for name in engines}
    for turn in range(options.rounds):
        for name, (kind, path, dtype) in engines.items():
            command = [sys.executable, str(here), "measure", kind, path, str(options.threads), dtype, options.holometer]
            process = subprocess.run(command, capture_output=True, text=True)
            if process.returncode != 0:
                sys.exit(f"{name}: {process.stderr[-2000:]}")
            found[name].append(json.loads(process.stdout.splitlines()[-1]))
            print(f"round {turn + 1}, {name}: {found[name][-1]}", file=sys.stderr, flush=True)
    text = table(found, options)
    print(text)
    if options.into:
        whole = options.into.read_text()
        before, rest = whole.split("<!-- peers -->\n", 1)
        after = rest.split("<!-- /peers -->", 1)[1]
        options.into.write_text(f"{before}<!-- peers -->\n{text}\n<!-- /peers -->{after}")


def turns(options):
    here, path = pathlib.Path(__file__), str(options.folder / "F32.gguf")
    ours = [str(options.engine_bench), path, str(options.threads), ",".join(map(str, SEQUENCES))]
    theirs = [sys.executable, str(here), "measure", "llama-writing", path, str(options.threads), "", ""]
    found = {count: ([], []) for count in SEQUENCES}
    for turn in range(options.turns):
        # Who goes first alternates.
        order = (ours, theirs) if turn % 2 == 0 else (theirs, ours)
        printed = {command[0]: subprocess.run(command, check=True, capture_output=True, text=True).stdout for command in order}
        rates = dict(re.findall(r"sequences: (\d+),\s+tokens_per_second: ([\d.]+)", printed[ours[0]]))
        peer = json.loads(printed[theirs[0]].splitlines()[-1])
        for count in SEQUENCES:
            found[count][0].append(float(rates[str(count)]))
            found[count][1].append(peer[f"decode {count}"])
        print(f"turn {turn + 1}: {[tuple(round(side[-1]) for side in found[count]) for count in SEQUENCES]}", file=sys.stderr, flush=True)
    print("| sequences | Holometer, tok/s | llama.cpp, tok/s | ratio of medians | ratio, turn by turn |\n| --- | --- | --- | --- | --- |")
    for count, (own, other) in found.items():
        medians = statistics.median(own), statistics.median(other)
        each = sorted(a / b for a, b in zip(own, other))
        print(f"| {count} | {medians[0]:.0f} ({min(own):.0f} to {max(own):.0f}) | {medians[1]:.0f} ({min(other):.0f} to {max(other):.0f}) | "
              f"{medians[0] / medians[1]:.2f}x | {statistics.median(each):.2f}x ({each[0]:.2f} to {each[-1]:.2f}) |")


def table(found, options):
    def median(name, what):
        values = [result[what] for result in found[name] if what in result]
        return statistics.median(values) if values else None

    def cell(name, what, digits=0):
        value = median(name, what)
        return "-" if value is None else f"{value:,.{digits}f}"

    own, theirs = "Holometer, f32", "transformers, f32"
    columns = ["prefill", *(f"decode {count}" for count in SEQUENCES)]
    lines = [
        f"{os.cpu_count()} cores, {options.threads} threads, medians of {options.rounds} interleaved rounds; "
        f"{found[theirs][0]['version']}; {found['llama.cpp, F32'][0]['version']}.",
        "",
        "| ceiling | measured |",
        "| --- | --- |",
        f"| f32 multiply-add peak (innermost kernel on data in the first-level cache) | {cell(own, 'peak_gflops')} GFLOP/s |",
        f"| f32 matrix product, Holometer's / torch's | {cell(own, 'product_gflops')} / {cell(theirs, 'matrix product')} GFLOP/s |",
        f"| read bandwidth over 512 MiB | {cell(own, 'bandwidth_gbs', 1)} GB/s |",
        "",
        f"| engine | prefill tok/s | decode {' / '.join(map(str, SEQUENCES))} sequences, tok/s | job, prefix shared | job, HELM's way |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name in found:
        decode = " / ".join(cell(name, what) for what in columns[1:])
        shared, helm = cell(name, "job, prefix shared", 1), cell(name, "job, HELM's way", 0)
        unit = lambda value: value if value == "-" else f"{value} s"
        lines.append(f"| {name} | {cell(name, 'prefill')} | {decode} | {unit(shared)} | {unit(helm)} |")
    def ratios(name, peer, what):
        """A rate against a peer's (or the peer's seconds against ours), by medians, and in brackets in the worst and best round."""
        order = -1 if what.startswith("job") else 1
        rounds = sorted((a[what] / b[what]) ** order for a, b in zip(found[name], found[peer]))
        middle = (median(name, what) / median(peer, what)) ** order
        return f"{middle:.2f}x ({rounds[0]:.2f} to {rounds[-1]:.2f})"

    # Against the faster of the two matrix products that were measured in a round.
    products = [max(a["product_gflops"], b["matrix product"]) for a, b in zip(found[own], found[theirs])]
    shares = [100 * a["prefill_share_of_product"] * a["product_gflops"] / product for a, product in zip(found[own], products)]
    quantised, exact, coarse = (name for name in found if name.startswith("Holometer, Q8_0"))
    lines += [
        "",
        "| ratio | by medians (worst to best round) |",
        "| --- | --- |",
        f"| reading the prompt, attention included, to the faster f32 matrix product | {statistics.median(shares):.0f}% ({min(shares):.0f} to {max(shares):.0f}) |",
        f"| the job, to HELM's way through transformers | {median(theirs, 'job, HELM' + chr(39) + 's way') / median(own, 'job, prefix shared'):.1f}x |",
        f"| the job, to transformers with a prefix cache made by hand | {ratios(own, theirs, 'job, prefix shared')} |",
        *(f"| writing {count} sequences, f32, to llama.cpp | {ratios(own, 'llama.cpp, F32', f'decode {count}')} |" for count in SEQUENCES),
        *(f"| writing {count} sequences, Q8_0, to llama.cpp | {ratios(quantised, 'llama.cpp, Q8_0', f'decode {count}')} |" for count in SEQUENCES),
        f"| the job from Q8_0, to llama.cpp | {ratios(quantised, 'llama.cpp, Q8_0', 'job, prefix shared')} |",
        f"| the job from Q8_0, to f32 | {ratios(quantised, own, 'job, prefix shared')} |",
        f"| the same with `--dtype stored`, and with `--dtype rounded8` | {ratios(exact, own, 'job, prefix shared')}, {ratios(coarse, own, 'job, prefix shared')} |",
    ]
    return "\n".join(lines)


def measure(kind, path, threads, dtype, holometer):
    threads = int(threads)
    if kind == "transformers":
        return measure_transformers(path, threads)
    if kind.startswith("llama"):
        return measure_llama(path, threads, only_writing=kind == "llama-writing")
    return measure_holometer(holometer, path, threads, dtype)


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        print(json.dumps(measure(*sys.argv[2:])))
        sys.exit()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("prepare")
    one.add_argument("source", type=pathlib.Path)
    one.add_argument("folder", type=pathlib.Path)
    one.set_defaults(work=lambda options: prepare(options.source, options.folder))
    two = commands.add_parser("run")
    two.add_argument("holometer")
    two.add_argument("folder", type=pathlib.Path)
    two.add_argument("--rounds", type=int, default=3)
    two.add_argument("--threads", type=int, default=os.cpu_count())
    two.add_argument("--into", type=pathlib.Path)
    two.set_defaults(work=run)
    three = commands.add_parser("turns")
    three.add_argument("engine_bench")
    three.add_argument("folder", type=pathlib.Path)
    three.add_argument("--turns", type=int, default=9)
    three.add_argument("--threads", type=int, default=os.cpu_count())
    three.set_defaults(work=turns)
    chosen = parser.parse_args()
    chosen.work(chosen)
