"""An empty bucket → an S3 store on this machine (moto), behind a proxy that can be made faulty; ``s3://`` means it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from urllib.request import Request, urlopen

from logs.faulty_proxy import FaultyProxy

__all__ = ["BUCKET", "S3Store", "s3_store"]

BUCKET = "bucket"


class S3Store:
    """The store, and how many requests came."""

    def __init__(self, url: str, proxy: FaultyProxy) -> None:
        import boto3

        self.proxy = proxy
        self.client: Any = boto3.client("s3", endpoint_url=url)
        self.client.create_bucket(Bucket=BUCKET)

    def keys(self) -> list[str]:
        """Everything in the bucket."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def put(self, key: str, data: bytes) -> None:
        """One object."""
        self.client.put_object(Bucket=BUCKET, Key=key, Body=data)


@contextmanager
def s3_store() -> Iterator[S3Store]:
    """A store until the block ends."""
    import s3fs
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        with (
            FaultyProxy(port) as proxy,
            patch.dict(os.environ, environment(f"http://127.0.0.1:{proxy.port}")),
        ):
            s3fs.S3FileSystem.clear_instance_cache()
            urlopen(Request(f"http://{host}:{port}/moto-api/reset", method="POST")).close()
            yield S3Store(f"http://{host}:{port}", proxy)
    finally:
        s3fs.S3FileSystem.clear_instance_cache()
        server.stop()


def environment(url: str) -> dict[str, str]:
    """What makes this process and those that it starts use the store."""
    return {
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": url,
        "S3_ENDPOINT": url,
        "NO_PROXY": "127.0.0.1",
    }
