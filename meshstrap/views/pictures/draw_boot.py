"""The boot order as SVG: time runs down, one lane a role, arrows where one machine waits for another."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from meshstrap.plan.model import Plan
from meshstrap.views.pictures.boot import BootOrder, BootStep, derive_boot_order
from meshstrap.views.pictures.canvas import WIDTH, Canvas
from meshstrap.views.pictures.captions import picture_caption
from meshstrap.views.pictures.texts import lane_title, word

_LANES = (20, 48)
_LEFT = 76
_TOP = 56
_PHASE_HEIGHT = 28
_STEP_HEIGHT = 24
_NOTE_HEIGHT = 18
_PAINTS = ("lead", "node")


def draw_boot(plan: Plan, language: str) -> Element:
    """Every step of the plan, in order."""
    order = derive_boot_order(plan)
    canvas = Canvas(f"boot-{language}", *picture_caption(plan, "boot", language))
    rows = _rows(order)
    end = max(rows.values())
    for number, role in enumerate(order.nodes):
        x = _LANES[number]
        canvas.path(f"M {x} {14 + number * 20} V {end}", "line")
        canvas.dot(x, 14 + number * 20, _PAINTS[number])
        canvas.text(_LEFT, 18 + number * 20, lane_title(order, role, language), bold=True, width=WIDTH - _LEFT - 4)
    _draw_phases(canvas, order, rows, language)
    for step in order.steps:
        if step.wait and step.wait.step in rows and len(order.nodes) > 1:
            _draw_arrow(canvas, rows[step.wait.step], rows[step.name])
    for step in order.steps:
        _draw_step(canvas, step, order, rows[step.name], language)
        if step.wait:
            text = word(step.wait.key, language, node=plan.control_plane)
            canvas.text(_LEFT, rows[step.name] + 20, text, "wait", size=12, width=WIDTH - _LEFT - 4)
    return canvas.finish(end + 12 + _note_height(order.steps[-1]))


def _rows(order: BootOrder) -> dict[str, float]:
    """The height of each step's middle."""
    rows: dict[str, float] = {}
    y, phase = float(_TOP), ""
    for step in order.steps:
        if step.phase != phase:
            phase = step.phase
            y += _PHASE_HEIGHT
        rows[step.name] = y
        y += _STEP_HEIGHT + _note_height(step)
    return rows


def _note_height(step: BootStep) -> float:
    return _NOTE_HEIGHT if step.wait else 0


def _draw_phases(canvas: Canvas, order: BootOrder, rows: dict[str, float], language: str) -> None:
    firsts = {step.phase: step.name for step in reversed(order.steps)}
    for phase, first in firsts.items():
        y = rows[first] - _STEP_HEIGHT
        canvas.path(f"M {_LEFT} {y + 8} H {WIDTH - 4}", "line")
        canvas.text(_LEFT, y + 3, word(phase, language), "soft", size=12, bold=True)


def _draw_step(canvas: Canvas, step: BootStep, order: BootOrder, y: float, language: str) -> None:
    for number, role in enumerate(order.nodes):
        if role in step.roles:
            waits = step.wait is not None and role in step.wait.roles
            canvas.dot(_LANES[number], y, "await" if waits else _PAINTS[number])
    canvas.text(_LEFT, y + 4, step.name)
    alone = [role for role in step.roles if len(order.nodes) > 1 and len(step.roles) == 1]
    notes = [word(role, language) for role in alone] + ([word("only_some", language)] if step.partial else [])
    canvas.text(WIDTH - 4, y + 4, ", ".join(notes), "soft", size=11, anchor="end")


def _draw_arrow(canvas: Canvas, start: float, end: float) -> None:
    """From the control plane's step to the workers' that waits for it."""
    left, right = _LANES
    canvas.path(f"M {left + 6} {start} C {left + 22} {start} {right - 24} {end} {right - 9} {end}", "arrow")
    canvas.path(f"M {right - 14} {end - 4} L {right - 8} {end} L {right - 14} {end + 4}", "arrow")
