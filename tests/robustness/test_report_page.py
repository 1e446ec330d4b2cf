"""The page in a real browser: display, keys, labels and downloads."""

import json
import time
from itertools import pairwise

import pytest

from pipelines.inspect.report.flow import report
from pipelines.inspect.report.settings import ReportPairs
from pipelines.workspace.label_files import read_labels
from pipelines.workspace.workspace import Workspace
from tests.support.browser import browser, needs_browser
from tests.unit.pipelines.inspect.report.report_workspace import publish_sample

pytestmark = [needs_browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    publish_sample(folder / "w")
    path = folder / "report.html"
    path.write_text(report(Workspace(str(folder / "w")), ReportPairs(), lambda _: None).html, encoding="utf8")
    return path


@pytest.fixture(scope="module")
def desk(page, tmp_path_factory):
    downloads = tmp_path_factory.mktemp("downloads")
    with browser(downloads=downloads) as driver:
        driver.get(page.as_uri())
        yield driver, downloads


@pytest.fixture
def fresh(desk, page):
    driver, downloads = desk
    driver.execute_script("localStorage.clear()")
    driver.get(page.as_uri())
    return driver, downloads


def js(driver, script, *arguments):
    return driver.execute_script(script, *arguments)


def press(driver, *keys):
    from selenium.webdriver.common.action_chains import ActionChains

    for key in keys:
        ActionChains(driver).send_keys(key).perform()


def announcement(driver):
    return js(driver, "return document.getElementById('announcement').textContent")


def focused(driver):
    return js(driver, "return document.activeElement.id")


def test_no_note_injects_markup_and_there_are_no_network_requests(page, tmp_path):
    with browser() as driver:
        driver.get("about:blank")
        driver.get_log("performance")  # requests of the browser's own first page
        driver.get(page.as_uri())
        time.sleep(0.5)
        assert js(driver, "return window.broken") is None
        assert [line for line in driver.get_log("browser") if line["level"] != "INFO"] == []
        events = [json.loads(line["message"])["message"] for line in driver.get_log("performance")]
        urls = [a["params"]["request"]["url"] for a in events if a["method"] == "Network.requestWillBeSent"]
        assert [url for url in urls if not url.startswith(("data:image/webp", page.as_uri()))] == []
        assert js(driver, "return [...document.images].every((i) => i.loading === 'lazy' || i.complete)")
        js(driver, "fetch('https://elsewhere.example').catch(() => {}); const s = document.createElement('script');"
                   "s.textContent = 'window.broken = 9'; document.body.append(s)")  # fmt: skip
        time.sleep(0.2)
        assert js(driver, "return window.broken") is None
        errors = " ".join(line["message"] for line in driver.get_log("browser"))
        assert "Content Security Policy" in errors and "elsewhere.example" in errors


def test_keys_label_move_on_and_are_announced(fresh):
    driver, _ = fresh
    js(driver, "document.getElementById('begin').click()")
    first = focused(driver)
    press(driver, "a")
    assert announcement(driver) == "Accepted: relevant. 1 labelled."
    second = focused(driver)
    press(driver, "r")
    assert announcement(driver) == "Rejected: not relevant. 2 labelled."
    states = js(driver, "return arguments[0].map((id) => document.getElementById(id).dataset.label)", [first, second])
    assert states == ["1", "0"]
    press(driver, "k", "u")
    assert focused(driver) == second and announcement(driver) == "Label removed. 1 labelled."
    pressed = js(driver, "return [...document.querySelectorAll('#' + arguments[0] + ' [aria-pressed=true]')].length", first)
    assert pressed == 1
    press(driver, "k", "k")
    assert announcement(driver) == "This is the first card."
    assert js(driver, "return document.getElementById('announcement').getAttribute('aria-live')") == "polite"


def test_keys_mean_nothing_outside_a_card(fresh):
    driver, _ = fresh
    driver.get_log("browser")
    js(driver, "document.querySelector('[name=low]').focus()")
    press(driver, "a", "r")
    js(driver, "document.activeElement.blur()")
    press(driver, "a", "r")
    assert js(driver, "return document.querySelectorAll('.card[data-label]').length") == 0
    assert driver.get_log("browser") == []


def test_one_pair_in_two_sections_has_one_label(fresh):
    driver, _ = fresh
    twice = js(driver, """
        const seen = new Map();
        for (const card of document.querySelectorAll('.card')) {
          const key = card.dataset.query + ' ' + card.dataset.candidate;
          if (seen.has(key)) return [seen.get(key), card.id];
          seen.set(key, card.id);
        }""")  # fmt: skip
    js(driver, "document.querySelector('#' + arguments[0] + ' .yes').click()", twice[0])
    assert js(driver, "return document.getElementById(arguments[0]).dataset.label", twice[1]) == "1"
    js(driver, "document.querySelector('#' + arguments[0] + ' .yes').click()", twice[1])
    assert js(driver, "return document.querySelectorAll('.card[data-label]').length") == 0


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_labels_stay_and_are_downloaded_as_calibration_reads_them(fresh, page, kind):
    driver, downloads = fresh
    js(driver, "document.getElementById('begin').click()")
    press(driver, "a", "r", "a")
    driver.get(page.as_uri())
    count = js(driver, "return document.getElementById('count').textContent")
    assert count == "2 relevant, 1 not"
    labels = js(
        driver,
        """return [...document.querySelectorAll('.card[data-label]')].map((c) =>
        ({query_id: c.dataset.query, candidate_id: c.dataset.candidate, relevant: c.dataset.label === '1'}))""",
    )
    js(driver, "document.getElementById(arguments[0]).click()", kind)
    file = downloads / f"labels.{kind}"
    for _ in range(50):
        if file.exists():
            break
        time.sleep(0.1)
    downloaded = read_labels(str(file)).to_pylist()
    key = lambda row: (row["query_id"], row["candidate_id"])  # noqa: E731
    assert downloaded == sorted({key(r): r for r in labels}.values(), key=key) and len(downloaded) == 3
    file.unlink()
    js(driver, "window.confirm = () => true; document.getElementById('delete').click()")
    driver.get(page.as_uri())
    assert js(driver, "return document.getElementById('count').textContent") == "No labels yet"


@pytest.mark.parametrize(
    ("criteria", "fits"),
    [
        ({"part": "crop"}, lambda c: c["part"] == "crop"),
        ({"part": "negatives"}, lambda c: c["part"] == "negatives"),
        ({"task": "note_to_note"}, lambda c: c["task"] == "note_to_note"),
        ({"low": "0.4", "high": "0.6"}, lambda c: c["score"] != "" and 0.4 <= float(c["score"]) <= 0.6),
        ({"part": "crop", "low": "0.99"}, lambda c: False),
        ({"label": "none"}, lambda c: True),
        ({"label": "1"}, lambda c: False),
    ],
)
def test_the_filter_shows_matching_cards(fresh, criteria, fits):
    driver, _ = fresh
    for name, value in criteria.items():
        js(driver, """const field = document.querySelector(`#filter [name=${arguments[0]}]`); field.value = arguments[1];
                      field.dispatchEvent(new Event('input', {bubbles: true}))""", name, value)  # fmt: skip
    cards = js(driver, "return [...document.querySelectorAll('.card')].map((c) => [{...c.dataset}, c.checkVisibility()])")
    assert [visible for _, visible in cards] == [fits(card) for card, _ in cards]
    count = sum(visible for _, visible in cards)
    assert js(driver, "return document.getElementById('matches').textContent") == f"{count} of {len(cards)} cards"
    empty = "return [...document.querySelectorAll('.group')].some((g) => g.checkVisibility() && !g.querySelector('.card:not([hidden])'))"
    assert not js(driver, empty)
    js(driver, "document.querySelector('#filter [type=reset]').click()")
    time.sleep(0.1)
    assert js(driver, "return document.querySelectorAll('.card[hidden]').length") == 0


def test_the_keyboard_reaches_the_content_first_and_then_everything_in_order(fresh):
    from selenium.webdriver.common.keys import Keys

    driver, _ = fresh
    press(driver, Keys.TAB)
    assert js(driver, "return document.activeElement.className") == "skip"
    press(driver, Keys.ENTER)
    assert focused(driver) == "main"
    order = []
    for _ in range(60):
        press(driver, Keys.TAB)
        order.append(
            js(driver, "const e = document.activeElement; return [e.tagName, e.getBoundingClientRect().top + scrollY]")
        )
    flow = [top for tag, top in order if tag in ("A", "BUTTON", "SUMMARY")]
    assert all(later >= earlier - 400 for earlier, later in pairwise(flow))  # two cards may be side by side
    assert {"SELECT", "INPUT", "BUTTON", "SUMMARY"} <= {tag for tag, _ in order}


def test_every_control_and_picture_has_a_name_for_a_screen_reader(fresh):
    driver, _ = fresh
    nodes = driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    roles = [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in nodes if not n.get("ignored") and "role" in n]
    nameless = [
        role for role, name in roles if role in ("button", "combobox", "spinbutton", "link", "img", "image") and not name
    ]
    assert nameless == []
    landmarks = {role for role, _ in roles}
    assert {"banner", "main", "navigation", "complementary", "status"} <= landmarks
    assert any(role == "article" and name.startswith("Crops, image to image, 1 of") for role, name in roles)


@pytest.mark.parametrize(("width", "dark"), [(390, False), (360, True)])
def test_it_fits_a_phone_and_its_buttons_a_thumb(page, width, dark):
    with browser(width, 844, dark=dark) as driver:
        driver.get(page.as_uri())
        assert js(driver, "return document.documentElement.scrollWidth") == width
        wide = js(
            driver,
            """return [...document.querySelectorAll('.card, .card *')].filter((e) => e.checkVisibility()
            && e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.className || e.tagName)""",
        )
        assert wide == []
        heights = js(driver, "return [...document.querySelectorAll('.answers button')].map((b) => b.offsetHeight)")
        assert min(heights) >= 44
        ground = js(driver, "return getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(18, 19, 21)") == dark


def test_the_box_is_on_its_region_of_the_picture(fresh):
    driver, _ = fresh
    boxes = js(
        driver,
        """
        const box = document.querySelector('.box'), picture = box.parentElement.querySelector('img');
        const of = (e) => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; };
        picture.scrollIntoView(); return [of(picture), of(box.querySelector('rect:not(.halo)'))];""",
    )
    (left, top, width, height), drawn = boxes
    assert drawn == pytest.approx([left + 0.25 * width, top + 0.125 * height, 0.5 * width, 0.375 * height], abs=1.5)


def test_without_its_script_it_is_still_a_page(page, tmp_path):
    bare = tmp_path / "bare.html"
    html = page.read_text(encoding="utf8")
    bare.write_text(html[: html.index("<script>")] + html[html.index("</script>") :].removeprefix("</script>"), encoding="utf8")
    with browser() as driver:
        driver.get(bare.as_uri())
        assert js(driver, "return document.querySelectorAll('.card').length") > 50
        assert not js(
            driver, "return [...document.querySelectorAll('.answers, .filter, .labels')].some((e) => e.checkVisibility())"
        )
