"""The page at `/` in a real browser: one review, many, files; by keyboard, on a phone."""

from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from pipeline.handlers.base import Handler
from tests.support.browser import needs_chromium, phone, wait_for
from tests.support.served import served
from tests.support.stand_in import CONTRARY
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.slow, needs_chromium]

KEY = "a key of this server"
KOREAN = {"positive": "긍정", "negative": "부정"}


def write(page: webdriver.Chrome, text: str) -> None:
    """Put a text into the box, as pasting does, and send it by the keyboard."""
    box = page.find_element(By.ID, "text")
    page.execute_script(
        "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))",
        box,
        text,
    )
    box.send_keys(Keys.CONTROL, Keys.ENTER)


def press(page: webdriver.Chrome, *keys: str) -> str:
    """Press keys wherever the focus is; the text of what has it then."""
    ActionChains(page).send_keys(*keys).perform()
    return page.switch_to.active_element.text


def texts(page: webdriver.Chrome, selector: str) -> list[str]:
    return [found.text for found in page.find_elements(By.CSS_SELECTOR, selector)]


def test_both_answers_by_keyboard_alone(page: webdriver.Chrome, handler: Handler) -> None:
    text = f"{CONTRARY} <b>최고</b>"
    assert page.switch_to.active_element.get_attribute("id") == "text"
    page.switch_to.active_element.send_keys(text, Keys.CONTROL, Keys.ENTER)
    fast, deep = wait_for(page, "article", count=2)
    (answer,) = handler.handle([text])
    assert f"{answer.confidence * 100:.1f}%" in fast
    assert KOREAN[answer.label] in fast
    assert KOREAN[answer.label] not in deep
    assert wait_for(page, ".agreement.differs") == ["두 모델의 판단이 다릅니다."]
    assert "신뢰도" in (page.find_element(By.ID, "status").get_attribute("textContent") or "")
    words = wait_for(page, ".word", count=len(text.split()))
    focused = ""
    for _ in range(30):
        focused = focused if focused == words[0] else press(page, Keys.TAB)
    assert focused == words[0]
    assert wait_for(page, ".value")[0].startswith(f"{words[0]}: ")
    assert texts(page, ".shares") == [text]


def test_many_reviews_are_sorted_and_filtered_by_keyboard(page: webdriver.Chrome) -> None:
    write(page, f"정말 재밌다 최고\n<img src=x onerror=alert(1)>\n{CONTRARY}\n\n시간이 아깝다")
    wait_for(page, "tbody tr", count=4)
    assert not page.find_elements(By.CSS_SELECTOR, "#shown img")
    confidence = page.find_elements(By.CSS_SELECTOR, "th button")[3]
    confidence.send_keys(Keys.ENTER)
    heading = page.find_elements(By.CSS_SELECTOR, "th")[3]
    assert heading.get_attribute("aria-sort") == "descending"
    assert page.switch_to.active_element.text == confidence_of(heading)
    shares = [float(text[:-1]) for text in texts(page, "td.confidence:nth-child(4) b")]
    assert shares == sorted(shares, reverse=True)
    page.find_element(By.CSS_SELECTOR, ".filter.disagreement").send_keys(Keys.SPACE)
    assert wait_for(page, "tbody .review") == [CONTRARY]
    assert page.find_element(By.CSS_SELECTOR, ".filter.disagreement .count").text == "1"
    page.find_element(By.CSS_SELECTOR, "tbody .review").send_keys(Keys.ENTER)
    wait_for(page, "tbody .word", count=len(CONTRARY.split()))


def confidence_of(heading: webdriver.remote.webelement.WebElement) -> str:
    return heading.find_element(By.TAG_NAME, "button").text


def test_a_touch_tells_what_a_word_counted_and_earlier_results_are_kept(
    page: webdriver.Chrome,
) -> None:
    write(page, "정말 재밌다")
    wait_for(page, "article", count=2)
    write(page, "연기는 좋은데 내용이 지루하다")
    wait_for(page, ".word", count=4)
    page.find_elements(By.CSS_SELECTOR, ".word")[3].click()
    assert "쪽으로" in wait_for(page, ".value")[0]
    wait_for(page, "#history button", count=2)
    page.find_elements(By.CSS_SELECTOR, "#history button")[1].click()
    assert wait_for(page, "blockquote") == ["정말 재밌다"]


def test_english_is_remembered_and_fits_a_phone(page: webdriver.Chrome) -> None:
    phone(page)
    page.find_element(By.ID, "language").click()
    page.refresh()
    assert wait_for(page, "h1") == ["Movie review sentiment"]
    wait_for(page, "fieldset label:has(:checked)")
    page.execute_script("scrollTo(0, 0)")
    page.find_element(By.CSS_SELECTOR, "#examples button").click()
    assert "Positive" in wait_for(page, "article", count=2)[0]
    top = "return document.querySelector('#results').getBoundingClientRect().top"
    wait_until(lambda: 0 <= page.execute_script(top) < 200, 10)  # it scrolls
    assert page.execute_script("return document.documentElement.scrollWidth") <= 390


def test_it_works_where_storage_is_denied(page: webdriver.Chrome) -> None:
    denied = "Object.defineProperty(window, 'localStorage', {get() {throw new Error('denied')}})"
    page.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": denied})
    page.refresh()
    assert wait_for(page, "h1") == ["영화 리뷰 감성 분류"]
    wait_for(page, "#examples button", count=4)
    page.find_element(By.ID, "language").click()
    assert wait_for(page, "h1") == ["Movie review sentiment"]


def test_what_cannot_be_asked_is_said_in_the_pages_language(page: webdriver.Chrome) -> None:
    write(page, " \n ")
    assert "공백만" in wait_for(page, "#problem")[0]
    write(page, "가" * 2001)
    assert "2,001자" in wait_for(page, "#problem")[0]
    write(page, "😀" * 2000)  # code points, not units of UTF-16
    wait_for(page, "article", count=2)
    assert not page.find_element(By.ID, "problem").text


def test_a_key_that_is_asked_for(
    sample_root: Path, browser: webdriver.Chrome, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    keys.touch(0o600)
    keys.write_text(KEY)
    with served(sample_root, "--api-key-file", str(keys)) as guarded:
        browser.get(guarded.url)
        wait_for(browser, "#examples button", count=4)
        for key, problem in (
            ("", "API 키가 필요합니다"),
            ("열쇠", "올바르지 않습니다"),
            ("x", "올바르지 않습니다"),
        ):
            browser.execute_script("document.getElementById('key').value = arguments[0]", key)
            write(browser, "재밌다")
            assert problem in wait_for(browser, "#problem")[0]
        assert browser.switch_to.active_element.get_attribute("id") == "key"
        browser.execute_script("document.getElementById('key').value = arguments[0]", KEY)
        write(browser, "재밌다")
        wait_for(browser, "article")
