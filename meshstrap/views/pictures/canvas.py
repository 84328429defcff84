"""An SVG as wide as a phone, made of boxes, lines and short texts.

The standard library's XML writer escapes every text and attribute. svg.py 1.10 and drawsvg 2.4, the libraries made for
this, write attributes down as they come (tried in November 2026), so that a name could end one and begin another.

Colours stand in the elements, for programs that know no style sheets; :func:`dark_rules` changes them where a person
prefers dark.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from xml.etree import ElementTree as ET

WIDTH = 360
"""Units across, each one CSS pixel on the narrowest phone that the page is made for."""

TEXT_SIZE = 13
"""Units of a letter, unless said otherwise."""

_FONT = "system-ui, -apple-system, 'Segoe UI', 'Apple SD Gothic Neo', 'Noto Sans KR', 'Noto Sans CJK KR', sans-serif"
# Of a letter's size: Korean letters, others, others in bold.
_WIDE = 1.0
_NARROW = 0.62
_NARROW_BOLD = 0.7


@dataclass(frozen=True, kw_only=True)
class Paint:
    """Fill and stroke in light and in dark; empty: none."""

    fill: str = ""
    stroke: str = ""
    dark_fill: str = ""
    dark_stroke: str = ""


# Texts have at least 4.5 times the contrast of what they stand on (WCAG 2.2, 1.4.3); the page's test asks axe-core.
PAINTS = {
    "paper": Paint(fill="#ffffff", dark_fill="#10171f"),
    "ink": Paint(fill="#17212b", dark_fill="#e7edf3"),
    "soft": Paint(fill="#4c5a67", dark_fill="#a9b8c6"),
    "line": Paint(stroke="#8b9aa8", dark_stroke="#5f7183"),
    "box": Paint(fill="#f2f5f8", stroke="#c4ced8", dark_fill="#18222d", dark_stroke="#3b4a59"),
    "node": Paint(fill="#ffffff", stroke="#8b9aa8", dark_fill="#10171f", dark_stroke="#5f7183"),
    "lead": Paint(fill="#e6ecff", stroke="#3451c6", dark_fill="#1d2a57", dark_stroke="#8fa6ff"),
    "mesh": Paint(fill="#dcf4ec", stroke="#0a7457", dark_fill="#0f3a2f", dark_stroke="#45cda2"),
    "wait": Paint(fill="#8a5200", dark_fill="#f0b75a"),
    "await": Paint(fill="#fff1d1", stroke="#8a5200", dark_fill="#3a2b0c", dark_stroke="#f0b75a"),
    "arrow": Paint(stroke="#8a5200", dark_stroke="#f0b75a"),
    "data": Paint(fill="#e4e9ee", stroke="#8b9aa8", dark_fill="#263341", dark_stroke="#5f7183"),
    "sealed": Paint(fill="#dcf4ec", stroke="#0a7457", dark_fill="#0f3a2f", dark_stroke="#45cda2"),
}


def dark_rules() -> str:
    """The style sheet's part for those who prefer dark."""
    rules = []
    for name, paint in PAINTS.items():
        parts = [
            f"{what}:{value}" for what, value in (("fill", paint.dark_fill), ("stroke", paint.dark_stroke)) if value
        ]
        rules.append(f".paint-{name}{{{';'.join(parts)}}}")
    return f"@media (prefers-color-scheme:dark){{{''.join(rules)}}}"


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """About how wide a text is, in units, in the widest of the usual fonts (DejaVu Sans, Verdana)."""
    narrow = _NARROW_BOLD if bold else _NARROW
    return size * sum(_WIDE if unicodedata.east_asian_width(letter) in "WF" else narrow for letter in text)


def shorten(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """The text, or as much of its beginning as fits with an ellipsis behind."""
    if text_width(text, size, bold=bold) <= width:
        return text
    while text and text_width(f"{text}…", size, bold=bold) > width:
        text = text[:-1]
    return f"{text}…"


def write_svg(svg: ET.Element, *, alone: bool) -> str:
    """The picture's text; ``alone``: as a file of its own, with a background and colours for the dark."""
    if alone:
        svg = _with_style(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


def _with_style(svg: ET.Element) -> ET.Element:
    whole = ET.Element(svg.tag, svg.attrib)
    style = ET.SubElement(whole, "style")
    style.text = dark_rules()
    size = {"width": svg.attrib["width"], "height": svg.attrib["height"]}
    ET.SubElement(whole, "rect", {"class": "paint-paper", "fill": PAINTS["paper"].fill, **size})
    whole.extend(svg)
    return whole


class Canvas:
    """Collects what is drawn. Units are pixels from the upper left corner."""

    def __init__(self, name: str, title: str, description: str) -> None:
        """``name``: a word of our own that makes the picture's ids unique on a page."""
        self.svg = ET.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "role": "img",
                "aria-labelledby": f"{name}-title {name}-text",
                "font-family": _FONT,
                "font-size": str(TEXT_SIZE),
            },
        )
        ET.SubElement(self.svg, "title", {"id": f"{name}-title"}).text = _printable(title)
        ET.SubElement(self.svg, "desc", {"id": f"{name}-text"}).text = _printable(description)

    def box(self, x: float, y: float, width: float, height: float, paint: str, *, rounded: float = 6) -> None:
        """A rectangle."""
        self._add("rect", paint, x=x, y=y, width=width, height=height, rx=rounded)

    def dot(self, x: float, y: float, paint: str, *, radius: float = 5) -> None:
        """A circle around a point."""
        self._add("circle", paint, cx=x, cy=y, r=radius)

    def path(self, commands: str, paint: str, *, dashed: bool = False) -> None:
        """A line of SVG path commands."""
        element = self._add("path", paint, d=commands)
        element.set("fill", "none")
        if dashed:
            element.set("stroke-dasharray", "4 4")

    def text(  # noqa: PLR0913 - a line of text has these
        self,
        x: float,
        y: float,
        text: str,
        paint: str = "ink",
        *,
        size: float = TEXT_SIZE,
        width: float = WIDTH,
        bold: bool = False,
        anchor: str = "start",
        turned: bool = False,
    ) -> None:
        """One line on a baseline, shortened to ``width``. ``anchor``: start, middle or end; ``turned``: upwards."""
        element = self._add("text", paint, x=x, y=y)
        text = _printable(text)
        element.text = shorten(text, width, size, bold=bold)
        if element.text != text:
            # A pointer that rests on it shows the whole.
            ET.SubElement(element, "title").text = text
        style = {
            "font-size": _number(size) if size != TEXT_SIZE else "",
            "font-weight": "600" if bold else "",
            "text-anchor": anchor if anchor != "start" else "",
            "transform": f"rotate(-90 {_number(x)} {_number(y)})" if turned else "",
        }
        for name, value in style.items():
            if value:
                element.set(name, value)

    def finish(self, height: float) -> ET.Element:
        """The picture, so many units high."""
        self.svg.set("viewBox", f"0 0 {WIDTH} {_number(height)}")
        self.svg.set("width", str(WIDTH))
        self.svg.set("height", _number(height))
        return self.svg

    def _add(self, tag: str, paint: str, **attributes: float | str) -> ET.Element:
        colours = PAINTS[paint]
        values = {
            name: _number(value) if isinstance(value, float | int) else value for name, value in attributes.items()
        }
        values |= {"class": f"paint-{paint}"}
        values |= {what: value for what, value in (("fill", colours.fill), ("stroke", colours.stroke)) if value}
        return ET.SubElement(self.svg, tag, values)


def _printable(text: str) -> str:
    """XML has no way to write most control characters (https://www.w3.org/TR/xml/#charsets)."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
