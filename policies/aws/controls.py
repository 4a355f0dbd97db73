"""A8 and A9: guard rails of the organization, with exceptions for who must pass."""

import re
from collections.abc import Iterable, Mapping

from policies.aws import changes, statements
from policies.aws.index import PlanIndex
from policies.aws.statements import Json
from policies.aws.wanted import Wanted
from policies.limits import CONTROL_POLICY, CONTROL_SLOTS, size_of
from policies.remediation import Change
from policies.wishes import Wishes
from scanner.aws.model import Organization
from scanner.aws.vectors import catalogue
from scanner.grants import Tier
from scanner.graph import AccessGraph

#: Everybody may do what no SCP at all would deny.
_ROOT = "whocanrun-no-commands-by-root"
_SSO_ROLE = re.compile(
    r"arn:(?P<partition>[^:]+):iam::(?P<account>\d+):role/aws-reserved/"
    r"sso\.amazonaws\.com/(?:[^/]+/)?(?P<name>AWSReservedSSO_.+)_[0-9a-f]{16}"
)
_WHO = "aws:PrincipalArn"
_COMMANDS = (Tier.DIRECT, Tier.INDIRECT)


def command_actions() -> tuple[str, ...]:
    """Return the operations by which a command is run or prepared, sorted.

    A service dispatches what was created: so the creating operations are denied to
    callers, and nothing exempts calls that come by way of a service.
    """
    found = {one.action for one in catalogue().covered if one.vector.tier in _COMMANDS}
    return tuple(sorted(found))


class Controls:
    """SCPs and RCPs of the plan; each account gets one, shared by its findings."""

    def __init__(
        self, index: PlanIndex, graph: AccessGraph, wanted: Wanted, wishes: Wishes
    ) -> None:
        """Remember the estate, who is to lose what, and who must not."""
        self._index, self._graph = index, graph
        self._wanted, self._wishes = wanted, wishes
        self._of_account: dict[str, tuple[Change, ...] | None] = {}
        self._holding = _by_account(graph)

    def fence_root(self, account: str) -> tuple[Change, ...] | None:
        """A8: an SCP that denies the vectors to the account's root user alone."""
        block = {"ArnLike": {_WHO: ["arn:*:iam::*:root"]}}
        root = (id_ for id_ in self._holding.get(account, ()) if id_.endswith(":root"))
        return self._attached(_ROOT, account, command_actions(), block, tuple(root))

    def fence_account(self, account: str) -> tuple[Change, ...] | None:
        """A8: an SCP that denies to all but those who must keep it.

        Exempt are whoever holds a vector and has no finding that asks for it, and who
        was approved. None where no SCP binds, or where it does not fit.
        """
        if account not in self._of_account:
            self._of_account[account] = self._fence(account)
        return self._of_account[account]

    def _fence(self, account: str) -> tuple[Change, ...] | None:
        holders = self._holding.get(account, {})
        losing = {id_ for id_ in holders if id_ in self._wanted.of}
        if any(self._wanted.of[id_].narrowed for id_ in losing):
            return None
        actions = frozenset[str]().union(
            *(self._wanted.of[id_].vectors for id_ in losing)
        )
        staying = [
            id_ for id_, held in holders.items() if id_ not in losing and held & actions
        ]
        wrong = [
            id_
            for id_ in losing
            if (holders[id_] & actions) - self._wanted.of[id_].vectors
        ]
        if not losing or wrong:
            return None
        exempt = {pattern_of(id_) for id_ in (*staying, *self._break_glass(account))}
        block = {"ArnNotLike": {_WHO: sorted(exempt)}} if exempt else {}
        name = f"whocanrun-commands-{account}"
        everybody = (*losing, *staying)
        return self._attached(name, account, sorted(actions), block, everybody)

    def _break_glass(self, account: str) -> Iterable[str]:
        approved = self._wishes.config.approved
        named = (*approved.break_glass, *approved.principals)
        return (one for one in named if one.startswith("arn:") and account in one)

    def _attached(
        self,
        name: str,
        account: str,
        actions: Iterable[str],
        block: Mapping[str, Json],
        affects: tuple[str, ...],
    ) -> tuple[Change, ...] | None:
        organization = self._index.estate.organization_of(account)
        if organization is None or account == organization.management_account:
            return None
        if account not in organization.paths or organization.scp_enabled is False:
            return None
        level = organization.scps.get(account)
        taken = len(level.policies) + len(level.unread) if level else 0
        statement = {**statements.deny(actions, "DenyCommands"), "Condition": block}
        if not block:
            del statement["Condition"]
        content = {"Version": "2012-10-17", "Statement": [statement]}
        if size_of(content) > CONTROL_POLICY.value or taken >= CONTROL_SLOTS.value:
            return None
        owner = organization.management_account
        title = f"Create SCP {name}"
        new = changes.create_control("A8", name, owner, content, title, ())
        created = () if name in organization.scp_policies else (new,)
        return (
            *created,
            changes.attach_control("A8", name, account, owner, affects),
        )


def fence_entries(
    organization: Organization, partners: Iterable[str], affects: Iterable[str]
) -> tuple[Change, ...] | None:
    """A9: an RCP that lets nobody of outside assume roles, but named partners.

    People who come by an identity provider are left alone: they have no account.
    Attached at the root of the organization; None when that was not read.
    """
    path = next((path for path in organization.paths.values() if path), ())
    root = path[0] if path else ""
    if not root.startswith("r-") or organization.rcp_enabled is False:
        return None
    block: Json = {
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": organization.id},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }
    named = sorted(partners)
    if named:
        block["StringNotEqualsIfExists"]["aws:PrincipalAccount"] = named
    statement = {
        "Sid": "OnlyOursAndNamedPartners",
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["sts:AssumeRole"],
        "Resource": "*",
        "Condition": block,
    }
    content = {"Version": "2012-10-17", "Statement": [statement]}
    if size_of(content) > CONTROL_POLICY.value:
        return None
    name, owner = "whocanrun-entry-by-ours-only", organization.management_account
    title = f"Create RCP {name}"
    return (
        changes.create_control("A9", name, owner, content, title, ()),
        changes.attach_control("A9", name, root, owner, affects),
    )


def pattern_of(id_: str) -> str:
    """Return how an exception names a principal.

    Roles of Identity Center end in digits that change when they are made again, and
    their path holds a region: they are named by pattern.
    """
    match = _SSO_ROLE.fullmatch(id_)
    if match is None:
        return id_
    head = f"arn:{match['partition']}:iam::{match['account']}:role/aws-reserved"
    return f"{head}/sso.amazonaws.com/*{match['name']}_*"


def _by_account(graph: AccessGraph) -> dict[str, dict[str, frozenset[str]]]:
    """Return who of each account holds which vectors."""
    found: dict[str, dict[str, frozenset[str]]] = {}
    for holding in graph.holdings:
        vectors = frozenset(grant.vector.id for grant in holding.grants)
        for principal in holding.principals:
            found.setdefault(principal.scope, {})[principal.id] = vectors
    return found
