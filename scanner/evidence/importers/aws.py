"""AWS CLI JSON: answers recognised by their members, placed by their ARNs."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from scanner.aws.arn import Arn, parse_arn
from scanner.evidence.importers.answers import (
    ACCOUNT,
    REGION,
    Answer,
    Source,
    count_rows,
    rows_of,
)
from scanner.evidence.importers.aws_shapes import SHAPES, Reach, Shape
from scanner.evidence.lines import SeriesKey, canonical
from scanner.evidence.partial import names_more

#: Where global services answer, by partition.
_HOME = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
#: Stands for an answer without ARNs: the ordinary partition, nothing else known.
NO_ARN = Arn("aws", "", "", "", "")
_PRINCIPALS = ("UserDetailList", "RoleDetailList", "GroupDetailList")
#: Services whose answers are about the whole organization.
ORGANIZATION_SERVICES = ("organizations", "sso-admin", "identitystore")
Body = dict[str, Any]


def answers(source: Source, body: Body) -> Iterator[Answer] | None:
    """Yield what an AWS CLI answer holds, or return None when it is not one.

    Args:
        source: the file, with what options and other files say.
        body: its JSON object.

    Raises (while iterating):
        NeedsMore: neither the answer nor an option says which account or region.
        UnusableInput: what it was asked for cannot be told from the file.
    """
    if any(name in body for name in _PRINCIPALS):
        return _authorization_details(source, body)
    if isinstance(body.get("Reservations"), list):
        return _instances(source, body)
    if isinstance(body.get("InstanceInformationList"), list):
        return _nodes(source, body)
    fitting = [shape for shape in SHAPES if shape.fits(body)]
    return _by_shape(source, body, fitting) if fitting else None


def _by_shape(source: Source, body: Body, fitting: list[Shape]) -> Iterator[Answer]:
    missing = ""
    if len({shape.member for shape in fitting}) > 1:
        named = ", ".join(sorted({shape.op for shape in fitting}))
        raise source.refuse(f"holds several answers ({named})", "split it")
    for shape in fitting:
        params = {name: take(source, body) for name, take in shape.params.items()}
        missing = next((name for name, value in params.items() if not value), "")
        if not missing:
            yield _placed(source, body, shape, params)
            return
    reason = f"{shape.op}: the {missing} it was asked for is not in it"
    raise source.refuse(reason, "put it into the file's name, or scan instead")


def _placed(source: Source, body: Body, shape: Shape, params: dict[str, str]) -> Answer:
    arn = next(shape.arns(body), NO_ARN)
    account, region = arn.account, arn.region
    if shape.reach is Reach.ORGANIZATION:
        account = account or source.context.options.account
        return _answer(shape.op, body, account, _home(arn), params)
    account = account or source.account()
    if shape.reach is Reach.GLOBAL:
        region = _home(arn)
    region = region or source.region()
    return _answer(shape.op, body, account, region, params)


def _authorization_details(source: Source, body: Body) -> Iterator[Answer]:
    """Place an account by its users, groups and roles: policies may be AWS's own."""
    rows = [row for name in _PRINCIPALS for row in rows_of(body.get(name))]
    arns = [parse_arn(str(row.get("Arn"))) for row in rows]
    owned = {arn.account: arn for arn in arns if arn and ACCOUNT.fullmatch(arn.account)}
    if len(owned) > 1:
        raise source.refuse(
            f"holds principals of several accounts ({', '.join(sorted(owned))})",
            "export each account on its own",
        )
    arn = next(iter(owned.values()), NO_ARN)
    account = arn.account or source.account()
    op = "iam:GetAccountAuthorizationDetails"
    yield _answer(op, body, account, _home(arn), {})


def _home(arn: Arn) -> str:
    return _HOME.get(arn.partition, "")


def _instances(source: Source, body: Body) -> Iterator[Answer]:
    """Split instances by owner and region: an answer may be several calls' merged."""
    by_place: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
    for reservation in source.objects(body["Reservations"]):
        owner = ACCOUNT.fullmatch(str(reservation.get("OwnerId")))
        place = owner.group() if owner else "", _region_of(reservation)
        by_place[place].append(reservation)
    op, member = "ec2:DescribeInstances", "Reservations"
    yield from _split(source, body, op, member, by_place)


def _region_of(reservation: Body) -> str:
    """Derive the region from a zone (`eu-west-1b`, `us-west-2-lax-1a`)."""
    for instance in rows_of(reservation.get("Instances")):
        for placement in rows_of(instance.get("Placement")):
            zone = str(placement.get("AvailabilityZone"))
            if found := REGION.match(zone):
                return found.group()
    return ""


def _nodes(source: Source, body: Body) -> Iterator[Answer]:
    """Place nodes by the instances they are: the answer names no account or region."""
    by_place: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
    known = source.context.nodes
    rows = source.objects(body["InstanceInformationList"])
    if rows:
        source.wait()  # instances may be in a file that comes later
    places = {known[i] for i in map(_node_id, rows) if i in known}
    only = next(iter(places)) if len(places) == 1 else ("", "")  # one call, one place
    for row in rows:
        by_place[known.get(_node_id(row), only)].append(row)
    op, member = "ssm:DescribeInstanceInformation", "InstanceInformationList"
    yield from _split(source, body, op, member, by_place)


def _node_id(row: Body) -> str:
    return str(row.get("InstanceId"))


def _split(
    source: Source,
    body: Body,
    op: str,
    member: str,
    by_place: dict[tuple[str, str], list[Any]],
) -> Iterator[Answer]:
    placed: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
    for (account, region), rows in (by_place or {("", ""): []}).items():
        account = account or source.account()
        placed[account, region or source.region()] += rows
    for (account, region), rows in sorted(placed.items()):
        yield _answer(op, {**body, member: rows}, account, region, {})


def _answer(
    op: str, body: Body, account: str, region: str, params: dict[str, str]
) -> Answer:
    organization = op.partition(":")[0] in ORGANIZATION_SERVICES
    stem = "organization" if organization else account
    key = SeriesKey(op, account, region, params=canonical(params))
    last = not names_more(body)
    return Answer(f"aws/{stem}.jsonl", key, body, last, count_rows(body))
