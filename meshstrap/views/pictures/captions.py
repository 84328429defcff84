"""Each picture in a title and a sentence, for those who do not see it and for those who do."""

from __future__ import annotations

from meshstrap.plan.model import Plan
from meshstrap.views.pictures.packet import derive_packet_path
from meshstrap.views.pictures.texts import word


def picture_caption(plan: Plan, name: str, language: str) -> tuple[str, str]:
    """Title and sentence. ``KeyError``: no such picture or language."""
    network = plan.network
    values: dict[str, object] = {
        "cluster": plan.name,
        "subnet": network.tailnet_subnet,
        "mtu": network.underlay_mtu,
        "underlay": f"{network.underlay_mtu:,}",
    }
    if name == "packet":
        packets = {hop.key: hop.packet for hop in derive_packet_path(plan).hops}
        values["data"] = f"{packets['hop_pod'].inner_size:,}"
        values["pod"] = f"{packets['hop_pod'].size:,}"
        values["wire"] = f"{packets['hop_internet'].size:,}"
    return word(f"{name}_title", language, **values), word(f"{name}_text", language, **values)
