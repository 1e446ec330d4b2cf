"""Links between pages, and the pages that the code cites, exist; what people write stays within 40,000 words."""

import re
import subprocess

import pytest

from tests.support.doc_pages import PAGES, REFERENCE
from tests.support.workspaces import ROOT

LINK = re.compile(r"\]\(([^)\s]+)\)")
WITHOUT_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
CITED = re.compile(r"(?<![\w./-])(?:docs|dev)/[\w./-]+\.(?:md|jpg|svg)\b")
MADE = re.compile(r"<!-- made by .*?<!-- end -->", re.DOTALL)
"""The part of a page that a program writes."""
SETTINGS = sorted((REFERENCE / "settings").glob("*.md"))


def anchors(page):
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [*PAGES, *SETTINGS], ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_pages_and_headings_that_exist(page):
    for link in LINK.findall(WITHOUT_CODE.sub("", page.read_text(encoding="utf8"))):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def tracked(*patterns):
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines() if (ROOT / name).is_file()]


def test_pages_that_the_code_cites_exist():
    for file in tracked("*.py", "*.toml", "*.sh", "*.sql", "*.html", "Makefile", "*.md"):
        for cited in CITED.findall(file.read_text(encoding="utf8")):
            assert (ROOT / cited).exists(), f"{file.relative_to(ROOT)}: {cited}"


def test_sections_of_the_method_that_the_code_cites_exist():
    method = (ROOT / "docs/explanation/method.md").read_text(encoding="utf8")
    sections = set(re.findall(r"^## (\d+)\.", method, re.MULTILINE))
    for file in tracked("*.py", "*.toml"):
        for section in re.findall(r"method\.md,? section (\d+)", file.read_text(encoding="utf8")):
            assert section in sections, f"{file.relative_to(ROOT)}: section {section}"


def test_what_people_write_has_at_most_40000_words():
    generated = {REFERENCE / "tables.md", REFERENCE / "cli.md", ROOT / "docs" / "results" / "benchmarks.md"}
    pages = [page for page in PAGES if page not in generated] + [ROOT / "dev" / "log.md"]
    assert sum(len(MADE.sub("", page.read_text(encoding="utf8")).split()) for page in pages) <= 40_000
