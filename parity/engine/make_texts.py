"""Writes how the real model's tokenizer splits difficult texts, and how chat templates render, by llama.cpp-independent references.

Usage: python make_texts.py MODEL.gguf OUTPUT_FILE      (needs transformers, gguf, tokenizers)

The tokenizer is built from the file's vocabulary and merges with the pre-tokenizer of the original SmolLM2 (digits one by one,
then GPT-2's byte-level pattern), which GGUF files name `smollm`.
"""

import json
import sys

from gguf import GGUFReader
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers.utils.chat_template_utils import render_jinja_template

TEXTS = [
    "Hello, world!", "It costs 1234.50 in 2024.", " leading and trailing ", "a  b   c\n\n\nd\te", "don't I'll we've",
    "naïve café — “quoted”", "日本語のテキスト", "emoji 👩‍👩‍👧 🇫🇷", "x=[1,2,3];\nfor i in x: print(i)", "",
    "<|im_start|>user\nhi<|im_end|>", "ÀÉÎ\u0301", "\u00a0nbsp\u3000wide", "A. yes\nB. no",
]
BREAKING = ["Ã", "👩", "語"]
CHATS = [
    [{"role": "user", "content": "Hi"}],
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"},
     {"role": "user", "content": "Name\na colour."}],
]
TEMPLATES = {
    "python-methods": "{% for m in messages %}{{ m['role'].upper() + ':' + m['content'].strip().replace('i', 'j') + '|' + m['content'].split('\\n')[0] }}\n{% endfor %}",
    "namespace": "{% set ns = namespace(n=0) %}\n{% for m in messages %}\n{% if m.role == 'user' %}{% set ns.n = ns.n + 1 %}{% endif %}\n{% endfor %}\n{{ ns.n }}{% if add_generation_prompt %}>{% endif %}",
    "loop-controls": "{%- for m in messages -%}{%- if m.role == 'system' -%}{%- continue -%}{%- endif -%}[{{ m.content | trim }}]{%- if loop.last -%}{%- break -%}{%- endif -%}{%- endfor -%}",
    "tests": "{{ bos_token }}{% for m in messages %}{% if m.content is string and not loop.first and m['content'].startswith('N') %}N!{% elif loop.index0 % 2 == 0 %}{{ m.content | length }}{% endif %}{% endfor %}{{ messages[-1]['content'] | tojson }}",
}

if __name__ == "__main__":
    reader = GGUFReader(sys.argv[1])
    field = lambda name: reader.fields[name]
    strings = lambda name: [bytes(field(name).parts[i]).decode() for i in field(name).data]
    tokens = strings("tokenizer.ggml.tokens")
    merges = [tuple(line.split(" ")) for line in strings("tokenizer.ggml.merges")]
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    types = [int(field("tokenizer.ggml.token_type").parts[i][0]) for i in field("tokenizer.ggml.token_type").data]
    tokenizer.add_special_tokens([AddedToken(tokens[i], special=True, normalized=False) for i, kind in enumerate(types) if kind == 3])
    texts = [{"text": text, "tokens": tokenizer.encode(text, add_special_tokens=False).ids} for text in TEXTS]
    pieces = []
    for text in BREAKING:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        pieces.append({"tokens": ids, "pieces": [tokenizer.decode([i], skip_special_tokens=False) for i in ids]})
    template = bytes(field("tokenizer.chat_template").parts[-1]).decode()
    render = lambda source, chat: render_jinja_template(
        conversations=[chat], chat_template=source, add_generation_prompt=True, bos_token="<s>", eos_token="</s>")[0][0]
    chats = [{"name": name, "template": source, "messages": chat, "text": render(source, chat)}
             for name, source in {"smollm2": template, **TEMPLATES}.items() for chat in CHATS]
    with open(sys.argv[2], "w") as file:
        json.dump({"texts": texts, "pieces": pieces, "chats": chats}, file, indent=1, ensure_ascii=False)
        file.write("\n")
