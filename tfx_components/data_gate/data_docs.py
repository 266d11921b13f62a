"""Makes Great Expectations' Data Docs a site that opens offline and fetches nothing."""

from __future__ import annotations

import re
from pathlib import Path

_REMOTE_SCRIPT = re.compile(r"<script[^>]*\ssrc=[\"']https?://[^>]*>\s*</script>", re.IGNORECASE)
_REMOTE_TAG = re.compile(r"<(?:link|img)[^>]*\s(?:href|src)=[\"']https?://[^>]*>", re.IGNORECASE)
_STYLE = """<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0; }
td, th { border: 1px solid #ccc; padding: .3rem .6rem; text-align: left; vertical-align: top; }
.modal, .navbar-toggler { display: none; }
.badge { background: #eee; border-radius: .3rem; padding: .1rem .4rem; }
</style>
</head>"""


def make_offline(site: Path) -> None:
    """Takes scripts, style sheets and pictures of other servers out of every page of a site.

    A report on somebody's data must not tell third parties that it was opened, and without a
    network those pages would hang; a small style sheet of its own keeps them readable.
    """
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        text = _REMOTE_TAG.sub("", _REMOTE_SCRIPT.sub("", text))
        page.write_text(text.replace("</head>", _STYLE, 1), encoding="utf-8")
