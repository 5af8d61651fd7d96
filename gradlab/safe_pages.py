"""What strangers wrote, shown as HTML: without scripts, and with everything else that makes an answer readable.

Formgrader shows a submission in the grader's browser, on the server that the grader is logged into: a script in an answer could
do there whatever the grader can. nbconvert cleans outputs when it is asked to, but not the markdown cells of Formgrader's
template, and drops headings and pictures; so both filters are set here.
"""

from __future__ import annotations

import functools
import re
from typing import Any

import bleach
from bleach.css_sanitizer import CSSSanitizer
from jinja2 import pass_context
from nbconvert.exporters import HTMLExporter

_TEXT = "a abbr b blockquote br caption code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img kbd li ol p pre s samp"
_MORE = "small span strong sub summary sup table tbody td tfoot th thead tr u ul"
TAGS = frozenset(f"{_TEXT} {_MORE}".split())
ATTRIBUTES = {
    "*": ["class", "id", "align", "title", "style"],
    "a": ["href"],
    "img": ["src", "alt", "width", "height"],
    "td": ["colspan", "rowspan"],
    "th": ["colspan", "rowspan", "scope"],
}
#: A picture beside the notebook, as releases have them.
_BESIDE = re.compile(r"(?!/)(?:(?!\.\.)[\w./ -])+")
PROTOCOLS = frozenset(("http", "https", "mailto", "data", "attachment"))


def clean(text: Any) -> str:
    """Return HTML in which only harmless tags are left; the others show as text."""
    found = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return bleach.clean(
        found, tags=TAGS, attributes=_allowed, protocols=PROTOCOLS, css_sanitizer=CSSSanitizer()
    )


def _allowed(tag: str, name: str, value: str) -> bool:
    if name == "src":  # a picture is in the answer itself: one from elsewhere would tell who looks, and when
        return value.startswith(("data:image/", "attachment:")) or bool(_BESIDE.fullmatch(value))
    if name == "href":
        return value.startswith(("http:", "https:", "mailto:", "#"))
    return name in ATTRIBUTES["*"] or name in ATTRIBUTES.get(tag, ())


@functools.cache
def _exporter() -> HTMLExporter:
    return HTMLExporter()


@pass_context
def markdown(context: Any, source: str) -> str:
    """Return a markdown cell as clean HTML."""
    return clean(_exporter().markdown2html(context, source))


def configure(c: Any) -> None:
    """Set what Formgrader and ``nbgrader generate_feedback`` need to show submissions safely."""
    c.HTMLExporter.sanitize_html = True
    c.HTMLExporter.filters = {"markdown2html": markdown, "clean_html": clean}
