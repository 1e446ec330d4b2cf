"""Applies the diffs of a how-to page to a copy of the repository."""

import re
import shutil

from tests.support.workspaces import ROOT

DIFF = re.compile(r"^```diff\n--- (\S+)\n\+\+\+ b/(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_COPIED = shutil.ignore_patterns(".git", ".venv*", ".java", ".build", ".tmp", "out", "__pycache__", ".*_cache", "shared")


def copy_of_the_tree(folder):
    """The repository's files; the installed packages are linked."""
    shutil.copytree(ROOT, folder, ignore=NOT_COPIED, symlinks=True)
    for name in (".venv", ".java"):
        if (ROOT / name).exists():
            (folder / name).symlink_to((ROOT / name).resolve())
    return folder


def apply_page(page, tree):
    """Apply each diff of a page; the names of the files that changed."""
    diffs = DIFF.findall(page.read_text(encoding="utf8"))
    for source, name, body in diffs:
        path, hunks = tree / name, [hunk for hunk in re.split(r"^@@\n", body, flags=re.MULTILINE) if hunk]
        text = "" if source == "/dev/null" else path.read_text(encoding="utf8")
        for hunk in hunks:
            before, after = (_side(hunk, sign) for sign in ("-", "+"))
            assert before == "" or text.count(before) == 1, f"{name}: not found once:\n{before}"
            text = text.replace(before, after, 1) if before else text + after
        path.write_text(text, encoding="utf8")
    return sorted({name for _, name, _ in diffs})


def _side(hunk, sign):
    """The lines of a hunk before (-) or after (+) the change."""
    return "".join(line[1:] or "\n" for line in hunk.splitlines(keepends=True) if line[0] in (" ", sign, "\n"))
