"""One stand-in server for the folder, empty again for every test."""

import pytest
from aws_collecting import Lab
from aws_server import aws_server


@pytest.fixture(scope="session")
def running_server():
    """The server itself: starting moto takes a second."""
    with aws_server() as server:
        for service in ("iam", "ec2", "sts", "ssm", "organizations"):
            server.warm(service)
        yield server


@pytest.fixture
def server(running_server, monkeypatch):
    """An empty server, and the environment that leads to it."""
    running_server.reset()
    for name, value in running_server.environment().items():
        monkeypatch.setenv(name, value)
    return running_server


@pytest.fixture
def lab(server, tmp_path):
    """An asker's surroundings, without a whole scan."""
    found = Lab(tmp_path)
    yield found
    found.file.close()
