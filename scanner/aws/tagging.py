"""Who can set which tag on a node, and so make it one of those a policy speaks of."""

from collections.abc import Callable
from functools import cached_property

from scanner.aws.deciding.facts import membership, node_resource
from scanner.aws.deciding.sides import Sides
from scanner.aws.iam.conditions import Missing, Seen
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.iam.statements import names_action
from scanner.aws.linking.grounds import grounds_of
from scanner.aws.model import AwsEstate, Identity, Node
from scanner.estate import Principal, Target
from scanner.grants import Because, Verdict

_INSTANCE, _MANAGED = "ec2:CreateTags", "ssm:AddTagsToResource"
#: The node is there: it is not tagged while something creates it.
_NOT_CREATED: dict[str, Seen] = {"ec2:createaction": Missing.ABSENT}


def retags(
    estate: AwsEstate,
) -> Callable[[Principal, str, Target], tuple[Because, ...]]:
    """Return what tells whether a principal can set a tag of some key on a node.

    An instance's tags are set by `ec2:CreateTags`, those of a node outside EC2 by
    `ssm:AddTagsToResource`. The value is the caller's to choose, as far as policies let
    it: what they demand of it does not count against it.
    """
    return _Tagging(estate).of


class _Tagging:
    def __init__(self, estate: AwsEstate) -> None:
        self._estate, self._sides = estate, Sides(estate)
        self._naming: dict[tuple[PolicyDocument, str], bool] = {}

    def of(self, principal: Principal, key: str, target: Target) -> tuple[Because, ...]:
        """Return the statements that allow it, then those that cut some of it."""
        identity, node = self._identities.get(principal.id), self._nodes.get(target.id)
        action = _INSTANCE if target.kind == "ec2" else _MANAGED
        if identity is None or node is None or not self._names(identity, action):
            return ()
        account = self._estate.accounts[target.scope]
        member = membership(account, self._estate.organization_of(account.id))
        resource = node_resource(node, member)
        keys: dict[str, Seen] = {"aws:tagkeys": (key,), **_NOT_CREATED}
        found = self._sides.request(identity, action, resource, keys)
        if found.settled.verdict is Verdict.DENIED:
            return ()
        sources = {one.document: one.source for one in identity.policies}
        return tuple(each.because for each in grounds_of(found.matched, sources))

    def _names(self, identity: Identity, action: str) -> bool:
        return any(self._allows(one.document, action) for one in identity.policies)

    def _allows(self, document: PolicyDocument, action: str) -> bool:
        known = document, action
        if known not in self._naming:
            self._naming[known] = any(
                one.effect == "Allow" and names_action(one, action)
                for one in document.statements
            )
        return self._naming[known]

    @cached_property
    def _identities(self) -> dict[str, Identity]:
        accounts = self._estate.accounts.values()
        return {one.principal.id: one for each in accounts for one in each.identities}

    @cached_property
    def _nodes(self) -> dict[str, Node]:
        accounts = self._estate.accounts.values()
        return {node.target.id: node for each in accounts for node in each.nodes}
