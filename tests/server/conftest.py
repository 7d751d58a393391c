"""A real server, a client on a socket, a browser; a file whose server has options makes its own."""

import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver

from tests.support.browser import complaints, opened, wait_for
from tests.support.hostile_clients import connect
from tests.support.served import Served, served


@pytest.fixture(scope="module")
def server(sample_root: Path) -> Iterator[Served]:
    with served(sample_root) as running:
        yield running


@pytest.fixture
def client(server: Served) -> Iterator[socket.socket]:
    with connect(server.port) as opened:
        yield opened


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[webdriver.Chrome, Path]]:
    """Started once, since that takes seconds; and the folder of its downloads."""
    folder = tmp_path_factory.mktemp("chromium")
    with opened(folder) as started:
        yield started, folder / "downloads"


@pytest.fixture
def browser(chromium: tuple[webdriver.Chrome, Path]) -> webdriver.Chrome:
    """The browser in a new tab, with nothing left in it by the test before."""
    started, _ = chromium
    old = started.current_window_handle
    started.switch_to.new_window("tab")
    new = started.current_window_handle
    started.switch_to.window(old)
    started.close()
    started.switch_to.window(new)
    return started


@pytest.fixture(scope="session")
def both_served(sample_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with both models."""
    root = shutil.copytree(sample_root, tmp_path_factory.mktemp("both") / "artifacts")
    shutil.copytree(root / "fast", root / "deep")
    with served(root, command=(sys.executable, "-m", "tests.support.stand_in")) as running:
        yield running


@pytest.fixture
def page(both_served: Served, browser: webdriver.Chrome) -> Iterator[webdriver.Chrome]:
    """The page at `/` of a server with both models, as it opens; it must not complain."""
    browser.get(both_served.url)
    browser.execute_script("localStorage.clear()")
    wait_for(browser, "fieldset label:has(:checked)")
    yield browser
    assert not complaints(browser)
