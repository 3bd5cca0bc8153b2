"""Storage that speaks S3, for tests: moto's server on a free port of 127.0.0.1, in this process."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
from moto.server import ThreadedMotoServer

KEY, SECRET, REGION = "a-test", "knows-this", "us-east-1"


@dataclass(frozen=True)
class ObjectStore:
    """A store with one empty bucket."""

    endpoint: str
    """`http://127.0.0.1:<port>`"""
    bucket: str

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}"

    @property
    def environment(self) -> dict[str, str]:
        """What clients of S3 read from their environment."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def keys(self, prefix: str = "") -> list[str]:
        """The names of what is stored, in order."""
        listed = self._client().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [one["Key"] for page in listed for one in page.get("Contents", [])]

    def _client(self):
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name=REGION,
        )


@contextmanager
def serving(bucket: str = "wire") -> Iterator[ObjectStore]:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for each request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        store = ObjectStore(f"http://{host}:{port}", bucket)
        store._client().create_bucket(Bucket=bucket)
        yield store
    finally:
        server.stop()
