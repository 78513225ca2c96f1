"""Amazon SageMaker on loopback, without an account: moto for S3, STS and IAM; jobs and endpoints run as real processes.

Unmodified boto3 and sagemaker-core clients drive it; only AWS_ENDPOINT_URL and its like differ. What an image does when
it trains or serves is given as a command line of this machine. Every request must be signed with the emulator's secret.

`sagemaker_emulator.server.Emulator` runs one in this process; its modules take a second to import, clients need none.
"""

from __future__ import annotations

from sagemaker_emulator.containers import Image
from sagemaker_emulator.faults import ApiFault, ArtefactFault, CapacityFault, Fault
from sagemaker_emulator.process import EmulatorError, Running, emulator_process

__all__ = [
    "ApiFault",
    "ArtefactFault",
    "CapacityFault",
    "EmulatorError",
    "Fault",
    "Image",
    "Running",
    "emulator_process",
]
