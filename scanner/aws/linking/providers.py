"""Identity providers: who rewrites them, and who enters by a certificate.

Whoever writes the metadata of a SAML provider signs assertions for any of its users. A
role that trusts IAM Roles Anywhere is entered by the holders of certificates that a
trust anchor vouches for.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from scanner.aws.arn import parse_arn
from scanner.aws.deciding.cells import under, within
from scanner.aws.deciding.facts import Resource, looking
from scanner.aws.deciding.powers import Effects
from scanner.aws.deciding.space import Space
from scanner.aws.iam.conditions import Missing, Seen
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.iam.evaluation import evaluate
from scanner.aws.iam.formulas import both, doubted, settle
from scanner.aws.iam.halves import Layers
from scanner.aws.iam.principals import Caller, CallerKind
from scanner.aws.iam.statements import Request
from scanner.aws.linking.hops import ASSUMES, settled_edge
from scanner.aws.linking.requests import ASSUME
from scanner.aws.linking.rights import Operations, Rights
from scanner.aws.model import Attached, AwsAccount, AwsEstate, Identity
from scanner.aws.vectors import Step
from scanner.estate import Principal, Provider
from scanner.grants import Condition, Edge, Verdict, bits_of, ones

_BECOMES = "can-become"
_SAML = ":saml-provider/"
_KEYS = frozenset({"aws:resourcetag"})
_UPDATE = Step("iam:UpdateSAMLProvider", ("saml-provider",), _KEYS)
_CREATE = Step("iam:CreateSAMLProvider", ("saml-provider",), _KEYS)
_GONE = "that no provider of that name exists is assumed"
_ANYWHERE = "rolesanywhere.amazonaws.com"
_NO_PROFILE = "which profiles of IAM Roles Anywhere offer the role is not in evidence"


class Providers:
    """Finds who acts as users of SAML providers, and as holders of certificates.

    What it names fills while its edges are found.
    """

    def __init__(self, estate: AwsEstate) -> None:
        """Remember the estate."""
        self._estate = estate
        self._operations = Operations((_UPDATE.action, _CREATE.action))
        self.principals: dict[str, Principal] = {}

    def rewriting(self, parties: Iterable[str]) -> Iterator[Edge]:
        """Yield who becomes the users of a provider by writing its metadata.

        Args:
            parties: ids of the federated principals that hops name.
        """
        users: defaultdict[str, defaultdict[str, list[str]]]
        users = defaultdict(lambda: defaultdict(list))
        for party in parties:
            provider = party.partition("#")[0]
            arn = parse_arn(provider) if _SAML in provider else None
            if arn is not None:
                users[arn.account][provider].append(party)
        for id_, providers in users.items():
            account = self._estate.accounts.get(id_)
            if account is not None:
                yield from self._in_account(account, providers)

    def _in_account(
        self, account: AwsAccount, users: Mapping[str, Iterable[str]]
    ) -> Iterator[Edge]:
        rights = Rights(self._estate, account, self._operations)
        arns = sorted(users)
        space = Space(
            [Resource(one, "saml-provider", "", "", Missing.UNREAD) for one in arns]
        )
        effects = Effects(space)
        there = (n for n, one in enumerate(arns) if one in account.saml_providers)
        listed = bits_of(there, len(arns))
        for power, identities in rights.holders(~0).items():
            for step in (_UPDATE, _CREATE):
                part = power.about(self._operations.bits(step.action))
                granted = effects.of(part, step).granted
                if step is _CREATE:
                    granted = under(within(granted, ~listed), doubted(_GONE))
                else:
                    granted = within(granted, listed)
                touching = frozenset(part.rules)
                for formula, bits in granted.items():
                    settled = settle(formula)
                    for one in identities:
                        because = rights.because(one, touching)
                        source = one.principal.id
                        for party in (p for n in ones(bits) for p in users[arns[n]]):
                            if settled.verdict is not Verdict.DENIED:
                                yield settled_edge(
                                    _BECOMES, source, party, settled, because
                                )

    def certificates(self) -> Iterator[Edge]:
        """Yield the entries of whoever holds a certificate of a trust anchor."""
        for account in self._estate.accounts.values():
            for role in account.identities:
                if role.trust is not None and _ANYWHERE in role.trust.text:
                    yield from self._into(role, role.trust)

    def _into(self, role: Identity, trust: PolicyDocument) -> Iterator[Edge]:
        arn, scope = role.principal.id, role.principal.scope
        resource = Resource(arn, "role", "", fixed={"aws:sourceaccount": (scope,)})
        layers = Layers(
            resource=Attached(f"{arn}/trust", trust), owner=scope, entry=True
        )
        request = Request(ASSUME, arn, looking(_certificate, resource, "sts", None))
        caller = Caller(CallerKind.SERVICE, _ANYWHERE)
        formula = evaluate(request, caller, layers).formula
        settled = settle(both(formula, doubted(_NO_PROFILE)))
        if settled.verdict is Verdict.DENIED:
            return
        for alternative in settled.conditions or ((),):
            one = settled
            if settled.conditions:
                one = settled._replace(conditions=(alternative,))
            for anchor in _anchors(alternative):
                source = self._holder(anchor, role.principal.scope)
                yield settled_edge(ASSUMES, source, role.principal.id, one, ())

    def _holder(self, anchor: str, scope: str) -> str:
        partition = self._estate.accounts[scope].partition
        id_ = anchor or f"arn:{partition}:rolesanywhere:*:{scope}:trust-anchor/*"
        name = f"certificates of {id_.rpartition(':')[2]}"
        found = Principal(Provider.AWS, id_, name, "federated", True, scope)
        self.principals.setdefault(id_, found)
        return id_


def _certificate(key: str) -> Seen:
    """A certificate's fields are tags of the session."""
    tag = key.lower().startswith("aws:principaltag/")
    return Missing.REQUEST if tag else Missing.ABSENT


def _anchors(alternative: Iterable[Condition]) -> tuple[str, ...]:
    """Return the trust anchors that conditions ask for; empty text for any."""
    for one in alternative:
        negated = "Not" in one.operator or one.operator == "Null"
        if one.key.lower() == "aws:sourcearn" and not negated:
            return one.values
    return ("",)
