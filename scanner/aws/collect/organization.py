"""The organization: its tree and control policies, delegation, Identity Center."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from scanner.aws.collect.ask import Asker
from scanner.aws.collect.plan import Ask, Each, Params, carry_out, taking
from scanner.evidence.lines import ErrorBody

FILE = "aws/organization.jsonl"
DESCRIBE = "organizations:DescribeOrganization"
_CONTROLS = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")
_ACTIVE = "ACTIVE"


@dataclass(frozen=True, slots=True)
class Member:
    """An account as Organizations lists it; `state` is why it would be skipped."""

    account: str
    name: str | None
    state: str

    @property
    def active(self) -> bool:
        """True unless it is suspended, closed, being closed or not yet made."""
        return self.state == _ACTIVE


def described(asker: Asker, region: str) -> dict[str, Any] | None:
    """Return the organization that an account is in; None when it does not say."""
    found: dict[str, Any] | None = None
    for page in asker.ask(DESCRIBE, region):
        found = page["Organization"]
    return found


def members(asker: Asker, region: str) -> Iterator[Member]:
    """Yield the accounts of the organization; a refusal is recorded and ends them."""
    op = "organizations:ListAccounts"
    for page in asker.ask(op, region):
        for row in page["Accounts"]:
            if not row.get("Id"):
                fault = ErrorBody("MalformedAnswer", None, "an account without an id")
                asker.fault(op, region, {}, fault)
                continue
            # `Status` gave way to `State`, which knows more words; either may be there.
            state = row.get("State") or row.get("Status") or _ACTIVE
            yield Member(row["Id"], row.get("Name"), state)


def collect_tree(asker: Asker, region: str, accounts: Iterable[str]) -> None:
    """Ask roots, units, accounts, and the control policies at every one of them.

    `accounts` are asked for their policies even when the tree cannot be read: an
    account that may not see the tree may still see its own.
    """
    targets = [*_roots_and_units(asker, region), *sorted(set(accounts))]
    policies: set[str] = set()
    for target in targets:
        for kind in _CONTROLS:
            params = {"TargetId": target, "Filter": kind}
            for page in asker.ask(
                "organizations:ListPoliciesForTarget", region, params
            ):
                policies.update(row["Id"] for row in page["Policies"] if row.get("Id"))
    for policy in sorted(policies):
        params = {"PolicyId": policy}
        carry_out(asker, region, Ask("organizations:DescribePolicy", params))


def _roots_and_units(asker: Asker, region: str) -> Iterator[str]:
    waiting = [
        row["Id"]
        for page in asker.ask("organizations:ListRoots", region)
        for row in page["Roots"]
        if row.get("Id")
    ]
    while waiting:
        parent = waiting.pop()
        yield parent
        params = {"ParentId": parent}
        carry_out(asker, region, Ask("organizations:ListAccountsForParent", params))
        op = "organizations:ListOrganizationalUnitsForParent"
        for page in asker.ask(op, region, params):  # asked once: a cycle ends here
            rows = page["OrganizationalUnits"]
            waiting.extend(row["Id"] for row in rows if row.get("Id"))


_DELEGATION = (
    Ask(
        "organizations:ListDelegatedAdministrators",
        then=(
            Each(
                "DelegatedAdministrators",
                "organizations:ListDelegatedServicesForAccount",
                taking(AccountId="Id"),
            ),
        ),
    ),
    Ask("organizations:ListAWSServiceAccessForOrganization"),
)


def collect_delegation(asker: Asker, region: str) -> None:
    """Ask who administers what for the organization, and which services act in it."""
    for call in _DELEGATION:
        carry_out(asker, region, call)


def collect_identity_center(asker: Asker, regions: Iterable[str]) -> None:
    """Ask Identity Center, which lives in one region, of which no list exists."""
    for region in regions:
        instances = [
            row
            for page in asker.ask("sso-admin:ListInstances", region)
            for row in page["Instances"]
        ]
        for instance in instances:
            _instance(asker, region, instance)
        if instances:
            return


def _instance(asker: Asker, region: str, instance: dict[str, Any]) -> None:
    arn, store = instance.get("InstanceArn"), instance.get("IdentityStoreId")
    if arn:
        params = {"InstanceArn": arn}
        carry_out(
            asker, region, Ask("sso-admin:ListPermissionSets", params, _PERMISSION_SET)
        )
        carry_out(asker, region, Ask("sso-admin:ListTrustedTokenIssuers", params))
    if store:
        params = {"IdentityStoreId": store}
        carry_out(asker, region, Ask("identitystore:ListUsers", params))
        carry_out(asker, region, Ask("identitystore:ListGroups", params, _MEMBERSHIPS))


def _of_set(params: Params, row: Any) -> Params:
    return {"InstanceArn": params["InstanceArn"], "PermissionSetArn": row}


def _assignments(params: Params, row: Any) -> Params:
    return {**params, "AccountId": row}


_SET_CALLS = (
    "sso-admin:DescribePermissionSet",
    "sso-admin:ListManagedPoliciesInPermissionSet",
    "sso-admin:ListCustomerManagedPolicyReferencesInPermissionSet",
    "sso-admin:GetInlinePolicyForPermissionSet",
    "sso-admin:GetPermissionsBoundaryForPermissionSet",
)
_PERMISSION_SET = (
    *(Each("PermissionSets", op, _of_set) for op in _SET_CALLS),
    Each(
        "PermissionSets",
        "sso-admin:ListAccountsForProvisionedPermissionSet",
        _of_set,
        (Each("AccountIds", "sso-admin:ListAccountAssignments", _assignments),),
    ),
)
_MEMBERSHIPS = (
    Each(
        "Groups",
        "identitystore:ListGroupMemberships",
        lambda params, row: {**params, "GroupId": row["GroupId"]},
    ),
)
