"""What we use of uvicorn and gunicorn without their documenting it: it is there, as we know it."""

import asyncio
import inspect
import sys
import tomllib
from importlib.metadata import version

import pytest
from packaging.requirements import Requirement
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import Server, ServerState

from pipeline.server.serving import UVICORN
from tests.support.paths import ROOT

PROTOCOL = {
    "connection_made": ["transport"],
    "connection_lost": ["exc"],
    "data_received": ["data"],
    "eof_received": [],
    "on_message_begin": [],
    "on_url": ["url"],
    "on_header": ["name", "value"],
    "on_headers_complete": [],
    "on_message_complete": [],
    "on_response_complete": [],
    "send_400_response": ["msg"],
    "_unset_keepalive_if_required": [],
    "pause_writing": [],
    "resume_writing": [],
    "shutdown": [],
}
"""Methods that `Connection` overrides or calls, and their parameters."""

FLOW: dict[str, list[str]] = {"pause_reading": [], "resume_reading": []}
SERVER = {"handle_exit": ["sig", "frame"], "run": ["sockets"]}

ARBITER = {
    "wait_for_signals": ["timeout"],
    "manage_workers": [],
    "run": [],
    **{f"handle_{s}": [] for s in ("term", "int", "quit", "hup", "ttin", "ttou", "usr2", "winch")},
}
"""Methods that `Master` overrides or calls."""


def parameters(function: object) -> list[str]:
    """Their names, without `self`."""
    return list(inspect.signature(function).parameters)[1:]  # type: ignore[arg-type]


@pytest.fixture
def protocol() -> HttpToolsProtocol:
    """uvicorn's own, before there is a connection."""

    async def app(scope: object, receive: object, send: object) -> None:
        """Never called."""

    config = Config(app, log_config=None, **{**UVICORN, "http": HttpToolsProtocol})
    loop = asyncio.new_event_loop()
    loop.close()
    return HttpToolsProtocol(config, ServerState(), {}, loop)


@pytest.mark.parametrize(
    ("owner", "methods"), [(HttpToolsProtocol, PROTOCOL), (FlowControl, FLOW), (Server, SERVER)]
)
def test_methods_of_uvicorn(owner: type, methods: dict[str, list[str]]) -> None:
    assert {name: parameters(getattr(owner, name)) for name in methods} == methods


def test_state_of_uvicorn_s_protocol(protocol: HttpToolsProtocol) -> None:
    assert protocol.app is protocol.config.loaded_app
    assert protocol.server_state.default_headers == []
    assert len(protocol.pipeline) == 0
    assert protocol.cycle is protocol.flow is protocol.transport is protocol.client is None
    protocol.on_message_begin()
    protocol.on_url(b"/health")
    protocol.on_url(b"z")
    assert protocol.url == b"/healthz"
    assert protocol.headers == []
    assert not protocol.parser.should_upgrade()
    assert FlowControl(asyncio.Transport()).write_paused is False


def test_state_of_uvicorn_s_cycle() -> None:
    given = {**dict.fromkeys(parameters(RequestResponseCycle.__init__)), "keep_alive": True}
    cycle = RequestResponseCycle(**given)  # type: ignore[arg-type]
    assert cycle.keep_alive is cycle.more_body is True
    assert cycle.response_complete is cycle.disconnected is False
    assert {"message_event", "on_response"} <= set(given)


def test_settings_of_uvicorn() -> None:
    assert set(UVICORN) <= set(parameters(Config.__init__))


def test_state_of_uvicorn_s_server(protocol: HttpToolsProtocol) -> None:
    server = Server(protocol.config)
    assert server.should_exit is server.force_exit is False


@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork")
def test_gunicorn_s_master() -> None:
    from gunicorn.arbiter import Arbiter

    assert parameters(Arbiter.__init__) == ["app"]
    assert {name: parameters(getattr(Arbiter, name)) for name in ARBITER} == ARBITER
    assert Arbiter.WORKERS == {}


@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork")
def test_gunicorn_s_worker() -> None:
    from gunicorn.workers.base import Worker
    from uvicorn_worker import UvicornWorker

    assert issubclass(UvicornWorker, Worker)
    assert "age" in parameters(Worker.__init__)
    assert parameters(Worker.notify) == []
    assert {"loop", "http"} <= set(UvicornWorker.CONFIG_KWARGS)


@pytest.mark.parametrize("name", ["uvicorn", "gunicorn", "uvicorn-worker"])
def test_versions(name: str) -> None:
    """Those installed are within the bounds, of which one is above: the next may differ."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (needed,) = (one for one in map(Requirement, project["dependencies"]) if one.name == name)
    assert "<" in {bound.operator for bound in needed.specifier}
    if needed.marker is None or needed.marker.evaluate():
        assert version(name) in needed.specifier
