"""Pages for a person to read: one file, nothing from elsewhere, no scripts, and every text of strangers escaped."""

from __future__ import annotations

import base64
import html
import io

from PIL import Image

_STYLE = """
:root { --ink: #1d2733; --quiet: #66717d; --hair: #dfe4e9; --accent: #1f4e79; --alarm: #a3261b; --fine: #2c6e49; --amber: #8a5300; }
* { box-sizing: border-box; }
body { font: 16px/1.55 system-ui, "Segoe UI", "Helvetica Neue", "DejaVu Sans", sans-serif; color: var(--ink);
  background: #fff; max-width: 1180px; margin: 0 auto; padding: 2.6rem 1.6rem 5rem; }
h1 { font-size: 1.65rem; line-height: 1.25; font-weight: 600; margin: 0 0 .3rem; letter-spacing: -.01em; }
h2 { font-size: 1.2rem; font-weight: 600; margin: 3rem 0 .5rem; padding-top: 1.1rem; border-top: 1px solid var(--hair); }
h3 { font-size: 1rem; font-weight: 600; margin: 1.7rem 0 .35rem; }
p { margin: .35rem 0; max-width: 46rem; }
.lead, .quiet, figcaption, small { color: var(--quiet); }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
table { border-collapse: collapse; margin: .8rem 0; font-size: .92rem; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--quiet); border-bottom: 1px solid var(--ink); padding: .3rem 1.1rem .3rem 0; vertical-align: bottom; }
td { border-bottom: 1px solid var(--hair); padding: .34rem 1.1rem .34rem 0; vertical-align: middle; }
td.n, th.n { text-align: right; }
.chip { display: inline-block; font-size: .78rem; font-weight: 600; border-radius: 3px; padding: .06rem .5rem; white-space: nowrap; }
.chip.fine { color: var(--fine); background: #e8f3ec; } .chip.look { color: var(--amber); background: #fff1d8; }
.chip.quiet { color: var(--quiet); background: #f1f3f5; }
.side { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 1rem; margin: .6rem 0 1rem; align-items: start; }
.side.three { grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: 1rem 2.2rem; margin-top: 1.6rem; }
figure { margin: 0; } figcaption { font-size: .82rem; margin-bottom: .25rem; }
figure img { max-width: 100%; border: 1px solid var(--hair); border-radius: 2px; background: #fff; display: block; }
.none { border: 1px dashed #c9d0d7; border-radius: 2px; color: var(--quiet); padding: 2.2rem 1rem; text-align: center; font-size: .9rem; }
ul { margin: .3rem 0; padding-left: 1.2rem; } li { margin: .1rem 0; }
label.done { float: right; color: var(--quiet); font-size: .82rem; cursor: pointer; }
section.item:has(label.done input:checked) .work { display: none; }
section.item:has(label.done input:checked) { opacity: .55; }
details { margin: .6rem 0; } summary { cursor: pointer; color: var(--accent); font-size: .9rem; }
.pages { display: flex; flex-wrap: wrap; gap: .8rem; margin-top: .6rem; } .pages img { width: 260px; }
svg text { font: 12px system-ui, "Segoe UI", "Helvetica Neue", "DejaVu Sans", sans-serif; fill: var(--quiet); }
@media print { details, label.done { display: none; } body { max-width: none; padding: 0; } section.item { break-inside: avoid; } }
"""


def escape(text: object) -> str:
    """Return a text as it is, for a page."""
    # controls and halves of surrogate pairs are no text
    said = "".join(c if c >= " " or c in "\n\t" else "\ufffd" for c in str(text))
    return html.escape(said.encode("utf-8", "replace").decode("utf-8"))


def document(title: str, body: str) -> str:
    """Return a whole page. A browser that opens it loads nothing and runs nothing."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def chip(text: str, kind: str) -> str:
    """Return a word that stands out; ``kind`` is "fine", "look" or "quiet"."""
    return f'<span class="chip {kind}">{escape(text)}</span>'


def picture(image: Image.Image, alt: str, *, compact: bool = False) -> str:
    """Return a picture that lies in the page itself; ``compact`` loses detail that only costs room."""
    buffer = io.BytesIO()
    if compact:
        image.save(buffer, "JPEG", quality=55)
    else:
        image.save(buffer, "PNG", optimize=True)
    kind = "jpeg" if compact else "png"
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img alt="{escape(alt)}" src="data:image/{kind};base64,{data}">'


def table(head: list[str], rows: list[list[str]], *, numbers: frozenset[int] | set[int] = frozenset()) -> str:
    """Return a table of cells that are HTML already; columns of ``numbers`` stand to the right."""

    def line(cells: list[str], tag: str) -> str:
        shown = (f"<{tag}{' class=n' if i in numbers else ''}>{cell}</{tag}>" for i, cell in enumerate(cells))
        return f"<tr>{''.join(shown)}</tr>"

    return f"<table>{line(head, 'th')}{''.join(line(row, 'td') for row in rows)}</table>"
