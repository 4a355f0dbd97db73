"""Partitions, regions and services as the SDK knows them."""

import socket
import threading

import pytest
from aws_collecting import Lab, options
from aws_server import ACCOUNT

from scanner.aws.collect.ask import Asker, Caller
from scanner.aws.collect.places import Places, check_regions
from scanner.aws.collect.session import Clients, Sessions
from scanner.errors import UsageError
from scanner.evidence.outcomes import Outcome


@pytest.fixture(scope="module")
def places():
    return Places(Sessions(options()).loader)


@pytest.mark.parametrize(
    ("partition", "region"),
    [
        ("aws", "us-east-1"),
        ("aws-cn", "cn-north-1"),
        ("aws-us-gov", "us-gov-west-1"),
        (None, "us-east-1"),
    ],
)
def test_iam_lives_in_one_region_of_each_partition(places, partition, region):
    """Its answers are filed there; no partition is spelled out in the collector."""
    assert places.global_region("iam:GetPolicy", partition) == region


def test_regional_services_have_no_such_region(places):
    """The twin: EC2 has to be asked everywhere."""
    assert places.global_region("ec2:DescribeInstances", "aws") is None
    assert places.global_region("iam:GetPolicy", "aws-nowhere") is None


def test_near_names_are_offered(places):
    """A typing mistake is answered with what it may have meant."""
    with pytest.raises(UsageError, match="eu-west-1"):
        check_regions(["eu-west-11"], places.regions("aws"))
    with pytest.raises(UsageError, match="--help"):
        check_regions(["zzzzzz"], places.regions("aws"))
    check_regions(["eu-west-1"], places.regions("aws"))


@pytest.mark.parametrize(
    ("before", "op", "missing"),
    [
        (["ec2:DescribeInstances"], "fis:ListExperimentTemplates", True),
        ([], "fis:ListExperimentTemplates", False),
        (["ec2:DescribeInstances"], "ssm:DescribeInstanceInformation", False),
    ],
)
def test_a_service_without_a_name_is_missing_where_others_answer(
    server, monkeypatch, tmp_path, before, op, missing
):
    """AWS has no name for a service that a region lacks; SSM is never missing.

    The twins: nothing else answered there, or a base list. Both stay gaps.
    """
    monkeypatch.setenv("AWS_ENDPOINT_URL_FIS", "http://fis.invalid")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", "http://ssm.invalid")
    resolver_answers = errno_of("fis.invalid") == socket.EAI_NONAME
    lab = Lab(tmp_path)
    sessions = lab.scan.sessions
    clients = Clients(sessions, sessions.of_profile(None), threading.Lock())
    asker = Asker(Caller(lab.scan, clients, ACCOUNT), ACCOUNT, lab.file, lab.state)
    for asked in [*before, op]:
        list(asker.ask(asked, "eu-west-1"))
    found = lab.recorded(op, "eu-west-1")
    lab.file.close()

    unsupported = missing and resolver_answers
    assert (found.outcome is Outcome.UNSUPPORTED) == unsupported
    assert found.outcome.is_gap != unsupported


def errno_of(name):
    """Return how this machine's resolver refuses a name that cannot exist."""
    with pytest.raises(socket.gaierror) as error:
        socket.getaddrinfo(name, 80)
    return error.value.errno
