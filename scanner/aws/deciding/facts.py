"""What evidence fixes of a request: the principal's side and the resource's side."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field

from scanner.aws.iam.conditions import Look, Missing, OneOf, Seen, Shape
from scanner.aws.iam.keys import Origin, family, never_supplied, origin
from scanner.aws.iam.patterns import literally
from scanner.aws.iam.principals import Caller, CallerKind
from scanner.aws.model import (
    UNREAD_LEVEL,
    AwsAccount,
    Forging,
    Identity,
    Node,
    Organization,
)

_KINDS = {"user": CallerKind.USER, "role": CallerKind.ROLE, "root": CallerKind.ROOT}
_TYPES = {"user": "User", "role": "AssumedRole", "root": "Account"}
#: Owner of AWS-owned resources: an account that nobody's policies name.
AWS_OWNED = "aws-owned"
#: Families of keys that a node's tags supply.
TAG_FAMILIES = ("aws:resourcetag", "ssm:resourcetag", "ec2:resourcetag")
#: A switch in the policy rather than a fact of the request: it evaluates as true.
_SWITCH = "ssm:sessiondocumentaccesscheck"


@dataclass(frozen=True, slots=True)
class Membership:
    """An account's place in an organisation, as condition values."""

    id: Seen
    paths: Seen


def membership(account: AwsAccount, organization: Organization | None) -> Membership:
    """Return `aws:PrincipalOrgID` (or ResourceOrgID) and the paths for an account."""
    if organization is None:
        absent = account.in_organization is False
        gap = Missing.ABSENT if absent else Missing.NOT_COLLECTED
        return Membership(gap, gap)
    id_: Seen = (organization.id,) if organization.id else Missing.NOT_COLLECTED
    levels = organization.paths.get(account.id, (UNREAD_LEVEL,))
    if not organization.id or UNREAD_LEVEL in levels:
        return Membership(id_, Missing.NOT_COLLECTED)
    path = "/".join([organization.id, *(n for n in levels if n != account.id), ""])
    return Membership(id_, (path,))


def caller_of(identity: Identity) -> Caller:
    """Return who an identity is to the Principal element of policies."""
    principal = identity.known
    return Caller(_KINDS[principal.kind], principal.id, principal.scope)


class PrincipalFacts:
    """Condition keys that an identity fixes.

    Attributes:
        forged: keys of the resource that it fixes, by the tags that it has set.
    """

    __slots__ = ("_fixed", "_forged", "_tags", "_untagged", "forged")

    def __init__(self, identity: Identity, member: Membership) -> None:
        """Gather the keys of one identity."""
        principal = identity.known
        self._tags: dict[str, Seen] = {
            key.lower(): (value,) for key, value in identity.tags
        }
        known = identity.tags_known
        self._untagged = Missing.ABSENT if known else Missing.NOT_COLLECTED
        if identity.free_tags:
            self._tags, self._untagged = {}, Missing.REQUEST
        for tag, value in identity.session_tags:
            self._tags[tag.lower()] = Missing.REQUEST if value is None else (value,)
        self._forged = forged_keys(identity.forging)
        self.forged = frozenset(self._forged)
        self._fixed: dict[str, Seen] = {
            "aws:principalarn": (principal.id,),
            "aws:principalaccount": (principal.scope,),
            "aws:principaltype": (_TYPES[principal.kind],),
            "aws:principalorgid": member.id,
            "aws:principalorgpaths": member.paths,
            "aws:principalisawsservice": ("false",),
            "aws:username": Missing.ABSENT,
            "aws:userid": _user_id(identity),
        }
        if principal.kind == "user":
            self._fixed["aws:username"] = (principal.id.rsplit("/", 1)[-1],)

    def __call__(self, key: str) -> Seen:
        """Return what is known of a principal key, in any case."""
        name = key.lower()
        if name.startswith("aws:principaltag/"):
            return self._tags.get(name.partition("/")[2], self._untagged)
        found = self._fixed.get(name)
        return self._forged.get(name, Missing.ABSENT) if found is None else found


def resource_tag(key: str) -> bool:
    """Tell whether a condition key, in lower case, is about a tag of a resource."""
    return key.startswith(TAG_FAMILIES)


def forged_keys(forging: Forging | None) -> dict[str, Seen]:
    """Return the condition keys that tags set on a resource fix."""
    found: dict[str, Seen] = {}
    for tag, value in forging.tags if forging else ():
        seen: Seen = Missing.REQUEST if value is None else (value,)
        for name in TAG_FAMILIES:
            found[f"{name}/{tag.lower()}"] = seen
    return found


def _user_id(identity: Identity) -> Seen:
    """A role's user id ends in the session's name, which only a request fixes."""
    principal = identity.known
    if principal.kind == "root":
        return (principal.scope,)
    if not identity.unique_id:
        return Missing.NOT_COLLECTED
    if principal.kind == "user":
        return (identity.unique_id,)
    return Shape(f"{literally(identity.unique_id)}:*")


@dataclass(frozen=True, eq=False, slots=True)
class Resource:
    """One thing that policies authorise on, and the condition keys it fixes.

    Attributes:
        kind: as in `AwsVector.needs`.
        label: what a report calls it: a document's name or pattern.
        tags: values by tag key in lower case; UNREAD or NOT_COLLECTED as a whole.
        fixed: other keys, in lower case.
        doubt: why it is not certain that it is of use; empty where it is.
        unlisted: a document that may exist where evidence does not list documents.
    """

    arn: str
    kind: str
    region: str
    label: str = ""
    tags: Mapping[str, Seen] | Missing = field(default_factory=dict)
    fixed: Mapping[str, Seen] = field(default_factory=dict)
    doubt: str = ""
    unlisted: bool = False

    def __call__(self, key: str) -> Seen:
        """Return what is known of a key that resources supply."""
        name = key.lower()
        if name in self.fixed:
            return self.fixed[name]
        if "/" not in name:
            return Missing.REQUEST
        if isinstance(self.tags, Missing):
            return self.tags
        return self.tags.get(name.partition("/")[2], Missing.ABSENT)


def tags_by_key(tags: tuple[tuple[str, str], ...]) -> dict[str, Seen]:
    """Index tags as condition keys do: without case, so that two keys may collide."""
    found: dict[str, list[str]] = {}
    for key, value in tags:
        found.setdefault(key.lower(), []).append(value)
    return {
        key: (values[0],) if len(values) == 1 else OneOf(tuple(values))
        for key, values in found.items()
    }


def node_resource(node: Node, member: Membership) -> Resource:
    """Return a node as a resource."""
    target = node.target
    return Resource(
        target.id,
        "instance" if target.kind == "ec2" else "managed-instance",
        target.region,
        tags=tags_by_key(target.tags) if node.tags_known else Missing.NOT_COLLECTED,
        fixed=owner_facts(target.scope, target.region, member),
    )


def owner_facts(account: str, region: str, member: Membership) -> dict[str, Seen]:
    """Return the keys that a resource's account and region fix."""
    return {
        "aws:resourceaccount": (account,),
        "aws:resourceorgid": member.id,
        "aws:resourceorgpaths": member.paths,
        "aws:requestedregion": (region,),
        "ec2:region": (region,),
    }


def looking(
    principal: Look, resource: Resource, service: str, supplied: frozenset[str] | None
) -> Look:
    """Return what is known of any key when a principal asks for a resource.

    Args:
        principal: the principal's facts.
        resource: the resource's.
        service: prefix of the action.
        supplied: families of keys that the action supplies, in lower case; None when
            its keys are not catalogued, and any may be supplied.
    """

    def look(key: str) -> Seen:
        if origin(key, service) is Origin.PRINCIPAL:
            return principal(key)
        return asking(key, service, supplied)(resource)

    return look


@dataclass(frozen=True, slots=True)
class Always:
    """An answer that does not depend on the resource."""

    seen: Seen

    def __call__(self, _: Resource) -> Seen:
        """Return the answer."""
        return self.seen


def asking(
    key: str,
    service: str,
    supplied: frozenset[str] | None,
    fixed: Container[str] | None = None,
) -> Callable[[Resource], Seen]:
    """Return how to ask any resource for a key that is not the principal's.

    Args:
        key: the condition key.
        service: prefix of the action.
        supplied: as for `looking`.
        fixed: every key that some resource fixes, where that is known: others have one
            answer, `Always`.
    """
    name, source = key.lower(), origin(key, service)
    listed = supplied is not None and family(key) in supplied
    if name == _SWITCH and service == "ssm":
        return Always(("true",))
    if source is Origin.RESOURCE:
        if listed or supplied is None or "/" not in name:
            return lambda resource: resource(name)
        return Always(Missing.ABSENT)
    otherwise = _of_request(key, source, listed, supplied is None)
    known = fixed is None or name in fixed
    if known and (listed or source is Origin.REQUEST):
        return lambda resource: resource.fixed.get(name, otherwise)
    return Always(otherwise)


def _of_request(key: str, source: Origin, listed: bool, uncatalogued: bool) -> Missing:
    """Say why a key that no resource fixes has no value."""
    if source is Origin.UNKNOWN:
        return Missing.UNKNOWN_KEY
    if listed or source is Origin.REQUEST:
        return Missing.REQUEST
    if source is Origin.ACTION and uncatalogued:
        return Missing.REQUEST
    return Missing.ABSENT if never_supplied(key, source) else Missing.UNKNOWN_KEY
