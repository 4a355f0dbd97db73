"""Small words for IAM: statements, policies, principals, as the API returns them."""

import hashlib
from typing import Any

Json = dict[str, Any]
CREATED = "2024-03-04T09:00:00Z"


def allow(actions: Any, resources: Any = "*", **more: Any) -> Json:
    """Return an Allow statement; `sid` and `when` (conditions) are optional."""
    return _statement("Allow", actions, resources, **more)


def deny(actions: Any, resources: Any = "*", **more: Any) -> Json:
    """Return a Deny statement."""
    return _statement("Deny", actions, resources, **more)


def _statement(
    effect: str,
    actions: Any,
    resources: Any,
    sid: str | None = None,
    when: Json | None = None,
) -> Json:
    found: Json = {"Sid": sid} if sid else {}
    found |= {"Effect": effect, "Action": actions, "Resource": resources}
    return found | ({"Condition": when} if when else {})


def document(*statements: Json) -> Json:
    """Return a policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trust(principal: Json, action: str = "sts:AssumeRole", when: Any = None) -> Json:
    """Return a trust policy with one statement."""
    found: Json = {"Effect": "Allow", "Principal": principal, "Action": action}
    return document(found | ({"Condition": when} if when else {}))


def unique(prefix: str, *parts: str) -> str:
    """Return an id such as `AROA…` that is always the same for the same thing."""
    digest = hashlib.sha256("/".join(parts).encode()).hexdigest().upper()
    return prefix + digest[:17]


class Account:
    """Collects one account's IAM, then answers `GetAccountAuthorizationDetails`."""

    def __init__(self, number: str) -> None:
        self.id = number
        self.users: list[Json] = []
        self.groups: list[Json] = []
        self.roles: list[Json] = []
        self.policies: dict[str, Json] = {}

    def arn(self, kind: str, name: str, path: str = "/") -> str:
        """Return `arn:aws:iam::<account>:<kind><path><name>`."""
        return f"arn:aws:iam::{self.id}:{kind}{path}{name}"

    def managed(self, name: str, body: Json, owner: str | None = None) -> str:
        """Add a managed policy (`owner="aws"` for AWS's own) and return its ARN."""
        arn = f"arn:aws:iam::{owner or self.id}:policy/{name}"
        version = {"Document": body, "VersionId": "v1", "IsDefaultVersion": True}
        self.policies[arn] = {
            "PolicyName": name.rsplit("/", 1)[-1],
            "PolicyId": unique("ANPA", arn),
            "Arn": arn,
            "Path": "/" + "".join(name.rpartition("/")[:2]),
            "DefaultVersionId": "v1",
            "AttachmentCount": 1,
            "PermissionsBoundaryUsageCount": 0,
            "IsAttachable": True,
            "CreateDate": CREATED,
            "UpdateDate": CREATED,
            "PolicyVersionList": [{**version, "CreateDate": CREATED}],
        }
        return arn

    def group(self, name: str, attached: list[str], inline: Json | None = None) -> None:
        """Add an IAM group."""
        self.groups.append(
            {
                "Path": "/",
                "GroupName": name,
                "GroupId": unique("AGPA", self.id, name),
                "Arn": self.arn("group", name),
                "CreateDate": CREATED,
                "GroupPolicyList": _inline(inline),
                "AttachedManagedPolicies": _attached(attached),
            }
        )

    def user(
        self,
        name: str,
        groups: tuple[str, ...] = (),
        attached: tuple[str, ...] = (),
        inline: Json | None = None,
        boundary: str | None = None,
    ) -> None:
        """Add an IAM user."""
        found = self._entity("user", "AIDA", name, "/", attached, boundary)
        named = {"UserName": name, "GroupList": list(groups)}
        self.users.append({**named, **found, "UserPolicyList": _inline(inline)})

    def role(
        self,
        name: str,
        trusted: Json,
        attached: tuple[str, ...] = (),
        inline: Json | None = None,
        path: str = "/",
        boundary: str | None = None,
        profile: bool = False,
        last_used: str | None = None,
        tags: dict[str, str] | None = None,
    ) -> str:
        """Add a role (with an instance profile of the same name) and return its ARN."""
        found = self._entity("role", "AROA", name, path, attached, boundary)
        profiles = [self._profile(name, path)] if profile else []
        used = {"LastUsedDate": last_used, "Region": "eu-west-1"} if last_used else {}
        labels = [{"Key": k, "Value": v} for k, v in (tags or {}).items()]
        self.roles.append(
            {
                "RoleName": name,
                **found,
                "AssumeRolePolicyDocument": trusted,
                "InstanceProfileList": profiles,
                "RolePolicyList": _inline(inline),
                "Tags": labels,
                "RoleLastUsed": used,
            }
        )
        return str(found["Arn"])

    def details(self) -> Json:
        """Return the answer of `iam:GetAccountAuthorizationDetails`."""
        return {
            "UserDetailList": self.users,
            "GroupDetailList": self.groups,
            "RoleDetailList": self.roles,
            "Policies": list(self.policies.values()),
            "IsTruncated": False,
        }

    def _profile(self, name: str, path: str) -> Json:
        arn = self.arn("instance-profile", name, path)
        named = {"InstanceProfileName": name, "Path": path, "Arn": arn}
        code = unique("AIPA", arn)
        return {**named, "InstanceProfileId": code, "CreateDate": CREATED, "Roles": []}

    def _entity(
        self,
        kind: str,
        prefix: str,
        name: str,
        path: str,
        attached: tuple[str, ...],
        boundary: str | None,
    ) -> Json:
        arn = self.arn(kind, name, path)
        found: Json = {
            "Path": path,
            f"{kind.title()}Id": unique(prefix, arn),
            "Arn": arn,
            "CreateDate": CREATED,
            "AttachedManagedPolicies": _attached(attached),
        }
        if boundary:
            limit = {"PermissionsBoundaryType": "Policy"}
            limit["PermissionsBoundaryArn"] = boundary
            found["PermissionsBoundary"] = limit
        return found


def _attached(arns: Any) -> list[Json]:
    return [{"PolicyName": a.rsplit("/", 1)[-1], "PolicyArn": a} for a in arns]


def _inline(documents: Json | None) -> list[Json]:
    found = (documents or {}).items()
    return [{"PolicyName": name, "PolicyDocument": body} for name, body in found]
