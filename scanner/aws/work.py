"""What AWS identities may do besides commanding nodes: the rights of other work."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property

from scanner.aws.iam.documents import PolicyDocument, Statement
from scanner.aws.iam.patterns import covers_everything
from scanner.aws.iam.statements import names_action
from scanner.aws.model import AwsEstate, Identity
from scanner.aws.vectors import catalogue
from scanner.estate import Principal
from scanner.grants import Tier

#: Services whose rights belong to commanding nodes, to signing in or to looking on.
_RELATED = frozenset(
    {
        *("ec2", "ec2messages", "ec2-instance-connect", "tag", "resource-groups"),
        *("ssm", "ssmmessages", "ssm-guiconnect", "iam", "sts", "sso", "signin"),
        *("logs", "cloudwatch", "support"),
    }
)
_LOOKING = ("get", "list", "describe", "view", "search", "lookup", "batchget")


def work_of(estate: AwsEstate) -> Callable[[Principal], tuple[str, ...]]:
    """Return what tells the policies of a principal that are for other work.

    Such a policy names no vector and allows to change something in a service that has
    nothing to do with nodes. Conditions and denials do not count: it is about what
    somebody does all day, not about what is possible.
    """
    return _Work(estate).of


class _Work:
    def __init__(self, estate: AwsEstate) -> None:
        self._estate = estate
        self._known: dict[PolicyDocument, bool] = {}

    @cached_property
    def _identities(self) -> Mapping[str, Identity]:
        return {
            identity.principal.id: identity
            for account in self._estate.accounts.values()
            for identity in account.identities
        }

    def of(self, principal: Principal) -> tuple[str, ...]:
        identity = self._identities.get(principal.id)
        policies = identity.policies if identity else ()
        work = (p.source for p in policies if self._is_work(p.document))
        return tuple(sorted({source.rpartition("/")[2] for source in work}))

    def _is_work(self, document: PolicyDocument) -> bool:
        if document not in self._known:
            self._known[document] = _is_work(document)
        return self._known[document]


def _is_work(document: PolicyDocument) -> bool:
    allowing = [one for one in document.statements if one.effect == "Allow"]
    if any(names_action(one, vector) for one in allowing for vector in _commands()):
        return False
    return any(map(_changes_elsewhere, allowing))


def _changes_elsewhere(statement: Statement) -> bool:
    """A NotAction that leaves every vector out still names all that is left."""
    if statement.actions is None:
        return not any(map(covers_everything, statement.not_actions or ()))
    return any(map(_is_elsewhere, statement.actions))


def _is_elsewhere(pattern: str) -> bool:
    service, _, name = pattern.lower().partition(":")
    return service not in _RELATED and not name.startswith(_LOOKING)


@cache
def _commands() -> tuple[str, ...]:
    return tuple(_covered())


def _covered() -> Iterator[str]:
    for one in catalogue().covered:
        if one.vector.tier in (Tier.DIRECT, Tier.INDIRECT):
            yield one.vector.id
