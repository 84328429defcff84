"""The hardware of an emulated machine: an Ampere A1 as far as a guest looks, as QEMU's command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

# Of the Debian package qemu-efi-aarch64. The second is where a firmware keeps its variables: a copy for each machine.
FIRMWARE, VARIABLES = (Path("/usr/share/AAVMF", name) for name in ("AAVMF_CODE.fd", "AAVMF_VARS.fd"))
# All there is of "max" but pointer authentication by the book, which costs a fifth of the time of a boot (2026-11).
PROCESSOR = "max,pauth-impdef=on"


@dataclass(frozen=True)
class Hardware:
    """``folder`` holds the variables and the disks; ``tap`` is the other end of the NIC's cable, ``mac`` its address.

    ``disks`` are files of qcow2 in the order of their LUNs, from 1: the boot volume first. ``memory`` in MiB.
    """

    name: str
    folder: Path
    tap: str
    mac: str
    disks: Sequence[str] = ("boot.qcow2", "block.qcow2")
    cpus: int = 2
    memory: int = 4096

    def command(self, clock: datetime) -> list[str]:
        """What starts it; its console is a file. ``clock``: what its own clock says then, in UTC."""
        return [
            "qemu-system-aarch64",
            *("-name", self.name, "-nodefaults", "-display", "none", "-monitor", "none"),
            *("-machine", "virt,gic-version=3", "-cpu", PROCESSOR, "-accel", "tcg,thread=multi,tb-size=512"),
            *("-smp", str(self.cpus), "-m", str(self.memory)),
            *("-drive", f"if=pflash,format=raw,readonly=on,file={FIRMWARE}"),
            *("-drive", f"if=pflash,format=raw,file={self.folder}/{VARIABLES.name}"),
            # How cloud-init knows Oracle's cloud.
            *("-smbios", "type=3,asset=OracleCloud.com"),
            *("-netdev", f"tap,id=net,ifname={self.tap},script=no,downscript=no"),
            *("-device", f"virtio-net-pci,netdev=net,mac={self.mac},host_mtu=9000,romfile="),
            *("-device", "virtio-rng-pci", "-rtc", f"base={clock:%Y-%m-%dT%H:%M:%S}"),
            *("-chardev", f"file,id=console,path={self.folder}/console.log,append=on", "-serial", "chardev:console"),
            # Oracle attaches paravirtualized volumes as disks of one virtio-scsi controller.
            *("-device", "virtio-scsi-pci,id=scsi"),
            *(word for lun, disk in enumerate(self.disks, 1) for word in self._disk(lun, disk)),
        ]

    def _disk(self, lun: int, disk: str) -> tuple[str, ...]:
        first = ",bootindex=0" if lun == 1 else ""
        drive = f"if=none,id=disk{lun},format=qcow2,file={self.folder}/{disk},cache=writeback,discard=unmap"
        return "-drive", drive, "-device", f"scsi-hd,drive=disk{lun},bus=scsi.0,scsi-id=0,lun={lun}{first}"
