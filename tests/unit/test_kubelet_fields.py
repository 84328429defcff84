"""What is kept of KubeletConfiguration's Go types."""

from __future__ import annotations

from meshstrap.compat.data import facts_of
from tests.cluster.kubelet_fields import kubelet_fields

TYPES = """
type Mode string

// KubeletConfiguration contains a field
type KubeletConfiguration struct {
\tmetav1.TypeMeta `json:",inline"`
\t// maxPods: a comment
\tMaxPods int32 `json:"maxPods,omitempty"`
\t// +optional
\tPeriod *metav1.Duration `json:"period,omitempty"`
\tMode Mode `json:"mode,omitempty"`
\tReserved map[string]string `json:"reserved,omitempty"`
\tHeaders map[string][]string `json:"headers,omitempty"`
\tNames []string `json:"names,omitempty"`
\tBelow Below `json:"below"`
\tLogging logsapi.LoggingConfiguration `json:"logging,omitempty"`
}

type Below struct {
\tOn *bool `json:"on,omitempty"`
}
"""


def test_a_field_s_kind_is_what_json_makes_of_its_go_type() -> None:
    assert kubelet_fields(TYPES) == {
        "maxPods": "integer",
        "period": "duration",
        "mode": "string",
        "reserved": "object of string",
        "headers": "object",
        "names": "array",
        "below": {"on": "boolean"},
        "logging": "object",
    }


def test_nothing_is_said_of_a_minor_version_that_is_not_known() -> None:
    assert facts_of("kubelet", "1.36")["maxPods"] == "integer"
    assert facts_of("kubelet", "1.99") == {}
