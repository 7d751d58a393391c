"""Hostile deep artifacts, each whole by its own digests: bombs, and files that fit nothing."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.artifacts.manifest import FileEntry, digest_of
from pipeline.artifacts.verification import CONFIG, MANIFEST, NETWORK, TOKENIZER, load_artifact

Record = dict[str, Any]
Change = Callable[[Record], object]
HUGE = 2**62


def forge(folder: Path, into: Path, files: dict[str, bytes]) -> Path:
    """A copy of an artifact with these files in place of its own, sealed anew."""
    artifact = load_artifact(folder)
    contents = {**artifact.files, **files}
    entries = tuple(FileEntry.of(name, content) for name, content in sorted(contents.items()))
    manifest = replace(artifact.manifest, files=entries).to_bytes()
    forged = into / digest_of(manifest)
    forged.mkdir(parents=True, exist_ok=True)
    for name, content in {**contents, MANIFEST: manifest}.items():
        (forged / name).write_bytes(content)
        (forged / name).chmod(0o644)
    forged.chmod(0o755)
    return forged


def tokenizers(good: bytes) -> dict[str, bytes]:
    """Hostile tokenizer.json by name."""
    found = {name: _changed(good, change) for name, change in TOKENIZERS.items()}
    deep = b'{"type":"Sequence","normalizers":[' * 5_000 + b"]}" * 5_000
    return {
        **found,
        "normalizers 5,000 deep": good.replace(b'"normalizer":', b'"normalizer":%s,"x":' % deep, 1),
        "a key twice": good.replace(b"{", b'{"normalizer":null,', 1),
        "nothing": b"",
        "no JSON": b"\xff\xfe{",
        "a list": b"[]",
        "cut off": good[: len(good) // 2],
    }


def _changed(content: bytes, change: Change) -> bytes:
    record = json.loads(content)
    change(record)
    return json.dumps(record).encode()


def _part(name: str, **fields: Any) -> Change:
    return lambda record: record.__setitem__(name, fields)


def _model(**fields: Any) -> Change:
    return lambda record: record["model"].update(fields)


def _replacing(pattern: Record, content: str) -> Record:
    return {"type": "Replace", "pattern": pattern, "content": content}


def _without_unknown(record: Record) -> None:
    record["model"]["vocab"].pop("[UNK]")
    record["added_tokens"] = [t for t in record["added_tokens"] if t["content"] != "[UNK]"]


def _beyond(record: Record) -> None:
    record["model"]["vocab"] = {key: n + 10**6 for key, n in record["model"]["vocab"].items()}


def _splitting(pattern: str) -> Change:
    split = {"pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    return _part("pre_tokenizer", type="Split", **split)


TOKENIZERS: dict[str, Change] = {
    "nested replacements": _part(
        "normalizer",
        type="Sequence",
        normalizers=[_replacing({"String": "영"}, "영" * 8)] * 300,
    ),
    "20 doublings": _part(
        "normalizer", type="Sequence", normalizers=[_replacing({"Regex": "."}, "영화")] * 20
    ),
    "one long replacement": _part("normalizer", **_replacing({"String": "영"}, "아" * 10**6)),
    "a replacement of nothing": _part("normalizer", **_replacing({"Regex": ""}, "아" * 10**5)),
    "a backtracking replacement": _part("normalizer", **_replacing({"Regex": "^(.+)+$!"}, "")),
    "a backtracking replacement without a type": _part(
        "normalizer", pattern={"Regex": "^(.+)+$!"}, content=""
    ),
    "a backtracking split": _splitting("^(.+)+!$"),
    "an ambiguous split": _splitting("(?:아|아|아아)*!"),
    "a split of many choices": _splitting("아?" * 40 + "아" * 40),
    "a lazy look-behind": _splitting("(?<=(아|아아)*)!"),
    "a broken pattern": _splitting("[["),
    "words of any length": _model(max_input_chars_per_word=10**9),
    "no unknown token": _without_unknown,
    "another unknown token": _model(unk_token="<none>"),  # noqa: S106 - no password
    "ids beyond": _beyond,
    "an id of 2^32": lambda record: record["model"]["vocab"].update({"영": 2**32}),
    "a negative id": lambda record: record["model"]["vocab"].update({"영": -1}),
    "an empty vocabulary": _model(vocab={}),
    "a vocabulary of a list": _model(vocab=[["a", 1]]),
    "no model": lambda record: record.pop("model"),
    "another model": _model(type="Neural"),
    "a million steps": _part(
        "pre_tokenizer", type="Sequence", pretokenizers=[{"type": "Whitespace"}] * 10**6
    ),
    "a huge precompiled map": _part(
        "normalizer", type="Precompiled", precompiled_charsmap="/////w" + "A" * 10**6
    ),
    "a template without tokens": _part(
        "post_processor",
        type="TemplateProcessing",
        single=[{"SpecialToken": {"id": "[X]", "type_id": 0}}],
        pair=[],
        special_tokens={},
    ),
    "a template of a million tokens": _part(
        "post_processor",
        type="TemplateProcessing",
        single=[
            {"SpecialToken": {"id": "[X]", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
        ],
        pair=[{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
        special_tokens={"[X]": {"id": "[X]", "ids": [1] * 10**6, "tokens": ["[X]"] * 10**6}},
    ),
}


def networks(good: bytes) -> dict[str, bytes]:
    """Hostile ONNX by name."""
    from onnx import TensorProto, helper, load_from_string

    def network(nodes: list[Any], *constants: Any, outputs: tuple[Any, ...] = ("rows", 2)) -> bytes:
        ids = helper.make_tensor_value_info("ids", TensorProto.INT64, ["rows", "tokens"])
        given = helper.make_tensor_value_info("outputs", TensorProto.FLOAT, outputs)
        graph = helper.make_graph(nodes, "g", [ids], [given], list(constants))
        opsets = [helper.make_opsetid("", 20), helper.make_opsetid("custom", 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
        return bytes(model.SerializeToString())

    def constant(name: str, *values: int) -> Any:
        return helper.make_tensor(name, TensorProto.INT64, [len(values)], values)

    def shaped(operator: str, *sizes: int) -> bytes:
        nodes = [
            helper.make_node("Cast", ["ids"], ["f"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["f"], ["one"], keepdims=1),
            helper.make_node(operator, ["one", "sizes"][operator == "ConstantOfShape" :], ["big"]),
            helper.make_node("ReduceSum", ["big"], ["sum"], keepdims=1),
            helper.make_node("Expand", ["sum", "two"], ["outputs"]),
        ]
        return network(nodes, constant("sizes", *sizes), constant("two", 1, 2))

    def looping() -> bytes:
        def scalar(name: str, kind: int) -> Any:
            return helper.make_tensor_value_info(name, kind, [])

        steps = [
            helper.make_node("Identity", ["going"], ["goes"]),
            helper.make_node("Add", ["value", "value"], ["twice"]),
        ]
        given = [scalar("step", TensorProto.INT64), scalar("going", TensorProto.BOOL)]
        results = [scalar("goes", TensorProto.BOOL), scalar("twice", TensorProto.FLOAT)]
        body = helper.make_graph(
            steps, "body", [*given, scalar("value", TensorProto.FLOAT)], results
        )
        true = helper.make_tensor("true", TensorProto.BOOL, [], [True])
        times = helper.make_tensor("times", TensorProto.INT64, [], [HUGE])
        one = helper.make_tensor("one", TensorProto.FLOAT, [], [1.0])
        nodes = [
            helper.make_node("Loop", ["times", "true", "one"], ["last"], body=body),
            helper.make_node("Expand", ["last", "two"], ["outputs"]),
        ]
        return network(nodes, times, true, one, constant("two", 1, 2))

    cast = helper.make_node("Cast", ["ids"], ["outputs"], to=TensorProto.FLOAT)
    outside = helper.make_tensor("outside", TensorProto.FLOAT, [1], [0.0])
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="/etc/passwd")
    chain = [
        helper.make_node("ConstantOfShape", ["sizes"], ["m0"]),
        *(helper.make_node("MatMul", [f"m{n}", f"m{n}"], [f"m{n + 1}"]) for n in range(3_000)),
        helper.make_node("ReduceSum", ["m3000"], ["sum"], keepdims=1),
        helper.make_node("Expand", ["sum", "two"], ["outputs"]),
    ]
    other = load_from_string(good)
    other.graph.output[0].name = "answers"
    return {
        "a loop": looping(),
        "2.5 GB of zeros": shaped("ConstantOfShape", 2**29 + 2**27),
        "5 GB of zeros": shaped("ConstantOfShape", 2**30 + 2**28),
        "a petabyte of zeros": shaped("ConstantOfShape", 2**48),
        "zeros beyond any size": shaped("ConstantOfShape", HUGE, HUGE),
        "a negative size": shaped("ConstantOfShape", -5),
        "expanded": shaped("Expand", 2**15, 2**16),
        "tiled": shaped("Tile", 2**15, 2**16),
        "products without end": network(
            chain, constant("sizes", 3000, 3000), constant("two", 1, 2)
        ),
        "many nodes": network(
            [helper.make_node("Abs", ["ids"], [f"n{n}"]) for n in range(50_000)] + [cast]
        ),
        "a foreign operator": network(
            [helper.make_node("Run", ["ids"], ["outputs"], domain="custom")]
        ),
        "a tensor in another file": network([cast], outside),
        "outputs of another shape": network([cast], outputs=("rows", "tokens")),
        "no such output": bytes(other.SerializeToString()),
        "nothing": b"",
        "garbage": bytes(range(256)),
        "cut off": good[: len(good) // 2],
    }


def configs(good: bytes) -> dict[str, bytes]:
    """Hostile config.json of artifacts sealed for torch, by name."""
    changes: dict[str, Record] = {
        "200,000 layers": {"num_hidden_layers": 200_000},
        "layers beyond integers": {"num_hidden_layers": 10**400},
        "huge vectors": {"hidden_size": 2**40},
        "large vectors": {"hidden_size": 2**18, "num_attention_heads": 2},
        "a huge vocabulary": {"vocab_size": 2**33},
        "a large vocabulary": {"vocab_size": 2**24, "hidden_size": 512},
        "negative vectors": {"hidden_size": -32},
        "no heads": {"num_attention_heads": 0},
        "heads of a text": {"num_attention_heads": "two"},
        "no positions": {"max_position_embeddings": 0},
        "an unknown activation": {"hidden_act": "boom"},
        "another model": {"model_type": "vit"},
        "no model": {"model_type": None},
        "layers of null": {"num_hidden_layers": None},
    }
    made = {
        name: _changed(good, lambda r, c=change: r.update(c)) for name, change in changes.items()
    }
    return {
        **made,
        "nothing": b"",
        "a list": b"[]",
        "deep lists": b"[" * 100_000,
        "a megabyte": good + b" " * 2**21,
    }


def forged_files(onnx: Path, torch: Path) -> list[tuple[str, Path, dict[str, bytes]]]:
    """(Name, artifact that it is made of, changed files) of each forgery."""
    small, module = load_artifact(onnx).files, load_artifact(torch).files
    sources = (
        ("tokenizer", onnx, TOKENIZER, tokenizers(small[TOKENIZER])),
        ("network", onnx, NETWORK, networks(small[NETWORK])),
        ("config", torch, CONFIG, configs(module[CONFIG])),
    )
    return [
        (f"{kind}: {name}", folder, {file: content})
        for kind, folder, file, found in sources
        for name, content in found.items()
    ]
