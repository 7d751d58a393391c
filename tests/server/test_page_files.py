"""Files on the page at `/`: read and written as `sentiment predict` does."""

import csv
import io
import time
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from tests.server.test_rows import inline, workbook
from tests.support.browser import needs_chromium, wait_for
from tests.support.paths import Invoke
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.slow, needs_chromium]

ROWS = 5_000
REVIEWS = (
    *(
        "정말 재밌다",
        "=1+1 수식",
        "-5",
        "+82 전화",
        "@이름",
        "두 줄\n리뷰",
        'He said "굿"',
        "",
        " ",
    ),
    *("쉼표, 있음", "＝전각", "끝\t탭", "1,234", "😀 최고", "-별로", "지루하다 " * 20),
)
SECONDS = 10.0
DROP = """
const data = new DataTransfer();
data.items.add(new File([arguments[0]], arguments[1]));
document.getElementById("form").dispatchEvent(
  new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
"""
WATCH = """
window.longest = 0;
let last = performance.now();
setInterval(() => {
  longest = Math.max(longest, performance.now() - last);
  last = performance.now();
}, 10);
"""


@pytest.fixture
def downloads(chromium: tuple[webdriver.Chrome, Path]) -> Path:
    return chromium[1]


def write_reviews(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "document", "=memo"])
        writer.writerows([n, REVIEWS[n % len(REVIEWS)], f"{n}.50"] for n in range(rows))


def fast_alone(page: webdriver.Chrome) -> None:
    page.find_element(By.CSS_SELECTOR, "[name=model][value=fast]").click()


def choose(page: webdriver.Chrome, path: Path) -> None:
    page.find_element(By.ID, "file").send_keys(str(path))


def downloaded(page: webdriver.Chrome, folder: Path) -> bytes:
    """What the page hands over as a file, whose name then is free again."""
    page.find_element(By.ID, "download").click()
    wait_until(lambda: bool(list(folder.glob("*.csv"))), 30)
    (path,) = folder.glob("*.csv")
    content = path.read_bytes()
    path.unlink()
    return content


def predicted(invoke: Invoke, root: Path, path: Path, output: Path, *options: str) -> bytes:
    done = invoke(
        *("predict", "--fast", path, "--artifacts", root, "-o", output, "--excel", "--quiet"),
        *options,
    )
    assert done.exit_code == 0, done.output
    return output.read_bytes()


def test_a_large_file_is_answered_as_predict_does(
    page: webdriver.Chrome, downloads: Path, invoke: Invoke, sample_root: Path, tmp_path: Path
) -> None:
    path = tmp_path / "many.csv"
    write_reviews(path, ROWS)
    fast_alone(page)
    page.execute_script(WATCH)
    began = time.monotonic()
    page.execute_script(DROP, path.read_text("utf-8"), path.name)
    assert wait_for(page, "#count") == [f"리뷰 {ROWS:,}건"]
    assert time.monotonic() - began < SECONDS
    assert page.execute_script("return longest") < 1_000
    expected = predicted(invoke, sample_root, path, tmp_path / "scored.csv")
    assert downloaded(page, downloads) == expected
    assert expected.startswith(
        '\ufeff"id","document","\'=memo","predicted_label","confidence"\r\n'.encode()
    )
    assert len(page.find_elements(By.CSS_SELECTOR, "tbody tr")) == 50


LINES = '{"text": "재밌다", "n": 1.50, "more": ["가"]}\n{"text": 5}\n{"text": "별로", "n": true}\n'
BOOK = workbook(
    f'<row r="1">{inline("A1", "id")}{inline("B1", "리뷰")}</row>'
    f'<row r="2"><c r="A2"><v>5</v></c>{inline("B2", "재밌다")}</row>'
    f'<row r="3"><c r="A3"><v>0.25</v></c>{inline("B3", "=SUM(1)")}</row>'
)
OLD_EXCEL = "id,리뷰\n1,정말 재밌다\n2,지루하다\n".encode("cp949")


def test_other_kinds_of_files_are_answered_as_predict_does(
    page: webdriver.Chrome, downloads: Path, invoke: Invoke, sample_root: Path, tmp_path: Path
) -> None:
    pytest.importorskip("python_calamine")
    fast_alone(page)
    kinds = {
        "lines.jsonl": (LINES.encode(), ["--max-rejects", "1"]),
        "book.xlsx": (BOOK, []),
        "old.csv": (OLD_EXCEL, ["--encoding", "cp949"]),
    }
    for name, (content, options) in kinds.items():
        path = tmp_path / name
        path.write_bytes(content)
        choose(page, path)
        wait_until(lambda name=name: name in page.find_element(By.ID, "shown").text, 30)
        expected = predicted(invoke, sample_root, path, tmp_path / f"{name}.csv", *options)
        assert downloaded(page, downloads) == expected


def test_two_models_and_unsure_answers_have_columns_of_their_own(
    page: webdriver.Chrome, downloads: Path, tmp_path: Path
) -> None:
    path = tmp_path / "few.csv"
    path.write_text(
        "document,confidence\n정말 재밌게 잘봤습니다! 최고,1\n시간이 아깝다,2\n그냥 그래요,3\n",
        "utf-8",
    )
    choose(page, path)
    wait_for(page, "tbody tr", count=3)
    slider = page.find_element(By.ID, "threshold")
    slider.send_keys(*[Keys.ARROW_RIGHT] * 42)
    rows = list(csv.DictReader(io.StringIO(downloaded(page, downloads).decode("utf-8-sig"))))
    assert [row["confidence"] for row in rows] == ["1", "2", "3"]
    for row in rows:
        is_unsure = float(row["deep_confidence"]) < 0.92
        assert (row["deep_predicted_label"] == "unsure") == is_unsure
        assert row["deep_likelier_label"] in ("negative", "positive")
    assert len({row["fast_predicted_label"] for row in rows}) > 1


def test_a_column_that_is_not_clear_is_asked_for_and_a_picture_refused(
    page: webdriver.Chrome, tmp_path: Path
) -> None:
    path = tmp_path / "unclear.csv"
    path.write_text("가,나\n1,재밌다 정말\n2,별로다 진짜\n", "utf-8")
    choose(page, path)
    wait_for(page, "#column option", count=2)
    Select(page.find_element(By.ID, "column")).select_by_value("나")
    page.find_element(By.ID, "use-column").click()
    assert wait_for(page, "tbody .review", count=2) == ["재밌다 정말", "별로다 진짜"]
    path.write_bytes(b"\x89PNG")
    choose(page, path)
    assert "리뷰를 읽을 수 없습니다" in wait_for(page, "#problem")[0]


def test_what_was_cancelled_can_be_gone_on_with(page: webdriver.Chrome, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    write_reviews(path, 2_000)
    page.execute_script(
        "const watch = new MutationObserver(() => {"
        "  watch.disconnect(); document.getElementById('cancel').click(); });"
        "watch.observe(document.getElementById('done'), {childList: true})"
    )
    choose(page, path)
    wait_for(page, ".proceed")
    assert "분석하지 않은 리뷰가" in page.find_element(By.ID, "status").text
    page.find_element(By.CSS_SELECTOR, ".proceed").click()
    wait_until(lambda: "2,000건을" in page.find_element(By.ID, "status").text, 30)
