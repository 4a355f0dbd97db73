"""How the policies of an AWS estate are written, statement by statement."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

from scanner.aws.iam.documents import PolicyDocument, Statement
from scanner.aws.model import AwsEstate
from scanner.grants import Because, StatementBecause
from scanner.wording import Wording

_OF_AWS = ":iam::aws:policy/"
_TAGS = ("aws:resourcetag/", "ssm:resourcetag/", "ec2:resourcetag/")


def wording_of(estate: AwsEstate) -> Callable[[Because], tuple[Wording, ...]]:
    """Return what tells how a statement of an identity's policies is written.

    Of boundaries and control policies, which allow nothing, it tells nothing.
    """
    return _Wordings(estate).of


class _Wordings:
    def __init__(self, estate: AwsEstate) -> None:
        self._estate = estate
        self._known: dict[Because, tuple[Wording, ...]] = {}

    def of(self, because: Because) -> tuple[Wording, ...]:
        """Return one wording, or nothing where the statement is not in evidence."""
        if because not in self._known:
            self._known[because] = tuple(self._read(because))
        return self._known[because]

    def _read(self, because: Because) -> Iterator[Wording]:
        if isinstance(because, StatementBecause):
            document = self._documents.get(because.source)
            for statement in document.statements if document else ():
                if statement.index == because.index:
                    yield _wording(statement, ours=_OF_AWS not in because.source)

    @cached_property
    def _documents(self) -> Mapping[str, PolicyDocument]:
        return {
            attached.source: attached.document
            for account in self._estate.accounts.values()
            for identity in account.identities
            for attached in identity.policies
        }


def _wording(statement: Statement, *, ours: bool) -> Wording:
    tags = (
        key.partition("/")[2]
        for _, key, _ in statement.conditions
        if key.lower().startswith(_TAGS)
    )
    return Wording(
        ("*",) if statement.actions is None else statement.actions,
        statement.not_actions or (),
        ours,
        tuple(dict.fromkeys(tags)),
    )
