"""Which characters need a font that does not come with typst, and whether this machine has one."""

from __future__ import annotations

import re

import typst

# what Libertinus Serif, New Computer Modern and DejaVu Sans Mono draw between them, roughly
_COVERED = (
    (0x0000, 0x058F),  # Latin, Greek, Cyrillic, Armenian
    (0x0590, 0x06FF),  # Hebrew, Arabic
    (0x1D00, 0x2BFF),  # phonetics, punctuation, arrows, operators, shapes
    (0xA700, 0xA7FF),
    (0xFB00, 0xFDFF),
    (0xFE00, 0xFE0F),  # variation selectors draw nothing
    (0xFE70, 0xFEFF),
    (0xFFFD, 0xFFFD),
    (0x1D400, 0x1D7FF),  # mathematical alphabets
)
_EMOJI = re.compile(r"emoji|symbola", re.I)
_EAST_ASIAN = re.compile(
    r"CJK|WenQuanYi|PingFang|Hiragino|YaHei|SimSun|SimHei|Yu Gothic|Meiryo|MS Gothic|Malgun|Source Han"
    r"|Heiti|Songti|Nanum|Droid Sans Fallback|Arial Unicode|IPA|Takao|Baekmuk|AR PL|UMing|Unifont",
    re.I,
)


def uncovered(text: str) -> str:
    """Return the characters that typst's own fonts lack, each once, in order of their numbers."""
    return "".join(
        char for char in sorted(set(text)) if not any(first <= ord(char) <= last for first, last in _COVERED)
    )


def fonts_for(characters: str) -> tuple[list[str], str]:
    """Return font families of this machine to fall back to, and the characters that none is known to have."""
    families = sorted(set(typst.Fonts(include_embedded_fonts=False).families())) if characters else []
    emoji = [char for char in characters if ord(char) >= 0x1F000 and ord(char) < 0x20000]
    east = [char for char in characters if 0x2E80 <= ord(char) < 0xFFF0 or ord(char) >= 0x20000]
    rest = [char for char in characters if char not in emoji and char not in east]
    chosen, lacking = [], list(rest)
    for wanted, pattern in ((east, _EAST_ASIAN), (emoji, _EMOJI)):
        found = [family for family in families if pattern.search(family)][:2]
        chosen += found if wanted else []
        lacking += [] if found else wanted
    return chosen, "".join(sorted(lacking))
