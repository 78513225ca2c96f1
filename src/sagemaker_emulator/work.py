"""What both training jobs and endpoints are: a container that runs for a resource, and ends it whatever goes wrong."""

from __future__ import annotations

import threading
import traceback
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sagemaker_emulator.containers import Image, image_name
from sagemaker_emulator.resources import Description, Records, Resource
from sagemaker_emulator.storage import Storage
from sagemaker_emulator.validation import Refusal


@dataclass
class Work(ABC):
    """Runs containers for resources of one kind."""

    # the account, S3, and what can be run
    records: Records
    storage: Storage
    images: Mapping[str, Image]
    folder: Path  # gets a folder a resource, which is /opt/ml to its container

    def start(self, resource: Resource, *described: Description) -> None:
        """Begin with a resource, in a thread of its own; its description tells how far it is."""
        threading.Thread(target=self._guarded, args=(resource, *described), daemon=True).start()

    def _guarded(self, resource: Resource, *described: Description) -> None:
        try:
            self._run(resource, *described)
            return
        except Refusal as refusal:
            reason = refusal.message
        except Exception as error:  # a resource that nobody ends would be on its way for ever
            traceback.print_exc()
            reason = f"InternalServerError: {error!r}. Please try again."
        if resource.container is not None:
            resource.container.kill()
        self._fail(resource, reason[:1024])

    @abstractmethod
    def _run(self, resource: Resource, *described: Description) -> None:
        """Do the work; a Refusal, as any other exception, is why it fails."""

    @abstractmethod
    def _fail(self, resource: Resource, reason: str) -> None:
        """Note a failure."""

    def _image(self, uri: str) -> Image:
        return self.images.get(image_name(uri), Image())
