"""Why meshstrap builds what it builds: decisions and the way to them, in English and Korean."""

from meshstrap.decisions.counts import Count, node_counts
from meshstrap.decisions.flowchart import Step, load_flowchart, walk
from meshstrap.decisions.library import alternative, decision, load_words, topics
from meshstrap.decisions.model import Alternative, Decision, Paragraph, holds

__all__ = [
    "Alternative",
    "Count",
    "Decision",
    "Paragraph",
    "Step",
    "alternative",
    "decision",
    "holds",
    "load_flowchart",
    "load_words",
    "node_counts",
    "topics",
    "walk",
]
