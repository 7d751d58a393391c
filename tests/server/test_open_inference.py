"""The Open Inference Protocol: Triton's own client against a real server, odd bodies in process."""

import json
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from pipeline.handlers.base import Handler
from pipeline.server.app import create_app
from pipeline.server.current_models import Models
from pipeline.server.guarding import is_guarded
from pipeline.server.settings import ServerSettings
from pipeline.server.shared_memory import Flag
from tests.support.served import Served

triton = pytest.importorskip("tritonclient.http", reason="needs tritonclient: it is in [test]")

TEXTS = [
    *("정말 재밌게 잘봤습니다!", " 노잼\n\x00", "x", "가" * 2000),
    *("ㅋㅋㅋ👨\u200d👩\u200d👧 \"'\\", "🇰🇷\u202e\r"),
]
INFER = "/v2/models/fast/infer"


@pytest.fixture
def asking(server: Served) -> Iterator[Any]:
    with triton.InferenceServerClient(f"127.0.0.1:{server.port}") as opened:
        yield opened


def tensor(texts: list[str], binary: bool = True, columns: int = 0) -> Any:
    array = np.array([text.encode() for text in texts], dtype=object)
    array = array.reshape(-1, 1) if columns else array
    made = triton.InferInput("text", list(array.shape), "BYTES")
    return made.set_data_from_numpy(array, binary_data=binary)


@pytest.mark.slow
def test_triton_s_client_finds_the_server_ready(asking: Any) -> None:
    assert asking.is_server_live()
    assert asking.is_server_ready()
    assert asking.is_model_ready("fast")
    assert not asking.is_model_ready("deep")
    assert not asking.is_model_ready("fast", "1")


@pytest.mark.slow
def test_triton_s_client_gets_the_metadata(asking: Any) -> None:
    server = asking.get_server_metadata()
    assert (server["name"], server["extensions"]) == ("sentiment", ["binary_tensor_data"])
    model = asking.get_model_metadata("fast")
    assert model["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    names = [output["name"] for output in model["outputs"]]
    assert names == ["label", "confidence", "likelier_label"]


@pytest.mark.slow
@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("columns", [0, 1])
def test_triton_s_client_is_answered_as_offline(
    asking: Any, handler: Handler, binary: bool, columns: int
) -> None:
    names = ("label", "confidence")
    outputs = [triton.InferRequestedOutput(name, binary_data=binary) for name in names]
    result = asking.infer(
        "fast", [tensor(TEXTS, binary, columns)], outputs=outputs, request_id="a-1"
    )
    expected = handler.handle(TEXTS)
    labels = [x.decode() if binary else x for x in result.as_numpy("label").tolist()]
    assert labels == [one.label for one in expected]
    assert result.as_numpy("confidence").tolist() == [one.confidence for one in expected]
    assert result.get_response()["id"] == "a-1"
    assert result.get_response()["model_name"] == "fast"


@pytest.mark.slow
def test_triton_s_client_gets_the_outputs_it_asks_for(asking: Any, handler: Handler) -> None:
    both = asking.infer("fast", [tensor(TEXTS)], priority=1, timeout=5, parameters={"mine": [1]})
    assert both.as_numpy("label").shape == both.as_numpy("confidence").shape == (len(TEXTS),)
    asked = triton.InferRequestedOutput("confidence", binary_data=False)
    result = asking.infer("fast", [tensor(TEXTS)], outputs=[asked])
    expected = [one.confidence for one in handler.handle(TEXTS)]
    assert result.as_numpy("label") is None
    assert result.as_numpy("confidence").tolist() == expected


@pytest.mark.slow
def test_triton_s_client_is_told_what_is_wrong(asking: Any) -> None:
    for model, texts, status, message in (
        ("deep", ["굿"], "503", "This server has no deep model now."),
        ("other", ["굿"], "404", "The models are fast and deep"),
        ("fast", [""], "400", r"text\[0\]: String should have at least 1 character"),
        ("fast", ["굿", "가" * 2001], "400", r"text\[1\]: String should have at most 2000"),
        ("fast", ["굿"] * 1025, "400", "text: Send at most 1024 texts at a time."),
    ):
        with pytest.raises(triton.InferenceServerException, match=message) as told:
            asking.infer(model, [tensor(texts)])
        assert told.value.status() == status
    with pytest.raises(triton.InferenceServerException, match="without versions"):
        asking.infer("fast", [tensor(["굿"])], model_version="1")
    with pytest.raises(triton.InferenceServerException, match="not compressed"):
        asking.infer("fast", [tensor(["굿"])], request_compression_algorithm="gzip")


@pytest.fixture(scope="session")
def client(handler: Handler) -> FlaskClient:
    return create_app(Models({"fast": handler})).test_client()


def ask(client: FlaskClient, body: object, **options: Any) -> TestResponse:
    data = body if isinstance(body, bytes) else json.dumps(body)
    return client.post(INFER, data=data, **options)


def body(*texts: object, **changes: object) -> dict[str, Any]:
    """A request; `changes` of its tensor."""
    plain = {"name": "text", "datatype": "BYTES", "shape": [len(texts)], "data": list(texts)}
    return {"inputs": [{**plain, **changes}]}


def test_answers_json_as_predict_does(client: FlaskClient, handler: Handler) -> None:
    response = ask(client, {"model_name": "fast", "outputs": [], **body("굿", "별로")})
    expected = handler.handle(["굿", "별로"])
    assert response.headers["X-Model"] == handler.name
    assert response.get_json() == {
        "model_name": "fast",
        "outputs": [
            {
                "name": "label",
                "shape": [2],
                "datatype": "BYTES",
                "data": [one.label for one in expected],
            },
            {
                "name": "confidence",
                "shape": [2],
                "datatype": "FP64",
                "data": [one.confidence for one in expected],
            },
        ],
    }


def test_data_may_be_nested_as_their_shape(client: FlaskClient) -> None:
    flat = ask(client, body("굿", "별로", shape=[2, 1])).get_json()
    assert ask(client, body(["굿"], ["별로"], shape=[2, 1])).get_json() == flat


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (b"{", "The body is not valid JSON."),
        (b"\xff", "The body is not UTF-8."),
        ([], "Input should be a valid dictionary"),
        ({}, "inputs: Field required"),
        ({"inputs": []}, "inputs: List should have at least 1 item"),
        ({"inputs": body("a")["inputs"] * 2}, "inputs: List should have at most 1 item"),
        ({"id": 5, **body("a")}, "id: Input should be a valid string"),
        (body("a", name="secret"), "inputs[0].name: Input should be 'text'"),
        (body("a", datatype="FP32"), "inputs[0].datatype: Input should be 'BYTES'"),
        (body("a", shape=[2]), "inputs[0].shape: The shape must be [n] or [n, 1]"),
        (body("a", shape=[1, 2]), "inputs[0].shape: The shape must be [n] or [n, 1]"),
        (body("a", shape=[-1]), "inputs[0].shape[0]: Input should be greater"),
        (body("a", shape=[True]), "inputs[0].shape[0]: Input should be a valid integer"),
        (body(), "text: Send at least one text."),
        (body("a", 5), "text[1]: Input should be a valid string"),
        (body(["a"]), "text[0]: Input should be a valid string"),
        (body("\ud800"), "text[0]: Input should be a valid string"),
        (body("a", data=None), "inputs[0]: Send either data or"),
        (body("a", parameters={"shared_memory_region": "secret"}), "no extension for shared"),
        (body("a", parameters={"binary_data_size": 5}), "inputs[0]: Send either data or"),
        (
            body("a", data=None, parameters={"binary_data_size": "secret"}),
            "inputs[0].parameters: binary_data_size is not",
        ),
        ({"outputs": [{"name": "secret"}], **body("a")}, "outputs[0].name: Input should be"),
        ({"outputs": [{"name": "label"}] * 2, **body("a")}, "outputs: An output is asked for"),
        (b'{"id": "a", "id": "b"}', "A key is given twice."),
    ],
)
def test_bad_requests(client: FlaskClient, asked: object, message: str) -> None:
    response = ask(client, asked)
    assert response.status_code == 400
    assert set(response.get_json()) == {"error"}
    assert message in response.get_json()["error"]
    assert "secret" not in response.text


def send_binary(client: FlaskClient, data: bytes, length: object = None, **changes: Any) -> Any:
    sized = {"shape": [1], "data": None, "parameters": {"binary_data_size": len(data)}}
    header = json.dumps(body(**{**sized, **changes})).encode()
    headers = {"Inference-Header-Content-Length": str(length or len(header))}
    return ask(client, header + data, headers=headers, content_type="application/octet-stream")


@pytest.mark.parametrize(
    ("data", "changes", "message"),
    [
        (b"\x01\x00\x00\x00", {}, "end within an element"),
        (b"\x01\x00", {}, "end within the length of an element"),
        (b"\x01\x00\x00\x00\xff", {}, "not UTF-8"),
        (b"\xff\xff\xff\xffa", {}, "end within an element"),
        (b"\x01\x00\x00\x00a", {"shape": [2]}, "The shape must be [n]"),
        (b"\x01\x00\x00\x00a", {"length": "x"}, "is not the length of the JSON"),
        (b"\x01\x00\x00\x00a", {"length": 10**9}, "is not the length of the JSON"),
        (b"\x01\x00\x00\x00a", {"length": "²"}, "is not the length of the JSON"),
        (b"\x01\x00\x00\x00a", {"parameters": {"binary_data_size": 4}}, "number of bytes"),
    ],
)
def test_bad_binary_data(
    client: FlaskClient, data: bytes, changes: dict[str, Any], message: str
) -> None:
    response = send_binary(client, data, **changes)
    assert response.status_code == 400
    assert message in response.get_json()["error"]


def test_binary_data_are_little_endian(client: FlaskClient, handler: Handler) -> None:
    header = json.dumps(
        {
            "parameters": {"binary_data_output": True},
            "outputs": [
                {"name": "label", "parameters": {"binary_data": False}},
                {"name": "confidence"},
            ],
            **body("굿"),
        }
    )
    response = ask(client, header.encode())
    length = int(response.headers["Inference-Header-Content-Length"])
    assert response.content_type == "application/octet-stream"
    label, confidence = json.loads(response.data[:length])["outputs"]
    (expected,) = handler.handle(["굿"])
    assert label["data"] == [expected.label]
    assert confidence["parameters"] == {"binary_data_size": 8}
    assert struct.unpack("<d", response.data[length:]) == (expected.confidence,)


def test_other_statuses(client: FlaskClient) -> None:
    for response, status in (
        (client.get("/v2/nowhere"), 404),
        (client.get("/v2/models/other"), 404),
        (client.get("/v2/models/fast/versions/1"), 404),
        (client.get("/v2/models/deep"), 503),
        (client.get(INFER), 405),
        (ask(client, body("a"), content_type="text/plain"), 415),
        (ask(client, b" " * (2**20 + 1)), 413),
    ):
        assert response.status_code == status
        assert set(response.get_json()) == {"error"}


def test_limits_are_the_settings(handler: Handler) -> None:
    limits = ServerSettings(max_body=200, max_texts=2)
    small = create_app(Models({"fast": handler}), limits).test_client()
    assert ask(small, body("a", "b")).status_code == 200
    assert "at most 2 texts" in ask(small, body("a", "b", "c")).get_json()["error"]
    assert ask(small, body("a" * 200)).status_code == 413


def test_ready_as_readyz(handler: Handler) -> None:
    draining = Flag()
    app = create_app(Models({"fast": handler}), draining=draining).test_client()
    for status in (200, 503):
        assert app.get("/readyz").status_code == app.get("/v2/health/ready").status_code == status
        draining.set()
    assert app.get("/v2/health/live").status_code == 200
    assert create_app(Models({})).test_client().get("/v2/health/ready").status_code == 503


def test_a_request_is_logged_and_counted_by_its_route(
    client: FlaskClient, handler: Handler, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    ask(client, body("굿", "별로"))
    line = json.loads(capfd.readouterr().err)
    assert (line["route"], line["slot"], line["texts"]) == (INFER, "fast", 2)
    assert line["model"] == handler.name
    assert f'{{route="{INFER}",slot="fast",status="200"}}' in client.get("/metrics").text


def test_only_inference_asks_for_a_key(handler: Handler) -> None:
    app = create_app(Models({"fast": handler}), ServerSettings(keys=("k" * 16,))).test_client()
    refused = ask(app, body("a"))
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert refused.get_json() == {
        "error": "Send an API key of this server: Authorization: Bearer KEY."
    }
    assert ask(app, body("a"), headers={"Authorization": f"Bearer {'k' * 16}"}).status_code == 200
    for path in ("/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/fast/ready"):
        assert app.get(path).status_code == 200
        assert not is_guarded(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
PART = st.fixed_dictionaries(
    {"name": st.just("text") | JSON, "datatype": st.just("BYTES") | JSON, "shape": JSON},
    optional={"data": JSON, "parameters": st.dictionaries(st.just("binary_data_size"), JSON)},
)


@given(
    header=st.fixed_dictionaries({"inputs": st.lists(PART, max_size=2)}, optional={"id": JSON}),
    data=st.binary(max_size=20),
    shift=st.integers(-3, 3),
)
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_breaks_it(
    client: FlaskClient, header: dict[str, Any], data: bytes, shift: int
) -> None:
    content = json.dumps(header).encode()
    headers = {"Inference-Header-Content-Length": str(len(content) + shift)}
    assert ask(client, content + data, headers=headers).status_code in (200, 400)
