"""What an auditor sees: what needs a look, side by side, most urgent first; then what is in order."""

from __future__ import annotations

import collections
from collections.abc import Sequence

from PIL import Image, ImageChops

from gradlab.audit import LOOK, Audit, Extra, Finding
from gradlab.notebook_pictures import mark_of
from gradlab.page import chip, document, escape, picture, table
from lib.manifest import Manifest

MAX_PAGES = 12  # of a PDF that are shown small
MAX_SIDE = 1600  # pixels of a picture on the page
_EXPLAINED = """<p class="lead"><b>identical</b>: all pixels are equal, and the page shows them uncovered. <b>same data</b>: equal as well,
after a known change (gray, another size, JPEG) or drawn anew from the numbers in the notebook. <b>look</b>: anything
else; it says nothing about why. No grade changes here.</p>"""


def page(title: str, audits: Sequence[Audit], sections: Sequence[str], *, seed: int | None) -> str:
    """Return the page of some audits.

    Parameters
    ----------
    title : str
    audits : sequence of Audit
        Their pictures may be gone.
    sections : sequence of str
        As ``section`` returns them.
    seed : int or None
        By which they were picked; None if somebody named them.
    """
    waiting = [one for one in audits if one.looks]
    said = (
        f"{sum(one.looks for one in audits)} things to look at in {len(waiting)} of them."
        if waiting
        else "Nothing needs a look."
    )
    picked = f" Picked at random, seed {seed}." if seed is not None else ""
    rows = [
        [
            f'<a href="#s{number}">{escape(one.student)}</a>',
            chip(f"{one.looks} to look at", "look") if one.looks else chip("nothing to do", "fine"),
            str(sum(finding.outcome == "identical" for finding in one.findings)),
            str(sum(finding.outcome == "same data" for finding in one.findings)),
            str(sum(finding.outcome == LOOK for finding in one.findings)),
            escape("; ".join([*one.problems, *one.order, *one.notes])),
        ]
        for number, one in enumerate(audits)
    ]
    head = ["submission", "", "identical", "same data", "look", "document"]
    body = f"<h1>{escape(title)}</h1>\n<p class=lead>{said}{picked}</p>\n{table(head, rows, numbers={2, 3, 4})}\n{_EXPLAINED}"
    order = sorted(range(len(audits)), key=lambda number: (not audits[number].looks, number))
    return document(title, body + "".join(sections[number] for number in order))


def section(number: int, one: Audit, manifest: Manifest) -> str:
    """Return what the page says of one submission, the ``number``-th."""
    titles = {part.key: part.title for part in manifest.parts}
    pages = f"{one.pdf}, {one.num_pages} page{'s' * (one.num_pages != 1)}" if one.num_pages else one.pdf
    parts = [f'<h2 id="s{number}">{escape(one.student)} <small>{escape(pages)}</small></h2>']
    for kind, said in (("look", [*one.problems, *one.order]), ("quiet", one.notes)):
        parts += [
            f"<p>{chip('look' if kind == 'look' else 'note', kind)} {escape(text)}</p>" for text in said
        ]
    compared = one.findings if one.num_pages else [finding for finding in one.findings if finding.run == LOOK]
    urgent = sorted(compared, key=lambda finding: (not finding.needs_look, finding.likeness))
    parts += [_finding(finding, titles) for finding in urgent if finding.needs_look]
    again = collections.Counter(_name(extra) for extra in one.extras if extra.why)
    first = {_name(extra): extra for extra in reversed(one.extras) if extra.why}
    parts += [_extra(extra, again[name]) for name, extra in reversed(first.items())]
    parts += [_again(finding, titles) for finding in one.trained_again]
    if one.retrained:
        parts.append(
            f"<p class=quiet>Trained again in {one.retrained.seconds:.0f} s. {escape(' '.join(one.retrained.notes))}</p>"
        )
    fine = [finding for finding in compared if not finding.needs_look]
    parts += [_finding(finding, titles) for finding in fine]
    known = [f"page {extra.drawn.page}: {extra.where}" for extra in one.extras if not extra.why]
    if known:
        parts.append(
            f"<p class=quiet>Other pictures of the notebook in the PDF: {escape('; '.join(known[:30]))}.</p>"
        )
    shown = [found for found in one.pages if found.shown][:MAX_PAGES]
    if one.looks and shown:
        small = "".join(
            picture(found.shown, f"page {found.number}", compact=True) for found in shown if found.shown
        )
        parts.append(f"<details><summary>Pages of the PDF</summary><div class=pages>{small}</div></details>")
    return "\n".join(parts)


def _finding(finding: Finding, titles: dict[str, str]) -> str:
    plot, drawn = finding.plot, finding.drawn
    name = f"{titles.get(plot.part, plot.part)}, cell {plot.cell}"
    chips = [chip(f"PDF: {finding.outcome}", "look" if finding.outcome == LOOK else "fine")]
    if finding.run:
        chips.append(chip(f"run here: {finding.run}", "look" if finding.run == LOOK else "fine"))
    reasons = [f"PDF{f', page {drawn.page}' if drawn else ''}: {why}" for why in finding.why]
    reasons += [f"run here: {finding.run_why}"] if finding.run else []
    reasons += [f"note: {note}" for note in finding.notes]
    listed = "".join(f"<li>{escape(reason)}</li>" for reason in reasons)
    shown = [
        _figure(
            "in the notebook" + (" and in the PDF" if finding.outcome == "identical" else ""), plot.pixels
        )
    ]
    if finding.outcome != "identical":
        shown.append(
            _figure(
                f"in the PDF, page {drawn.page}" if drawn else "in the PDF", drawn.pixels if drawn else None
            )
        )
        if drawn and finding.outcome == LOOK and (marked := _marked(plot.pixels, drawn.pixels)):
            shown.append(_figure("where they differ", marked))
    if finding.run == LOOK:
        shown.append(_figure("run here", finding.run_plot.pixels if finding.run_plot else None))
    return _item(name, " ".join(chips), f"<ul class=quiet>{listed}</ul>", shown, finding.needs_look)


def _again(finding: Finding, titles: dict[str, str]) -> str:
    found = finding.run_plot
    shown = [
        _figure("handed in", finding.plot.pixels),
        _figure("trained again", found.pixels if found else None),
    ]
    name = f"{titles.get(finding.plot.part, finding.plot.part)}, trained again"
    mark = chip(finding.run, "look" if finding.run == LOOK else "fine")
    why = finding.run_why.replace("run here", "trained again")
    return _item(name, mark, f"<ul class=quiet><li>{escape(why)}</li></ul>", shown, finding.run == LOOK)


def _name(extra: Extra) -> str:
    """Name a picture, so that one that is drawn again and again is shown once."""
    return f"{extra.why} {extra.where} {mark_of(extra.drawn.pixels)}"


def _extra(extra: Extra, times: int) -> str:
    words = [extra.why, extra.where, f"drawn {times} times" if times > 1 else ""]
    said = f"<ul class=quiet><li>{escape(', '.join(word for word in words if word))}</li></ul>"
    shown = [_figure("in the PDF", extra.drawn.pixels)]
    return _item(f"Another picture, page {extra.drawn.page}", chip("PDF: look", "look"), said, shown, True)


def _item(name: str, chips: str, reasons: str, shown: list[str], look: bool) -> str:
    done = '<label class=done><input type="checkbox" autocomplete="off"> looked at</label>' if look else ""
    side = f'<div class="side">{"".join(shown)}</div>'
    return f"<section class=item>{done}<h3>{escape(name)} &ensp;{chips}</h3><div class=work>{reasons}{side}</div></section>"


def _figure(caption: str, image: Image.Image | None) -> str:
    if image is None:
        return f"<figure><figcaption>{escape(caption)}</figcaption><div class=none>no picture</div></figure>"
    if max(image.size) > MAX_SIDE:
        image = image.copy()
        image.thumbnail((MAX_SIDE, MAX_SIDE))
    return f"<figure><figcaption>{escape(caption)}</figcaption>{picture(image, caption)}</figure>"


def _marked(first: Image.Image | None, second: Image.Image | None) -> Image.Image | None:
    """Return the first of two pictures, pale, with every pixel in red that is another one in the second."""
    if first is None or second is None or first.size != second.size:
        return None
    red, green, blue = ImageChops.difference(first, second).split()
    apart = ImageChops.lighter(ImageChops.lighter(red, green), blue).point(lambda value: 255 if value else 0)
    if apart.getbbox() is None:
        return None
    pale = Image.blend(first.convert("L").convert("RGB"), Image.new("RGB", first.size, "white"), 0.65)
    pale.paste("#a3261b", mask=apart)
    return pale
