"""Did the example's pictures change? Look at them before keeping the new ones."""

from __future__ import annotations

from pathlib import Path

from meshstrap.views.pictures import PICTURES, mermaid_picture, svg_picture

from .cases import example_plan
from .test_golden import compare, write

KEPT = Path(__file__).with_name("kept_pictures")


def test_pictures_are_as_kept(*, update_golden: bool) -> None:
    plan = example_plan()
    drawn = {
        f"{name}.{language}.mmd": mermaid_picture(plan, name, language)
        for name in PICTURES
        for language in ("en", "ko")
    }
    drawn |= {f"{name}.en.svg": svg_picture(plan, name, "en") for name in PICTURES}
    if update_golden:
        KEPT.mkdir(exist_ok=True)
        write(KEPT, drawn)
    kept = {path.name: path.read_text() for path in KEPT.iterdir()}
    difference = "".join(
        line for name in sorted({*kept, *drawn}) for line in compare(name, kept.get(name, ""), drawn.get(name, ""))
    )
    assert not difference, f"{difference}\nIf this is meant: pytest tests/golden --update-golden, and read the git diff"
