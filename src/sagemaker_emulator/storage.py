"""S3 as the emulated service sees it."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

from boto3.exceptions import S3TransferFailedError, S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError

from sagemaker_emulator.validation import Refusal

ACCOUNT = "123456789012"  # moto's; no account of AWS has it


class Storage:
    """Download and upload by s3:// addresses.

    Parameters
    ----------
    client
        Of S3.
    """

    def __init__(self, client: Any) -> None:
        self.client = client

    def exists(self, uri: str) -> bool:
        """Tell whether there is an object."""
        bucket, key = split_uri(uri)
        found = self.client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [])
        return bool(found) and found[0]["Key"] == key

    def download(self, uri: str, folder: Path) -> int:
        """Download everything below a prefix; return how many objects there were.

        Raises Refusal: there is none, or the bucket is not there.
        """
        try:
            count = self._download(*split_uri(uri), folder)
        except (ClientError, BotoCoreError, S3TransferFailedError) as error:  # no such bucket, or it is not ours
            raise Refusal(f"{uri} cannot be read: {error}") from error
        if count == 0:
            raise Refusal(
                f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket '
                "exists in the selected region, that objects exist under that S3 prefix, and that the role has "
                "s3:ListBucket permissions on the bucket."
            )
        return count

    def _download(self, bucket: str, prefix: str, folder: Path) -> int:
        count = 0
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                name = entry["Key"][len(prefix) :].lstrip("/") or entry["Key"].rpartition("/")[2]
                target = folder / name
                if not target.resolve().is_relative_to(folder.resolve()):
                    raise Refusal(f"The key {entry['Key']} leads outside of its folder.")
                target.parent.mkdir(parents=True, exist_ok=True)
                self.client.download_file(bucket, entry["Key"], str(target))
                count += 1
        return count

    def upload(self, path: Path, uri: str) -> None:
        """Upload a file.

        Raises Refusal: the bucket is not there.
        """
        bucket, key = split_uri(uri)
        try:
            self.client.upload_file(str(path), bucket, key)
        except (ClientError, BotoCoreError, S3UploadFailedError) as error:
            raise Refusal(f"{uri} cannot be written: {error}") from error


def split_uri(uri: str) -> tuple[str, str]:
    """Split s3://bucket/key.

    Raises Refusal: it is no such address.
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise Refusal(f"{uri} is no address s3://bucket/key.")
    return bucket, key


def pack_folder(folder: Path, archive: Path) -> None:
    """Pack a folder's content as SageMaker does: gzipped tar without a leading folder."""
    with tarfile.open(archive, "w:gz") as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, arcname=path.name)


def unpack_archive(archive: Path, folder: Path) -> None:
    """Unpack a model archive.

    Raises Refusal: it is no gzipped tar, it is cut off, or a path in it leads outside.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise Refusal(f"Failed to extract model data archive for container: {error}") from error
