"""An S3 of the tests' own: moto's server in a thread, told of by the AWS_* variables alone."""

import logging
import uuid
from contextlib import contextmanager

import fsspec

SECRET = "not-for-files"


@contextmanager
def s3_server():
    """URL of moto's server on a free port."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


def variables(url, nowhere):
    """What a process has to be told to use that server, and nothing of this machine's."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "fleet",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(nowhere),
        "AWS_SHARED_CREDENTIALS_FILE": str(nowhere),
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }


class Bucket:
    """A new one."""

    def __init__(self):
        self.name = f"b{uuid.uuid4().hex}"
        self.url = f"s3://{self.name}/fleet"
        self.files = fsspec.filesystem("s3", use_listings_cache=False)
        self.files.mkdir(self.name)

    def content(self, under=""):
        """Bytes by key, below fleet/."""
        root = f"{self.name}/fleet/"
        return {key.removeprefix(root): self.files.cat_file(key) for key in self.files.find(root + under)}
