"""Comparing decisions pair by pair, for tests that change estates."""

from policies.proof.classes import key_of
from policies.remediation import Change
from policies.resources import Resource, ResourceKind
from scanner.analysis import decide_aws_half, decide_azure_half
from scanner.aws.model import AwsEstate


def change(kind, id_, name="", *, before=None, after=None, scope=""):
    """A change of one object, with nothing for people to read."""
    resource = Resource(ResourceKind(kind), id_, name, scope)
    return Change("A2", id_, "", before, after, "", (), resource)


def pairs_of(decided):
    """Every pair that is not denied, to what it is compared by."""
    return {
        (principal.id, grant.vector.id, target.id): key_of(grant.decision)
        for grant in decided.grants
        for principal in grant.principals
        for target in grant.targets
    }


def hops_of(decided):
    """Every hop, to what it is compared by."""
    return {
        (edge.kind, edge.source, edge.target): (
            edge.verdict,
            frozenset(edge.conditions),
        )
        for edge in decided.edges
    }


def decisions(estate):
    """Pairs and hops of one half."""
    decide = decide_aws_half if isinstance(estate, AwsEstate) else decide_azure_half
    decided = decide(estate)
    return pairs_of(decided), hops_of(decided)


def different(one, other):
    """The keys of two mappings that differ."""
    return {key for key in {*one, *other} if one.get(key) != other.get(key)}
