"""jobs/report_pairs.py on the small sample, as a user runs it."""

import re
import subprocess
import sys

import pytest

from tests.support.browser import browser, needs_browser
from tests.support.workspaces import ROOT


def run(*arguments):
    command = [sys.executable, str(ROOT / "jobs/report_pairs.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def page(mined, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "page.html"
    done = run("--workspace", mined[0], "--output", path)
    assert done.returncode == 0, done.stderr
    return path, done


def test_it_prints_a_summary_and_the_next_step(page):
    path, done = page
    assert str(path) in done.stdout and "0 pictures left out" in done.stdout
    assert done.stdout.rstrip().endswith("jobs/judge_relevance.py --calibrate labels.csv")
    assert "pictures" in done.stderr  # progress
    assert path.stat().st_size < 20_000_000


def test_every_granularity_that_was_mined_is_shown(page):
    html = page[0].read_text(encoding="utf8")
    for name in ("near_duplicate_image", "crop", "partial_text", "co_click", "within_note"):
        assert f'data-part="{name}"' in html
    assert html.count("<mark>") >= 2 and 'class="box"' in html and "users in common" in html
    assert not re.search(r'data-user|user_id"', html)


@needs_browser
def test_a_browser_shows_every_picture(page):
    with browser() as driver:
        driver.get(page[0].as_uri())
        driver.execute_script("for (const image of document.images) image.loading = 'eager'")
        decoded = "return [...document.images].map(async (i) => (await i.decode(), i.naturalWidth > 0))"
        driver.set_script_timeout(60)
        every = driver.execute_async_script(
            f"Promise.all((() => {{ {decoded} }})()).then(arguments[0], () => arguments[0]([false]))"
        )
        assert len(every) > 50 and all(every)
        assert [line for line in driver.get_log("browser") if line["level"] != "INFO"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workspace", "/nowhere"], "no dataset 'positives' has been published"),
        (["--output", "page.pdf"], "expected a file that ends in .html"),
        (["--set", "sampled.draw=3"], "unknown ['draw']"),
        (["--set", "shown.side=5"], "greater than or equal to 32"),
    ],
)
def test_a_user_error_is_one_line(mined, arguments, message):
    done = run(*([] if "--workspace" in arguments else ["--workspace", mined[0]]), *arguments)
    assert done.returncode == 2 and message in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("error:")]) == 1 and "Traceback" not in done.stderr
