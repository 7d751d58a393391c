"""What the pages are made of, and the API's description."""

import re

import pytest
from flask.testing import FlaskClient
from selenium import webdriver

from pipeline.handlers.base import Handler
from pipeline.server.app import create_app
from pipeline.server.current_models import Models
from pipeline.server.settings import ServerSettings
from tests.support.browser import complaints, needs_chromium, wait_for
from tests.support.paths import ROOT
from tests.support.served import Served

pytestmark = pytest.mark.slow

STATIC = ROOT / "pipeline" / "server" / "static"


@pytest.fixture
def client(handler: Handler) -> FlaskClient:
    return create_app(Models({"fast": handler})).test_client()


def test_nothing_is_loaded_from_elsewhere() -> None:
    for path in STATIC.iterdir():
        content = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|//[a-z]+\.|@import|url\(", content), path


def test_all_that_the_pages_name_is_there(client: FlaskClient) -> None:
    for page in ("/", "/docs"):
        named = re.findall(r'(?:src|href)="([^"]+)"', client.get(page).text)
        assert len(named) >= 3
        for path in named:
            with client.get(f"/{path}") as response:
                assert response.status_code == 200, path


def test_both_languages_say_the_same_things() -> None:
    files = (STATIC / "korean.js", STATIC / "english.js")
    korean, english = (
        [
            (word, *sorted(re.findall(r"{\w+}", said)))
            for word, said in re.findall(r"^  (\w+): (.*)", path.read_text("utf-8"), re.M)
        ]
        for path in files
    )
    assert korean == english
    assert len(korean) > 60


def test_what_the_page_says_is_there() -> None:
    known = set(re.findall(r"^  (\w+):", (STATIC / "korean.js").read_text("utf-8"), re.M))
    pages = [path.read_text("utf-8") for path in STATIC.glob("*.js")]
    said = re.findall(r'\bsay\("(\w+)"', "".join(pages))
    said += re.findall(r'data-say(?:-\w+)?="(\w+)"', (STATIC / "index.html").read_text("utf-8"))
    assert len(said) > 60
    assert set(said) <= known


def test_no_text_becomes_html() -> None:
    for path in STATIC.glob("*.js"):
        assert not re.search(
            r"HTML|document\.write|DOMParser|eval\(",
            path.read_text("utf-8").replace("takes HTML", ""),
        ), path


def test_the_page_knows_the_limits_of_its_server(handler: Handler) -> None:
    settings = ServerSettings(max_texts=7, max_body=2**22)
    page = create_app(Models({"fast": handler}), settings).test_client().get("/").text
    assert 'data-max-body="4194304" data-max-texts="7" data-max-rows="5000"' in page


def test_the_description_is_of_what_is_checked(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    schema = document["components"]["schemas"]["PredictRequest"]
    one, many = schema["properties"]["text"]["oneOf"]
    assert (one["maxLength"], many["maxItems"]) == (2000, 1024)
    assert schema["additionalProperties"] is False
    responses = document["paths"]["/predict"]["post"]["responses"]
    assert {"200", "400", "411", "413", "415", "422", "429", "503", "504"} <= set(responses)


def test_the_description_of_a_file_speaks_of_no_json(client: FlaskClient) -> None:
    rows = client.get("/openapi.json").get_json()["paths"]["/rows"]["post"]
    assert rows["requestBody"]["content"] == {"application/octet-stream": {}}
    described = {status: answer["description"] for status, answer in rows["responses"].items()}
    assert set(described) == {"200", "401", "411", "413", "415", "422", "429", "503", "504"}
    assert not re.search("JSON|model|text", " ".join(described.values()))


def test_swagger_ui_serves_its_own_files_alone(client: FlaskClient) -> None:
    assert client.get("/docs/secrets.txt").status_code == 404


@needs_chromium
def test_swagger_ui_works_without_a_network(both_served: Served, browser: webdriver.Chrome) -> None:
    browser.get(f"{both_served.url}/docs")
    paths = wait_for(browser, ".opblock-summary-path", count=12)
    assert "/predict" in [path.replace("\u200b", "") for path in paths]
    hosts = browser.execute_script(
        "return performance.getEntriesByType('resource').map(r => new URL(r.name).host)"
    )
    assert set(hosts) == {f"127.0.0.1:{both_served.port}"}
    assert not complaints(browser)
