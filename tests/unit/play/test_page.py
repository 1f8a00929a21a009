"""The server of `lamina play`, and its page in a real browser."""

from __future__ import annotations

import http.client
import re
import shutil
import threading
import time
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from lamina.core.errors import FailedPreconditionError
from lamina.play.server import Server

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
SPEED = 60_000  # milliseconds that the page has for one thing on a busy machine


@pytest.fixture(scope="module")
def server():
    server = Server()
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server
    server.close()
    thread.join()


def fetch(server, path, host=None):
    address = urlsplit(server.address)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    connection.request("GET", path, headers={"Host": host or address.netloc})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, dict(response.getheaders()), body


def test_files_are_served_and_allow_nothing_from_elsewhere(server):
    path = urlsplit(server.address).path
    files = {"": "html", "play.css": "css", "play.js": "javascript", "drawing.js": "javascript"}
    for name, kind in files.items():
        status, headers, body = fetch(server, path + name)
        assert status == 200 and headers["Content-Type"].startswith(f"text/{kind}")
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert not re.search(rb"https?://", body), "content from elsewhere"


def test_strangers_are_refused(server):
    address = urlsplit(server.address)
    assert address.hostname == "127.0.0.1" and len(address.path) > 20
    for path in (
        "/",
        "/play.js",
        "/wrong/",
        "/wrong/live",
        address.path + "../server.py",
        "/%C3%A9/",
    ):
        assert fetch(server, path)[0] == 404
    assert fetch(server, address.path, host="evil.example")[0] == 403
    live = server.address.replace("http", "ws", 1) + "live"
    for origin in (None, "http://evil.example"):
        with pytest.raises(InvalidStatus, match="403"):
            connect(live, origin=origin)
    with connect(live, origin=f"http://{address.netloc}") as connection:
        connection.send('{"do": "fly"}')
        assert "error" in connection.recv()


def test_a_port_in_use_is_told(server):
    with pytest.raises(FailedPreconditionError, match="--port"):
        Server(urlsplit(server.address).port)


@pytest.fixture(scope="module")
def browser():
    if BROWSER is None:
        pytest.skip("no Chromium is installed")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, server):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(SPEED)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console", lambda message: wrong.append(message.text) if message.type == "error" else None
    )
    page.goto(server.address)
    wait(page, lambda: "step 0" in page.text_content("#status"))
    yield page
    assert not wrong, wrong
    page.close()


def wait(page, condition):
    end = time.monotonic() + SPEED / 1000
    while not condition():
        assert time.monotonic() < end, page.text_content("#status") + page.text_content("#problem")
        page.wait_for_timeout(50)


def steps(page):
    found = re.findall(r"step ([\d,]+)", page.text_content("#status"))
    return [int(text.replace(",", "")) for text in found]


def picture(page, name):
    return page.locator(f"canvas.{name}").first.screenshot()


def test_training_pausing_stepping_and_going_back(page):
    before = picture(page, "output")
    page.click("#play")
    assert page.text_content("#play") == "Pause"
    wait(page, lambda: steps(page)[0] > 50)
    page.click("#play")
    wait(page, lambda: page.locator("canvas.landscape").get_attribute("aria-label"))
    page.wait_for_timeout(200)
    stopped = steps(page)[0]
    page.wait_for_timeout(300)
    assert steps(page)[0] == stopped and page.text_content("#play") == "Train"
    after = picture(page, "output")
    assert after != before
    page.select_option("#speed", "1")
    page.click("#step")
    wait(page, lambda: steps(page)[0] == stopped + 1)
    page.locator("#rewind").focus()
    page.keyboard.press("Home")  # the keyboard is enough
    wait(page, lambda: steps(page)[0] == 0)
    assert picture(page, "output") == before


def test_pressing_in_haste_and_seeking_while_it_trains(page):
    page.select_option("#speed", "1")
    page.evaluate(
        "() => { for (let n = 0; n < 5; n += 1) document.querySelector('#play').click() }"
    )
    wait(page, lambda: steps(page)[0] > 10)
    begin, before = time.monotonic(), steps(page)[0]
    page.wait_for_timeout(600)
    pictures = steps(page)[0] - before
    assert pictures <= 32 * (time.monotonic() - begin) + 2, "more than one loop trains"
    slide = "value => { rewind.value = value; rewind.dispatchEvent(new Event('input')) }"
    page.evaluate(slide, 3)
    page.wait_for_timeout(200)  # answers under way leave the slider alone
    assert page.input_value("#rewind") == "3" and page.text_content("#play") == "Train"
    page.evaluate("() => rewind.dispatchEvent(new Event('change'))")
    wait(page, lambda: steps(page)[0] == 3)


def test_a_server_that_ends_while_it_trains_is_told(browser):
    ending = Server()
    thread = threading.Thread(target=ending.run)
    thread.start()
    page = browser.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text))
    page.goto(ending.address)
    wait(page, lambda: "step 0" in page.text_content("#status"))
    page.click("#play")
    wait(page, lambda: steps(page)[0] > 20)
    ending.close()
    thread.join()
    wait(page, lambda: "server has ended" in page.text_content("#problem"))
    page.wait_for_timeout(200)
    assert page.text_content("#play") == "Train" and page.is_disabled("#play") and not wrong
    page.close()


def test_a_page_that_is_closed_in_the_midst_leaves_no_trace(server, caplog):
    address = urlsplit(server.address)
    live = server.address.replace("http", "ws", 1) + "live"
    with connect(live, origin=f"http://{address.netloc}") as connection:
        connection.send('{"do": "new", "run": 0, "settings": {"problem": "credit"}}')
        connection.send('{"do": "train", "steps": 2000}')
    end = time.monotonic() + 30
    while any("handler" in thread.name for thread in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.05)
    time.sleep(0.5)
    assert "failed" not in caplog.text


def test_two_runs_side_by_side(page):
    page.check("#compare")
    wait(page, lambda: len(steps(page)) == 2)
    page.select_option("#speed", "100")
    page.click("#step")
    wait(page, lambda: steps(page) == [100, 100])
    assert "A (adam, 0.01)" in page.text_content("#status")
    outputs = page.locator("canvas.output")
    assert outputs.nth(0).screenshot() != outputs.nth(1).screenshot()
    page.uncheck("#compare")
    wait(page, lambda: len(steps(page)) == 1)


def test_settings_change_the_run_and_mistakes_are_told(page):
    page.select_option("select[name=problem]", "credit")
    wait(page, lambda: "LIMIT_BAL" in page.text_content("figcaption"))
    page.fill("input[name=layers]", "5, 3")
    page.keyboard.press("Tab")
    wait(page, lambda: "4, 5, 3, 1" in page.locator("canvas.network").get_attribute("aria-label"))
    page.select_option("select[name=optimizer]", "rmsprop")
    wait(page, lambda: "RMSprop(0.01)" in page.text_content("code"))
    assert page.locator("input[name=rows]").is_hidden()
    page.fill("input[name=layers]", "5, many")
    page.keyboard.press("Tab")
    wait(page, lambda: "numbers of units" in page.text_content("#problem"))


def test_a_table_of_ones_own(page, tmp_path):
    rows = "".join(f"{n},{n * n % 17},{n % 2}\n" for n in range(40))
    (tmp_path / "own.csv").write_text("age,income,paid\n" + rows)
    page.select_option("select[name=problem]", "csv")
    page.set_input_files("input[name=file]", tmp_path / "own.csv")
    wait(page, lambda: "age across, income up" in page.text_content("figcaption"))
    (tmp_path / "large.csv").write_text("age,income,paid\n" + rows * 20_000)
    page.set_input_files("input[name=file]", tmp_path / "large.csv")
    wait(page, lambda: "at most 4 MiB" in page.text_content("#problem"))
    page.click("#step")
    wait(page, lambda: steps(page)[0] == 10)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_telephone(page, scheme):
    page.set_viewport_size({"width": 360, "height": 740})
    page.emulate_media(color_scheme=scheme)
    page.check("#compare")
    wait(page, lambda: len(steps(page)) == 2)
    for element in page.locator("button, select, input, canvas, figcaption, h1, h2").all():
        box = element.bounding_box()
        assert box is None or (box["x"] >= 0 and box["x"] + box["width"] <= 360), element
    labels = page.locator("input:visible, select:visible").evaluate_all(
        "all => all.map(one => one.labels.length)"
    )
    assert all(labels)
