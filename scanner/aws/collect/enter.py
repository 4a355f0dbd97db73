"""Enter accounts: the caller's own, and members by assuming a role in them."""

import threading
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import boto3.session
from botocore import exceptions as sdk

from scanner.aws.arn import parse_arn
from scanner.aws.collect.ask import Caller, Scan
from scanner.aws.collect.errors import (
    ClockSkew,
    ExpiredCredentials,
    NoAnswer,
    NoCredentials,
)
from scanner.aws.collect.faults import Failed, clean
from scanner.aws.collect.session import Access, Clients
from scanner.aws.operations import ASSUME_ROLE
from scanner.errors import NothingReadable, UsageError
from scanner.evidence.lines import ErrorBody
from scanner.evidence.outcomes import Outcome

_WHO = "sts:GetCallerIdentity"
#: AWS accepts no signature that is further off (seconds).
_SKEW = 300
#: The longest session that role chaining allows; every role allows it.
_SESSION_SECONDS = 3600


def enter_caller(scan: Scan, profile: str | None) -> Access:
    """Find out whose credentials these are.

    `profile`: a name in the shared configuration, or None for the default chain.

    Raises:
        UsageError: no such profile, or a region name that cannot be one.
        NothingReadable: no credentials, expired or refused ones, a wrong clock, or no
            answer at all (see `scanner.aws.collect.errors`).
    """
    whose = f"profile {profile!r}" if profile else "the default credentials"
    try:
        session = scan.sessions.of_profile(profile)
        credentials = session.get_credentials()
        region = _first_region(scan, session)
    except (sdk.ProfileNotFound, sdk.ConfigParseError) as error:
        raise UsageError(f"{clean(str(error))}; see `aws configure list`") from None
    except sdk.BotoCoreError as error:
        raise NoCredentials(f"{whose} cannot be used: {clean(str(error))}") from None
    if credentials is None:
        raise NoCredentials(
            "no AWS credentials found; name a --profile, set AWS_PROFILE, or run "
            "`aws sso login`"
        )
    lock = threading.Lock()
    with Clients(scan.sessions, session, lock) as clients:
        answer = _identity(scan, clients, region, whose)
    arn = parse_arn(str(answer["Arn"]))
    if arn is None:
        raise NoAnswer(f"sts in {region} does not say who {whose} are")
    account = str(answer["Account"])
    return Access(account, arn.partition, region, session, profile, lock)


def _first_region(scan: Scan, session: boto3.session.Session) -> str:
    """The configured region, else the first asked for, else the SDK's first."""
    known = set(scan.places.regions())
    asked = (name for name in scan.options.regions if name in known)
    found = session.region_name or next(asked, None)
    return found or scan.places.global_region("iam:GetPolicy") or min(known)


def _identity(scan: Scan, clients: Clients, region: str, whose: str) -> dict[str, Any]:
    caller = Caller(scan, clients, "caller")
    try:
        answer = caller.call(_WHO, region, {})
    except Failed as failed:
        _check_clock(clients, region)
        raise _stopped(failed, region, whose) from None
    _check_clock(clients, region)
    return answer


def _stopped(failed: Failed, region: str, whose: str) -> NothingReadable:
    code = failed.error.code
    if failed.outcome is Outcome.EXPIRED:
        return ExpiredCredentials(
            f"{whose} have expired ({code}); renew them, for instance with "
            "`aws sso login`, and run the same scan again"
        )
    if failed.outcome is Outcome.REFUSED:
        return NoCredentials(
            f"AWS does not accept {whose} in {region} ({code}); check them, and that "
            "the region belongs to their partition"
        )
    return NoAnswer(
        f"sts in {region} gave no answer that can be used: {failed}; check the "
        "region, the network and --aws-endpoint-url"
    )


def _check_clock(clients: Clients, region: str) -> None:
    """Compare the answer's Date header with this machine's clock.

    Raises:
        ClockSkew: they differ by more than AWS accepts.
    """
    try:
        _, wire = clients.get(_WHO, region)
        there = parsedate_to_datetime(wire.headers["date"])
    except (KeyError, ValueError, TypeError, sdk.BotoCoreError):
        return  # no answer, or a server without a clock: the failure itself is told
    here = datetime.now(UTC)
    off = abs((here - there.replace(tzinfo=there.tzinfo or UTC)).total_seconds())
    if off > _SKEW:
        raise ClockSkew(
            f"this machine's clock is {off / 60:.0f} minutes off from that of AWS; "
            "set it, AWS refuses signatures more than 5 minutes off"
        )


def role_arn(base: Access, account: str, role: str) -> str:
    """Return the ARN of a role of that name in a member account."""
    return f"arn:{base.partition}:iam::{account}:role/{role.lstrip('/')}"


def enter_member(scan: Scan, base: Access, account: str, role: str) -> Access:
    """Assume a role in a member account, for an hour, renewed as needed.

    Raises:
        Failed: AWS does not let the caller in, or answers for another account.
    """

    def renew() -> dict[str, str]:
        with Clients(scan.sessions, base.session, base.lock) as clients:
            return _assumed(Caller(scan, clients, base.account), base, account, role)

    session = scan.sessions.renewed_by(renew, base.profile)
    session.get_credentials()
    lock = threading.Lock()
    with Clients(scan.sessions, session, lock) as clients:
        answer = Caller(scan, clients, account).call(_WHO, base.region, {})
    if answer["Account"] != account:
        reason = f"the role leads to another account than {account}"
        raise Failed(ErrorBody("MalformedAnswer", None, reason))
    return Access(account, base.partition, base.region, session, base.profile, lock)


def _assumed(caller: Caller, base: Access, account: str, role: str) -> dict[str, str]:
    request = {
        "RoleArn": role_arn(base, account, role),
        "RoleSessionName": "whocanrun",
        "DurationSeconds": _SESSION_SECONDS,
    }
    found = caller.call(ASSUME_ROLE, base.region, request)["Credentials"]
    try:
        return {
            "access_key": found["AccessKeyId"],
            "secret_key": found["SecretAccessKey"],
            "token": found["SessionToken"],
            "expiry_time": found["Expiration"],
        }
    except (LookupError, TypeError) as error:
        reason = f"no usable credentials in the answer: {error}"
        raise Failed(ErrorBody("MalformedAnswer", None, reason)) from None
