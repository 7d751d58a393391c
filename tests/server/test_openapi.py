"""The real application against its own description, with requests made up from it."""

import json
import warnings

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.handlers.base import Handler
from pipeline.server.app import create_app
from pipeline.server.current_models import Models
from pipeline.server.settings import ServerSettings
from tests.support.http_requests import post
from tests.support.stand_in import StandIn

pytestmark = pytest.mark.slow

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi.checks import positive_data_acceptance

CONTRACT = {200, 400, 404, 405, 411, 413, 415, 422, 503, 504}


PATHS = (
    *("/predict", "/explain", "/healthz", "/readyz", "/metrics", "/ping", "/invocations"),
    *("/v2", "/v2/health/live", "/v2/health/ready"),
    *("/v2/models/{model}", "/v2/models/{model}/ready", "/v2/models/{model}/infer"),
)

# Not /rows, which starts a process for each file: tests/server/test_rows.py checks its answers.

LOOSE = ("/v2/models/{model}/infer", "/invocations")
"""A schema can tell neither that a shape must fit its data, nor what is in a line of CSV."""


@pytest.mark.parametrize("path", PATHS)
def test_answers_as_described(handler: Handler, path: str) -> None:
    """Schemathesis makes up requests, good and bad ones, and checks each answer."""
    deep = StandIn(handler.folder)
    deep.initialize()
    models = Models({"fast": handler, "deep": deep})
    app = create_app(models, ServerSettings(sagemaker=True))
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app)
    (operation,) = (operation for operation in schema[path].values())

    @given(case=operation.as_strategy() | operation.as_strategy(GenerationMode.NEGATIVE))
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate(excluded_checks=[positive_data_acceptance] * (path in LOOSE))

    check()


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("text"), inner),
    max_leaves=8,
)
BODIES = (
    st.binary()
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.fixed_dictionaries({"text": JSON}, optional={"do_fast": JSON}).map(
        lambda value: json.dumps(value).encode()
    )
    | st.lists(st.text(max_size=40)).map(lambda texts: json.dumps({"text": texts}).encode())
)


@given(body=BODIES)
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_body_breaks_it(handler: Handler, body: bytes) -> None:
    response = post(_client(handler), body)
    assert response.status_code in CONTRACT
    if response.status_code != 200:
        assert set(response.get_json()["error"]) == {"code", "message", "field"}
        return
    sent = json.loads(body)["text"]
    texts = [sent] if isinstance(sent, str) else sent
    assert [answer["text"] for answer in response.get_json().values()] == texts


_clients: dict[int, FlaskClient] = {}


def _client(handler: Handler) -> FlaskClient:
    """Made once: hypothesis calls hundreds of times."""
    if id(handler) not in _clients:
        _clients[id(handler)] = create_app(Models({"fast": handler})).test_client()
    return _clients[id(handler)]
