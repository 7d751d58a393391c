"""The README's pictures, from the product as it is: `.venv/bin/python -m docs.pictures.make`.

Screenshots need chromium, chromium-driver and a Korean font. The chart shows the tables of
`throughput.json`, which `bench/bench_fast_throughput.py --json` writes.
"""

import json
import subprocess
import tempfile
import time
from pathlib import Path

from matplotlib.figure import Figure
from selenium import webdriver
from selenium.webdriver.common.by import By

from tests.support.browser import opened
from tests.support.paths import SAMPLE, SENTIMENT
from tests.support.served import served

HERE = Path(__file__).parent
REVIEWS = """정말 재밌게 잘봤습니다!
연기는 좋은데 내용이 지루하다
배우들 연기가 살린 영화, 두 번 봤어요
그냥 그래요
돈 아깝다"""
OURS, OTHERS = "#0f766e", "#94a3b8"


def show(browser: webdriver.Chrome, width: int, height: int) -> None:
    """Have a window of this size, with twice the dots for sharp letters."""
    size = {"width": width, "height": height, "deviceScaleFactor": 2, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def page(browser: webdriver.Chrome, empty: Path) -> None:
    """The page of the server, with some reviews judged by the built-in model."""
    with served(empty) as server:
        show(browser, 1100, 1180)
        browser.get(server.url)
        browser.find_element(By.TAG_NAME, "textarea").send_keys(REVIEWS)
        browser.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
        time.sleep(3)
        browser.execute_script("scrollTo(0, 0)")
        time.sleep(1)
        browser.save_screenshot(str(HERE / "page.png"))


def report(browser: webdriver.Chrome, folder: Path) -> None:
    """The top of a report about the built-in model on the sample."""
    path = folder / "report.html"
    command = [SENTIMENT, "evaluate", "--fast", "--data", SAMPLE, "--report", path, "--lang", "ko"]
    subprocess.run([*command, "--artifacts", folder / "none"], check=True, cwd=folder)
    show(browser, 1100, 1180)
    browser.get(path.as_uri())
    time.sleep(1)
    browser.save_screenshot(str(HERE / "report.png"))


def number(text: str) -> float:
    """What a table's cell says."""
    return float(text.rstrip("%×").replace(",", ""))


def chart() -> None:
    """Accuracy and speed of the sides of the throughput measurement."""
    rows = json.loads((HERE / "throughput.json").read_text("utf-8"))["tables"][0]
    names = [row["side"] for row in rows][::-1]
    colours = [OURS if name == "sentiment" else OTHERS for name in names]
    figure = Figure(figsize=(9, 2.4), layout="constrained")
    panels = zip(
        figure.subplots(1, 2),
        ("accuracy", "reviews/s (median)"),
        ("accuracy on NSMC's test reviews, %", "reviews a second on one core"),
        strict=True,
    )
    for axes, column, title in panels:
        values = [number(row[column]) for row in rows][::-1]
        bars = axes.barh(names, values, color=colours)
        axes.bar_label(bars, [row[column] for row in rows][::-1], padding=4)
        axes.set_title(title, loc="left", fontsize=11)
        axes.spines[["top", "right", "bottom"]].set_visible(False)
        axes.set_xticks([])
        axes.margins(x=0.2)
    figure.savefig(HERE / "throughput.png", dpi=160)


def main() -> None:
    """Make all pictures."""
    chart()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "empty").mkdir()
        with opened(folder) as browser:
            page(browser, folder / "empty")
            report(browser, folder)


if __name__ == "__main__":
    main()
