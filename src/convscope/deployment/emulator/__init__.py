"""AWS on loopback, for evidence without an account: moto for storage and identities, own planes that run the real code.

Unmodified boto3 and sagemaker-core clients drive it; only AWS_ENDPOINT_URL and its like differ.
"""

from __future__ import annotations

from convscope.deployment.emulator.faults import ApiFault, ArtefactFault, CapacityFault, Fault
from convscope.deployment.emulator.images import IMAGES, Image
from convscope.deployment.emulator.server import Emulator

__all__ = ["IMAGES", "ApiFault", "ArtefactFault", "CapacityFault", "Emulator", "Fault", "Image"]
