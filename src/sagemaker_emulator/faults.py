"""What tests let go wrong in the emulator; nothing over the network can set a fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class ApiFault:
    """An operation is answered with an error."""

    operation: str  # as in the wire protocol: ``"DescribeEndpoint"``
    # the error, its text and its HTTP status
    code: str
    message: str
    status: int = 400
    times: int = 1  # how often; afterwards the operation works again


@dataclass
class CapacityFault:
    """AWS has no machine of these types left: a job or an endpoint that asks for one fails after its creation."""

    instance_types: tuple[str, ...]


@dataclass
class ArtefactFault:
    """The archive that a training job leaves is changed before it is uploaded."""

    change: Callable[[Path], None]


Fault = ApiFault | CapacityFault | ArtefactFault


@dataclass
class Faults:
    """The faults of one emulator; tests add to ``active`` and clear it."""

    active: list[Fault] = field(default_factory=list)

    def api_error(self, operation: str) -> ApiFault | None:
        """Return the error that an operation is to be answered with, and count it."""
        for fault in self.active:
            if isinstance(fault, ApiFault) and fault.operation == operation and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    def out_of_capacity(self, instance_type: str | None) -> bool:
        """Tell whether there is no machine of a type."""
        return any(isinstance(fault, CapacityFault) and instance_type in fault.instance_types for fault in self.active)

    def change_artefact(self, archive: Path) -> None:
        """Apply what is to happen to an archive."""
        for fault in self.active:
            if isinstance(fault, ArtefactFault):
                fault.change(archive)
