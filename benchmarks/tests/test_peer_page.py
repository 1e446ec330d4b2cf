"""docs/results/benchmarks.md is what the committed results say, and a page is written from results alone."""

import json

from benchmarks.peers.page import page
from pipelines.engines.spark_session import ROOT

RAN = {"when": "2026-01-01", "commit": "abc", "machine": "2 cores", "load": "idle", "python": "3.11", "java": "17"}


def test_a_page_shows_every_row_with_its_machine_and_says_what_was_not_run():
    rows = [
        {"who": "ours", "how": "defaults", "recall": 0.9, "seconds": 1234, "core_s": 2.5, "peak_mib": 3, "fault": None},
        {"who": "a peer", "how": "its | defaults", "fault": "OSError: no weights"},
    ]
    step = {"title": "Pictures", "about": "What.", "command": "run it", "columns": ["recall"], "sized": False, "machine": RAN}
    text = page({"steps": {"images": {**step, "rows": rows}}, "versions": {"peer": "1.2"}})
    assert "| who | how | recall | seconds | core seconds | peak MiB |" in text
    assert "| ours | defaults | 0.9 | 1,234 | 2.5 | 3 |" in text
    assert "| a peer | its / defaults – **not run**: OSError: no weights | - | - | - | - |" in text
    assert "commit abc; 2 cores" in text
    assert "peer 1.2" in text


def test_the_page_in_docs_is_that_of_the_committed_results():
    results = json.loads((ROOT / "benchmarks" / "results" / "peers.json").read_text())
    assert (ROOT / "docs" / "results" / "benchmarks.md").read_text() == page(results)
