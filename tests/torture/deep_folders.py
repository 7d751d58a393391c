"""Folders of models in Hugging Face's format that are damaged, each in its own way."""

import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Damage = Callable[[Path], object]

CONFIG: dict[str, list[Any]] = {
    "num_hidden_layers": [200_000, 0, -1, "2", None, 10**400, 2.5, [2]],
    "hidden_size": [2**40, 0, -32, 33, "32", None],
    "num_attention_heads": [0, 3, "2", None, 10**6],
    "vocab_size": [0, 1, 2**33, -1, None],
    "max_position_embeddings": [0, 2, 2**40, None],
    "intermediate_size": [0, -1, 2**40],
    "model_type": [None, 1, "", "gpt2", "vit", "../bert", ["bert"], {}],
    "id2label": [
        [],
        {},
        5,
        {"a": "negative", "b": "positive"},
        {"0": "negative"},
        {"0": None, "1": 1},
    ],
    "hidden_act": ["boom", None, 1],
    "architectures": [5, ["Nothing"]],
    "torch_dtype": ["float1", 7],
    "dtype": ["boom", {}],
    "pad_token_id": [10**6, "x", -5],
    "quantization_config": [{"quant_method": "boom"}, {"quant_method": "bitsandbytes"}, 5],
    "layer_norm_eps": ["x", None],
    "auto_map": [{"AutoModel": "code.Model"}],
}


def damaged_folders() -> Iterator[tuple[str, Damage]]:
    """(Name, what to do to a good folder)."""
    for key, values in CONFIG.items():
        for value in values:
            yield f"config {key} {value!r:.30}", _setting("config.json", key, value)
    for name in ("config.json", "vocab.txt", "tokenizer_config.json", "model.safetensors"):
        for what, content in CONTENTS.items():
            if (name, what) not in HARMLESS:
                yield f"{name}: {what}", lambda folder, n=name, c=content: _write(folder / n, c)  # type: ignore[misc]
        yield f"{name} is a folder", lambda folder, n=name: _replace(folder / n, Path.mkdir)  # type: ignore[misc]
        yield f"{name} leads nowhere", lambda folder, n=name: _replace(folder / n, _lead_nowhere)  # type: ignore[misc]
    for what, header in HEADERS.items():
        yield f"safetensors: {what}", lambda folder, h=header: _header(folder, h)  # type: ignore[misc]
    for what, content in TOKENIZERS.items():
        yield (
            f"tokenizer.json: {what}",
            lambda folder, c=content: _write(folder / "tokenizer.json", c),
        )  # type: ignore[misc]
    yield "no unknown token", _without_unknown
    yield "tokenizer of another class", _setting("tokenizer_config.json", "tokenizer_class", "Boom")
    yield "a pickle that runs code", _pickle


CONTENTS: dict[str, bytes] = {
    "nothing": b"",
    "zeros": b"\0" * 1000,
    "bytes": bytes(range(256)) * 4,
    "a list": b"[]",
    "null": b"null",
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "a long number": b'{"a":' + b"9" * 10_000 + b"}",
    "UTF-16": "{}".encode("utf-16"),
}
HARMLESS = {
    # transformers does without, or finds words in them that no review holds
    *(("vocab.txt", "x"), ("tokenizer_config.json", "nothing")),
}

_TENSOR = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
HEADERS: dict[str, Any] = {
    "a list": [],
    "no tensors": {},
    "a tensor of null": {"a": None},
    "no offsets": {"a": {"dtype": "F32", "shape": [2]}},
    "offsets of texts": {"a": {**_TENSOR, "data_offsets": ["0", "8"]}},
    "offsets beyond": {"a": {**_TENSOR, "data_offsets": [0, 2**62]}},
    "negative offsets": {"a": {**_TENSOR, "data_offsets": [-8, 0]}},
    "a huge shape": {"a": {**_TENSOR, "shape": [2**62, 2**62]}},
    "an unknown type": {"a": {**_TENSOR, "dtype": "F7"}},
    "another metadata": {"__metadata__": 5, "a": _TENSOR},
    "other names": {"a": _TENSOR},
}
_EMPTY = b'{"version":"1.0","added_tokens":[],"normalizer":%s,"pre_tokenizer":null,'
_REST = b'"post_processor":null,"decoder":null,"model":{"type":"WordPiece","unk_token":"[UNK]",'
_END = b'"continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":%s}}'
_ALL = _EMPTY + _REST + _END
_GROWING = b'{"type":"Replace","pattern":{"Regex":"."},"content":"..........."}'
TOKENIZERS: dict[str, bytes] = {
    "damaged": b"{",
    "no vocabulary": _ALL % (b"null", b"{}"),
    "no unknown token": _ALL % (b"null", b'{"a":0}'),
    "nothing known": _ALL % (b"null", b'{"[UNK]":0}'),
    "nested replacements": _ALL
    % (b'{"type":"Sequence","normalizers":[' + b",".join([_GROWING] * 400) + b"]}", b'{"[UNK]":0}'),
    "backtracking": _ALL
    % (b'{"type":"Replace","pattern":{"Regex":"^(.+)+!$"},"content":""}', b'{"[UNK]":0}'),
}


def _setting(name: str, key: str, value: Any) -> Damage:
    def change(folder: Path) -> None:
        record = json.loads((folder / name).read_bytes())
        _write(folder / name, json.dumps({**record, key: value}).encode())

    return change


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _replace(path: Path, make: Damage) -> None:
    path.unlink(missing_ok=True)
    make(path)


def _lead_nowhere(path: Path) -> None:
    path.symlink_to("nowhere")


def _header(folder: Path, header: Any) -> None:
    content = json.dumps(header).encode()
    _write(folder / "model.safetensors", struct.pack("<Q", len(content)) + content + b"\0" * 8)


def _without_unknown(folder: Path) -> None:
    path = folder / "vocab.txt"
    path.write_text(path.read_text("utf-8").replace("[UNK]", "[NONE]"), "utf-8")


def _pickle(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    _write(folder / "pytorch_model.bin", b"cos\nsystem\n(S'touch canary'\ntR.")
