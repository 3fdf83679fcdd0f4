"""What a sales manager does, in a real Chromium: from the heatmap to the sentence to the sound of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.conftest import resize
from tests.browser.site import CUSTOMERS, Site

pytestmark = pytest.mark.browser

SEVERE = ("SEVERE", "ERROR")


def sign_in(browser: Chrome, site: Site, key: str = "admin", path: str = "/") -> None:
    browser.get(f"{site.url}{path}")
    browser.find_element(By.ID, "key").send_keys(site.keys.get(key, key), Keys.ENTER)
    until(browser, lambda: "/login" not in browser.current_url)


def until(browser: Chrome, condition: Callable[[], Any], seconds: float = 20) -> Any:
    return WebDriverWait(browser, seconds, poll_frequency=0.05).until(lambda _: condition())


def one(browser: Chrome, selector: str) -> Any:
    return browser.find_element(By.CSS_SELECTOR, selector)


def click(browser: Chrome, element: Any) -> None:
    """As a person would: scrolled to the middle first, where nothing sticky lies over it."""
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
    element.click()


def sound(browser: Chrome, selector: str) -> dict[str, Any]:
    script = (
        "const a = document.querySelector(arguments[0]);"
        "return {now: a.currentTime, paused: a.paused, muted: a.muted, volume: a.volume, ready: a.readyState,"
        " duration: a.duration, error: a.error && a.error.message, heard: a.webkitAudioDecodedByteCount}"
    )
    found: dict[str, Any] = browser.execute_script(script, selector)
    return found


def screenshot(browser: Chrome, folder: Path, name: str) -> None:
    """Kept in the test's own folder, for a person who wants to look."""
    assert browser.save_screenshot(str(folder / f"{name}.png"))


def complaints(browser: Chrome) -> list[str]:
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] in SEVERE]


def test_from_the_heatmap_to_the_sound_of_a_sentence(visitor: Chrome, site: Site, tmp_path: Path) -> None:
    sign_in(visitor, site)
    assert "客户关注焦点热力图" in one(visitor, "h1").text
    screenshot(visitor, tmp_path, "heatmap")
    cell = next(
        link
        for link in visitor.find_elements(By.CSS_SELECTOR, ".heat td a")
        if link.get_attribute("aria-label").startswith(f"{CUSTOMERS[1].name}，价格折扣")
    )
    counted = int(cell.get_attribute("aria-label").split("通中有 ")[1].split(" 通")[0])
    cell.click()
    until(visitor, lambda: "/mentions" in visitor.current_url)
    cards = visitor.find_elements(By.CSS_SELECTOR, ".mention")
    calls = {c.find_element(By.CSS_SELECTOR, "[data-play]").get_attribute("data-play") for c in cards}
    assert len(calls) == counted > 0  # the cell and its list agree
    assert all(CUSTOMERS[1].name in card.text for card in cards)
    marked = cards[0].find_element(By.CSS_SELECTOR, "mark")
    assert marked.text
    assert marked.text in cards[0].find_element(By.TAG_NAME, "q").text
    play = cards[0].find_element(By.CSS_SELECTOR, "[data-play]")
    start, end = float(play.get_attribute("data-start")), float(play.get_attribute("data-end"))
    play.click()
    until(visitor, lambda: sound(visitor, "#snippet")["now"] > start)
    state = sound(visitor, "#snippet")
    assert not state["paused"]
    assert not state["muted"]
    assert state["volume"] == 1
    assert state["ready"] >= 3
    assert state["error"] is None
    assert state["heard"] > 0
    assert start - 2 < state["now"] < end + 2
    until(visitor, lambda: sound(visitor, "#snippet")["paused"])  # stops by itself after the sentence
    assert sound(visitor, "#snippet")["now"] < end + 3
    screenshot(visitor, tmp_path, "mentions")
    assert complaints(visitor) == []


def test_call_page_plays_from_the_sentence_and_marks_it(visitor: Chrome, site: Site, tmp_path: Path) -> None:
    sign_in(visitor, site, path=f"/calls/{site.calls[0]}#t=41.5")
    line = until(visitor, lambda: one(visitor, ".chat li[aria-current]"))  # the link's second survived signing in
    assert "预算审批今年已经过了" in line.text
    assert sound(visitor, "#audio")["now"] == pytest.approx(41.5, abs=0.5)
    marks = {m.text: m for m in line.find_elements(By.CSS_SELECTOR, "mark")}
    assert any("预算" in text for text in marks)
    assert "预算审批" in next(m for t, m in marks.items() if "预算" in t).get_attribute("data-tip")
    other = one(visitor, "#s2")
    start = float(other.get_attribute("data-start"))
    click(visitor, other.find_element(By.CSS_SELECTOR, ".at"))
    until(visitor, lambda: sound(visitor, "#audio")["now"] > start and not sound(visitor, "#audio")["paused"])
    assert other.get_attribute("aria-current") == "true"
    assert line.get_attribute("aria-current") is None
    state = sound(visitor, "#audio")
    assert not state["muted"]
    assert state["now"] < start + 10
    until(visitor, lambda: one(visitor, ".chat li[aria-current]").get_attribute("id") != "s2")  # follows the sound
    screenshot(visitor, tmp_path, "call")
    assert complaints(visitor) == []


def test_call_page_shows_reasons_negation_and_doubt(visitor: Chrome, site: Site) -> None:
    sign_in(visitor, site, path=f"/calls/{site.calls[0]}")
    negated = one(visitor, "mark.negated")
    assert "line-through" in negated.value_of_css_property("text-decoration")
    doubtful = one(visitor, "li.suspect")
    assert "存疑" in doubtful.text
    assert doubtful.find_elements(By.TAG_NAME, "mark") == []
    total = int(one(visitor, ".big").text)
    points = [int(p.text.split("/")[0]) for p in visitor.find_elements(By.CSS_SELECTOR, ".components .points")]
    assert points
    assert total <= sum(points)
    evidence = one(visitor, ".components .evidence a")
    second = float(evidence.get_attribute("href").split("#t=")[1])
    click(visitor, evidence)
    until(visitor, lambda: sound(visitor, "#audio")["now"] >= second)


def test_pages_fit_a_phone_and_have_no_boxes_for_chinese(visitor: Chrome, site: Site, tmp_path: Path) -> None:
    sign_in(visitor, site)
    resize(visitor, 390, 844)
    for path in ("/", "/calls", f"/calls/{site.calls[0]}", "/mentions?topic=pricing_discount", "/?lang=en"):
        visitor.get(f"{site.url}{path}")
        assert visitor.execute_script("return document.documentElement.scrollWidth") <= 390, path
        screenshot(visitor, tmp_path, f"phone-{len(path)}")
    visitor.get(f"{site.url}/calls/{site.calls[0]}")
    for mark in visitor.find_elements(By.TAG_NAME, "mark"):  # an explanation stays on the screen too
        ActionChains(visitor).scroll_to_element(mark).move_to_element(mark).perform()
        assert visitor.execute_script("return document.documentElement.scrollWidth") <= 390
    loaded = visitor.execute_script("return document.fonts.check('16px \"Noto Sans SC Subset\"', '客')")
    assert loaded
    assert complaints(visitor) == []


def test_keyboard_reaches_a_cell(visitor: Chrome, site: Site) -> None:
    sign_in(visitor, site)
    body = one(visitor, "body")
    for _ in range(60):
        body.send_keys(Keys.TAB)
        active = visitor.switch_to.active_element
        if active.get_attribute("href") and "/mentions?" in active.get_attribute("href"):
            break
    else:
        pytest.fail("no cell is reached with the Tab key")
    active.send_keys(Keys.ENTER)
    until(visitor, lambda: "/mentions" in visitor.current_url)


def test_choosing_a_filter_is_enough(visitor: Chrome, site: Site) -> None:
    sign_in(visitor, site)
    one(visitor, "select[name=row] option[value=salesperson]").click()
    until(visitor, lambda: "row=salesperson" in visitor.current_url)
    assert "王芳" in one(visitor, ".heat").text


def test_wrong_key_is_told_plainly(visitor: Chrome, site: Site) -> None:
    visitor.get(f"{site.url}/login")
    one(visitor, "#key").send_keys("sk_wrong", Keys.ENTER)
    assert "密钥无效" in until(visitor, lambda: one(visitor, ".alert")).text


def test_reading_works_without_scripts(visitor: Chrome, site: Site) -> None:
    sign_in(visitor, site)
    visitor.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        visitor.get(f"{site.url}/mentions?topic=pricing_discount")
        link = one(visitor, ".play").get_attribute("href")
        assert "#t=" in link
        visitor.get(link)
        assert "预算审批今年已经过了" in one(visitor, ".chat").text
        assert one(visitor, "audio").get_attribute("controls")
    finally:
        visitor.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_link_from_another_site_opens_for_someone_signed_in(visitor: Chrome, site: Site, tmp_path: Path) -> None:
    """The CRM's links come from elsewhere: the strict cookie is held back at first; nobody must sign in again."""
    sign_in(visitor, site)
    elsewhere = tmp_path / "crm.html"
    elsewhere.write_text(f'<a id="x" href="{site.url}/calls/{site.calls[0]}#t=41.5">call</a>', "utf-8")
    visitor.get(elsewhere.as_uri())
    one(visitor, "#x").click()
    until(visitor, lambda: visitor.find_elements(By.CSS_SELECTOR, ".chat"))
    assert visitor.current_url.endswith("#t=41.5")


def test_list_updates_while_calls_are_worked_on(visitor: Chrome, site: Site) -> None:
    from speechsvc.domain.call import CallStatus

    sign_in(visitor, site, path="/calls")
    assert "排队中" in one(visitor, ".calls").text
    tenant = site.application.settings.tenant
    with site.application.core.db.tenant(tenant) as uow:
        call = uow.calls.find("waiting")
        assert call is not None
        uow.calls.update(call.id, status=CallStatus.TRANSCRIBING, progress=0.4)
        uow.commit()
    try:
        until(visitor, lambda: "转写中" in one(visitor, "#list").text)
        assert one(visitor, ".calls progress").get_attribute("value") == "0.4"
    finally:
        with site.application.core.db.tenant(tenant) as uow:
            uow.calls.update(call.id, status=CallStatus.QUEUED, progress=0.0)
            uow.commit()
