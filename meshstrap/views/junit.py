"""A verification as JUnit XML, which CI systems show."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from meshstrap.verify.verdict import Outcome, Report, Verdict
from meshstrap.views.verification import finding


def junit_xml(report: Report, cluster: str) -> str:
    """One test suite a host, one test case a check. A question that could not be asked is an error, not a failure."""
    root = ET.Element("testsuites", name=f"meshstrap {cluster}")
    for host in report.hosts:
        verdicts = report.of(host)
        counts = {
            "tests": len(verdicts),
            "failures": sum(one.outcome is Outcome.DIFFERS for one in verdicts),
            "errors": sum(one.outcome is Outcome.UNKNOWN for one in verdicts),
            "skipped": sum(one.outcome is Outcome.SKIPPED for one in verdicts),
        }
        suite = ET.SubElement(root, "testsuite", {"name": host, **{k: str(v) for k, v in counts.items()}})
        for verdict in verdicts:
            _add_case(suite, verdict)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _add_case(suite: ET.Element, verdict: Verdict) -> None:
    place = {"classname": f"{verdict.host}.{verdict.topic}", "name": verdict.title}
    case = ET.SubElement(suite, "testcase", place)
    if verdict.outcome is Outcome.WARNS:
        # It passes; what CI keeps of it is its output.
        ET.SubElement(case, "system-out").text = _lines(verdict)
    element = {Outcome.DIFFERS: "failure", Outcome.UNKNOWN: "error", Outcome.SKIPPED: "skipped"}.get(verdict.outcome)
    if element is None:
        return
    told = ET.SubElement(case, element, {"message": verdict.found})
    if verdict.is_bad:
        told.text = _lines(verdict)


def _lines(verdict: Verdict) -> str:
    return "\n".join(f"{name}: {text}" for name, text in finding(verdict))
