"""The words both providers share: principals, targets, and what is missing."""

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from scanner.evidence.outcomes import Outcome


class Provider(StrEnum):
    """Where a principal or target lives."""

    AWS = "aws"
    AZURE = "azure"


class Reachability(StrEnum):
    """Whether a command would arrive at a target now (design section 1)."""

    ONLINE = "online"
    OFFLINE = "offline"
    COULD_BE_MANAGED = "could-be-managed"
    NOT_MANAGED = "not-managed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, order=True)
class Principal:
    """Whoever can act.

    Attributes:
        id: AWS ARN; Entra object id, lower case.
        name: display name, untrusted text from the cloud.
        kind: AWS `user`, `role`, `root`, `federated`, `service`, `external`; Azure
            `user`, `group`, `service-principal`, `managed-identity`, `foreign` or
            `guest`.
        external: belongs to somebody else (partner account, foreign tenant, guest).
        scope: account id or tenant id that it lives in.
    """

    provider: Provider
    id: str
    name: str
    kind: str
    external: bool
    scope: str


class Target(msgspec.Struct, frozen=True, order=True, gc=False):
    """A VM that a command can run on; estates hold hundreds of thousands.

    Attributes:
        id: `arn:…:instance/i-…`, `arn:…:managed-instance/mi-…`, ARM id as collected.
        kind: `ec2`, `ssm-node`, `vm`, `vmss`, `arc`.
        scope: account id or subscription id.
        region: AWS region or Azure location.
        tags: key and value pairs, sorted; untrusted text from the cloud.
    """

    provider: Provider
    id: str
    name: str
    kind: str
    scope: str
    region: str
    reachability: Reachability
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """One list that is not known, and what that leaves open.

    Attributes:
        scope: account, organisation, tenant or subscription id; the file's stem.
        what: the operation (`ssm:DescribeInstanceInformation`), or `*`: broken lines.
        region: AWS region, or empty.
        params: canonical JSON of the call's parameters.
        why: the provider's or collector's code, or what is wrong with the line.
        effect: what is unknown because of it, in words.
        permission: the right to add, when the call was refused for want of one.
    """

    provider: Provider
    scope: str
    what: str
    region: str
    params: str
    outcome: Outcome
    why: str
    effect: str
    permission: str = ""

    def __str__(self) -> str:
        """Say the gap in a few words, as a reason: `111122223333 iam:… refused`."""
        where = f"{self.scope} {self.region}".strip()
        return f"{where} {self.what} {self.outcome}"
