"""Chromium without a window, as the tests of the pages drive it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="chromium and chromium-driver are not installed"
)


@contextmanager
def opened(folder: Path) -> Iterator[webdriver.Chrome]:
    """A Korean browser; its profile is in `folder`, and so is what it downloads."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",  # a container's may be too small
        "--disable-background-networking",
        f"--user-data-dir={folder / 'profile'}",
    ):
        options.add_argument(argument)
    downloads = str(folder / "downloads")
    preferences = {"intl.accept_languages": "ko,en", "download.default_directory": downloads}
    options.add_experimental_option("prefs", preferences)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(str(DRIVER))
    with webdriver.Chrome(options=options, service=service) as browser:
        yield browser


def complaints(browser: webdriver.Chrome) -> list[str]:
    """Errors in its console since the last call; an answer with an error status is none."""
    lines = [line["message"] for line in browser.get_log("browser") if line["level"] == "SEVERE"]
    return [line for line in lines if "responded with a status" not in line]


def wait_for(browser: webdriver.Chrome, selector: str, count: int = 1) -> list[str]:
    """Texts of `count` elements, as soon as they are there and say something."""

    def look(_: object) -> list[str] | None:
        texts = [found.text for found in browser.find_elements(By.CSS_SELECTOR, selector)]
        return texts if len(texts) == count and all(texts) else None

    # An element may be replaced between finding and reading it; a busy machine takes its time.
    waiting = WebDriverWait(browser, 60, 0.05, [StaleElementReferenceException])
    texts = waiting.until(look)
    assert isinstance(texts, list)
    return texts


def phone(browser: webdriver.Chrome, width: int = 390) -> None:
    """Make the window a phone's."""
    metrics = {"width": width, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
