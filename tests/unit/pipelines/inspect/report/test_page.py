"""The page as a file: text of notes never becomes markup, there are no network requests, and equal inputs give equal bytes."""

import base64
import hashlib
import re
import shutil
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import fsspec
import pytest

from pipelines.inspect.report.flow import report
from pipelines.inspect.report.page import HERE
from pipelines.inspect.report.settings import CardStyle, ReportPairs, SampleSizes
from pipelines.workspace.workspace import Workspace
from schemas.errors import DataError
from tests.unit.pipelines.inspect.report.report_workspace import HOSTILE, SHARED, publish_sample

pytestmark = pytest.mark.slow

VOID = {"meta", "img", "input", "link", "br", "hr"}


class ParsedPage(HTMLParser):
    """Tags with their attributes, the text, and end tags that do not match."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.text, self.mismatched = [], [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.mismatched.append(tag)

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text.append(data)

    def of(self, *names):
        return [attrs for tag, attrs in self.tags if tag in names]


@pytest.fixture(scope="module")
def parsed(page):
    return ParsedPage(page.html)


def test_text_of_notes_is_never_markup(parsed):
    assert parsed.mismatched == [] and parsed.open == []
    assert len(parsed.of("script")) == 1 and len(parsed.of("style")) == 1 and len(parsed.of("title")) == 1
    assert parsed.of("iframe", "object", "embed", "link", "base", "textarea") == []
    handlers = [name for _, attrs in parsed.tags for name in attrs if name.startswith("on")]
    assert handlers == []
    text = "".join(parsed.text)
    for markup in HOSTILE:
        assert markup.replace("\x00", "\ufffd").replace("\x07", "\ufffd") in text
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", text)


def test_there_are_no_network_requests(page, parsed):
    for attrs in (a for _, a in parsed.tags):
        for name in ("src", "href", "action", "srcset", "poster", "data", "style"):
            if name in attrs:
                assert attrs[name].startswith(("data:image/webp;base64,", "#")), (name, attrs[name][:60])
    assert "url(" not in page.html and "@import" not in page.html


def test_the_policy_allows_only_this_script_and_this_style(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page.html).group(1).replace("&#39;", "'")
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert parts["default-src"] == parts["base-uri"] == parts["form-action"] == "'none'"
    assert parts["img-src"] == "data:" and "unsafe" not in policy and "*" not in policy
    for tag in ("script", "style"):
        content = re.search(f"<{tag}>(.*?)</{tag}>", page.html, re.S).group(1)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert parts[f"{tag}-src"] == f"'sha256-{digest}'"
    assert page.html.index("Content-Security-Policy") < page.html.index("<style>")


def test_every_picture_has_a_text_and_headings_are_nested(parsed):
    assert all(attrs["alt"].startswith("Picture") for attrs in parsed.of("img"))
    assert all("aria-label" in attrs or attrs.get("aria-hidden") == "true" for attrs in parsed.of("svg"))
    levels = [int(tag[1]) for tag, _ in parsed.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    ids = Counter(attrs["id"] for _, attrs in parsed.tags if "id" in attrs)
    assert max(ids.values()) == 1
    named = {name for _, attrs in parsed.tags for name in attrs.get("aria-labelledby", "").split()}
    linked = {attrs["href"][1:] for attrs in parsed.of("a") if attrs.get("href", "").startswith("#")}
    assert (named | linked) <= set(ids)
    assert [len(parsed.of(tag)) for tag in ("main", "nav", "aside")] == [1, 1, 1]


def test_the_shared_passage_is_marked_in_both_texts(page):
    part = page.html[page.html.index('id="partial_text-text_to_text-1"') :]
    first = part[: part.index("</article>")]
    assert first.count(f"<mark>{SHARED}</mark>") == 2


def test_the_box_is_drawn_at_the_region_of_the_evidence(page, parsed):
    boxes = [a for a in parsed.of("rect") if "class" not in a and a.get("height") == "0.375"]
    assert boxes and all((a["x"], a["y"], a["width"]) == ("0.25", "0.125", "0.5") for a in boxes)
    assert "19% of the picture" in page.html


def test_the_same_workspace_and_seed_give_the_same_bytes(sample, page, tmp_path):
    settings = ReportPairs()
    moved = shutil.copytree(sample[0], tmp_path / "elsewhere" / "w")
    again = report(Workspace(str(moved)), settings, lambda _: None)
    assert again.html == page.html
    other = report(Workspace(str(moved)), replace(settings, seed=1), lambda _: None)
    assert other.html != page.html


def test_a_workspace_on_another_file_system_gives_the_same_page(sample, page):
    memory = fsspec.filesystem("memory")
    memory.put(f"{sample[0]}/", "/report/w", recursive=True)
    assert report(Workspace("memory://report/w"), ReportPairs(), lambda _: None).html == page.html


def test_the_page_of_a_workspace_that_was_only_mined_omits_negatives_and_judge(tmp_path):
    publish_sample(tmp_path, with_negatives=False, with_judge=False)
    bare = report(Workspace(str(tmp_path)), ReportPairs(), lambda _: None)
    parsed = ParsedPage(bare.html)
    ids = {attrs["id"] for _, attrs in parsed.tags if "id" in attrs}
    assert {"pairs", "components", "rejected"} <= ids and not {"negatives", "judge"} & ids
    assert parsed.mismatched == []


def test_a_page_fits_its_limit_or_fails_with_a_message(sample):
    workspace, small = Workspace(str(sample[0])), ReportPairs(shown=CardStyle(max_megabytes=0.4))
    small_page = report(workspace, small, lambda _: None)
    assert len(small_page.html.encode()) <= 0.4e6
    assert "left out: the page is full" in small_page.html
    with pytest.raises(DataError, match=r"shown.max_megabytes \(0.01\); show fewer"):
        report(workspace, ReportPairs(shown=CardStyle(max_megabytes=0.01)), lambda _: None)
    none = SampleSizes(borderline=0, drawn=0, negatives=0, components=0, judged=0, refused=0)
    assert report(workspace, ReportPairs(sampled=none), lambda _: None).cards == 0


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no dataset 'positives'"):
        report(Workspace(str(tmp_path)), ReportPairs(), lambda _: None)


def luminance(colour):
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_meets_wcag(scheme):
    """WCAG AA requires 4.5 for text, and 3 for borders of controls and for charts."""
    light, dark = re.findall(r":root \{(.*?)\}", (HERE / "report.css").read_text(encoding="utf8"), re.S)
    colour = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light if scheme == "light" else light + dark))

    def ratio(one, other):
        high, low = sorted((luminance(colour[one]), luminance(colour[other])), reverse=True)
        return (high + 0.05) / (low + 0.05)

    texts = [(ink, ground) for ink in ("ink", "soft", "accent") for ground in ("page", "card", "wash")]
    texts += [("ink", "mark"), ("on-accent", "accent"), ("yes", "yes-wash"), ("no", "no-wash")]
    assert {pair: ratio(*pair) for pair in texts if ratio(*pair) < 4.5} == {}
    shapes = [("soft", "card"), ("soft", "page"), ("accent", "page"), ("yes", "card"), ("no", "card")]
    assert {pair: ratio(*pair) for pair in shapes if ratio(*pair) < 3} == {}


def test_script_and_style_contain_no_end_tags():
    for name in ("report.js", "report.css"):
        text = (HERE / name).read_text(encoding="utf8")
        assert "</" not in text and "<!--" not in text


def test_reliability_uses_the_labels_of_people(sample, tmp_path):
    folder, rows = sample
    labelled = rows["judgements"][:12]
    lines = [f"{r['query_id']},{r['candidate_id']},{k % 2}" for k, r in enumerate(labelled)]
    (tmp_path / "labels.csv").write_text("\n".join(["query_id,candidate_id,relevant", *lines]), encoding="utf8")
    settings = ReportPairs(labels=str(tmp_path / "labels.csv"))
    html = report(Workspace(str(folder)), settings, lambda _: None).html
    part = html[html.index('<div class="reliability">') :]
    counts = [int(n) for n in re.findall(r'<td class="number">(\d+)</td></tr>', part[: part.index("</table>")])]
    assert "On the pairs labelled by people" in html and sum(counts) == 12
