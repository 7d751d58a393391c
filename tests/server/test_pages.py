"""The demo page and the API's description; in a real browser where Chromium is installed."""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from pipeline.handlers.base import Handler
from pipeline.server.app import create_app
from pipeline.server.current_models import Models
from tests.support.paths import ROOT
from tests.support.served import Served, served

pytestmark = pytest.mark.slow

STATIC = ROOT / "pipeline" / "server" / "static"
WITH_DEEP = (sys.executable, "-m", "tests.support.stand_in")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="chromium and chromium-driver are not installed"
)


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
    words = (STATIC / "words.js").read_text("utf-8")
    korean, english = (re.findall(r"^    (\w+):", part, re.M) for part in words.split("en: {"))
    assert korean == english
    assert len(korean) > 20


def test_the_description_is_of_what_is_checked(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    schema = document["components"]["schemas"]["PredictRequest"]
    one, many = schema["properties"]["text"]["oneOf"]
    assert (one["maxLength"], many["maxItems"]) == (2000, 1024)
    assert schema["additionalProperties"] is False
    responses = document["paths"]["/predict"]["post"]["responses"]
    assert {"200", "400", "411", "413", "415", "422", "429", "503", "504"} <= set(responses)


def test_swagger_ui_serves_its_own_files_alone(client: FlaskClient) -> None:
    assert client.get("/docs/secrets.txt").status_code == 404


@pytest.fixture(scope="module")
def server(sample_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with both models."""
    root = shutil.copytree(sample_root, tmp_path_factory.mktemp("both") / "artifacts")
    shutil.copytree(root / "fast", root / "deep")
    with served(root, command=WITH_DEEP) as running:
        yield running


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",  # a container's may be too small
        "--disable-background-networking",
        f"--user-data-dir={tmp_path}",
    ):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"intl.accept_languages": "ko,en"})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(str(DRIVER))
    with webdriver.Chrome(options=options, service=service) as opened:
        yield opened


def wait_for(browser: webdriver.Chrome, selector: str, count: int = 1) -> list[str]:
    """Texts of `count` elements, as soon as they are there and say something."""

    def look(_: object) -> list[str] | None:
        texts = [found.text for found in browser.find_elements(By.CSS_SELECTOR, selector)]
        return texts if len(texts) == count and all(texts) else None

    # An element may be replaced between finding and reading it; a busy machine takes its time.
    waiting = WebDriverWait(browser, 60, 0.1, [StaleElementReferenceException])
    texts = waiting.until(look)
    assert isinstance(texts, list)
    return texts


@needs_chromium
def test_the_page_shows_both_answers_by_keyboard_alone(
    server: Served, browser: webdriver.Chrome, handler: Handler
) -> None:
    browser.get(server.url)
    wait_for(browser, "#examples button", count=4)
    box = browser.switch_to.active_element
    assert box.get_attribute("id") == "text"
    box.clear()
    box.send_keys("정말 재밌다 <b>최고</b>", Keys.CONTROL, Keys.ENTER)
    cards = wait_for(browser, "article", count=2)
    (answer,) = handler.handle(["정말 재밌다 <b>최고</b>"])
    for card in cards:
        assert f"{answer.confidence * 100:.1f}%" in card
        assert {"positive": "긍정", "negative": "부정"}[answer.label] in card
        assert "ms" in card
    shares = browser.find_elements(By.CSS_SELECTOR, ".shares span")
    assert "".join(share.get_attribute("textContent") or "" for share in shares) == answer.text
    assert not [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]


@needs_chromium
def test_the_page_speaks_english_too_and_fits_a_phone(
    server: Served, browser: webdriver.Chrome
) -> None:
    phone = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    browser.get(server.url)
    wait_for(browser, "#examples button", count=4)
    assert wait_for(browser, "h1") == ["영화 리뷰 감성 분류"]
    browser.find_element(By.ID, "language").click()
    assert wait_for(browser, "h1") == ["Movie review sentiment"]
    browser.find_element(By.CSS_SELECTOR, "#examples button").click()
    assert "positive" in wait_for(browser, "article", count=2)[0]
    width = browser.execute_script("return document.documentElement.scrollWidth")
    assert width <= 360


@needs_chromium
def test_swagger_ui_works_without_a_network(server: Served, browser: webdriver.Chrome) -> None:
    browser.get(f"{server.url}/docs")
    paths = wait_for(browser, ".opblock-summary-path", count=11)
    assert "/predict" in [path.replace("\u200b", "") for path in paths]
    hosts = browser.execute_script(
        "return performance.getEntriesByType('resource').map(r => new URL(r.name).host)"
    )
    assert set(hosts) == {f"127.0.0.1:{server.port}"}
    assert not [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]
