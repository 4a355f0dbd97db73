"""Identity providers: who rewrites them, and who enters by a certificate.

Whoever writes the metadata of a SAML provider signs assertions for any of its users;
whoever writes an OIDC provider may let in tokens of its own. A role that trusts IAM
Roles Anywhere is entered by the holders of certificates that a trust anchor vouches
for.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from scanner.aws.deciding.cells import Cells, under, within
from scanner.aws.deciding.facts import Resource, looking
from scanner.aws.deciding.powers import Effects, Power
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
from scanner.aws.linking.rights import Operations, Rights, is_everything
from scanner.aws.model import Attached, AwsAccount, AwsEstate, Identity
from scanner.aws.vectors import Step
from scanner.classes import CLASS
from scanner.estate import Principal, Provider
from scanner.grants import Condition, Edge, Verdict, bits_of, ones

_BECOMES = "can-become"
_KEYS = frozenset({"aws:resourcetag"})
_GONE = "that no provider of that name exists is assumed"
_THERE = "that the provider exists is assumed"
_SIGNED = (
    "it takes an answer in the issuer's name, from where no public authority vouches"
)
_TOKEN = "it takes a token of the issuer for the audience that is added"  # noqa: S105


@dataclass(frozen=True, slots=True)
class _Write:
    """A way to write providers of a kind.

    Attributes:
        makes: it makes them, and writes none that exist.
        doubt: what it takes besides; empty for nothing.
    """

    step: Step
    makes: bool = False
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of providers: its place in ARNs, how they are listed and written."""

    mark: str
    listing: str
    writes: tuple[_Write, ...]


def _step(action: str, kind: str) -> Step:
    return Step(f"iam:{action}", (kind,), _KEYS)


_OIDC = "oidc-provider"
_SAML = "saml-provider"
_KINDS = (
    _Kind(
        f":{_SAML}/",
        "iam:ListSAMLProviders",
        (
            _Write(_step("UpdateSAMLProvider", _SAML)),
            _Write(_step("CreateSAMLProvider", _SAML), True),
        ),
    ),
    _Kind(
        f":{_OIDC}/",
        "iam:ListOpenIDConnectProviders",
        (
            _Write(
                _step("UpdateOpenIDConnectProviderThumbprint", _OIDC), doubt=_SIGNED
            ),
            _Write(_step("AddClientIDToOpenIDConnectProvider", _OIDC), doubt=_TOKEN),
            _Write(_step("CreateOpenIDConnectProvider", _OIDC), True, _SIGNED),
        ),
    ),
)
_ANYWHERE = "rolesanywhere.amazonaws.com"
_NO_PROFILE = "which profiles of IAM Roles Anywhere offer the role is not in evidence"


class Providers:
    """Finds who acts as users of SAML providers, and as holders of certificates.

    What it names fills while its edges are found.
    """

    def __init__(self, estate: AwsEstate) -> None:
        """Remember the estate."""
        self._estate = estate
        self._operations = Operations(
            [write.step.action for kind in _KINDS for write in kind.writes]
        )
        self.principals: dict[str, Principal] = {}
        #: Entries of the users of providers, by the provider.
        self._entries: dict[str, list[Edge]] = {}

    def rewriting(
        self,
        known: Iterable[Edge],
        made: Mapping[str, Sequence[Identity]] | None = None,
    ) -> Iterator[Edge]:
        """Yield who becomes the users of a provider by writing it.

        What those are elsewhere, they do not become: it is the account that takes them
        for its users.

        Args:
            known: the hops found so far.
            made: who does so instead, by account: what identities could become.
        """
        if not self._entries:
            for edge in known:
                provider = edge.source.partition("#")[0]
                if edge.kind == ASSUMES and "-provider/" in provider:
                    self._entries.setdefault(provider, []).append(edge)
        for id_, account in self._estate.accounts.items():
            who = None if made is None else made.get(id_, ())
            for kind in _KINDS if who is None or who else ():
                prefix = f"arn:{account.partition}:iam::{id_}{kind.mark}"
                arns = sorted(one for one in self._entries if one.startswith(prefix))
                if arns:
                    rights = Rights(self._estate, account, self._operations, who)
                    yield from self._in_account(rights, kind, arns)

    def _in_account(
        self, rights: Rights, kind: _Kind, arns: Sequence[str]
    ) -> Iterator[Edge]:
        space = Space(
            [Resource(one, "provider", "", "", Missing.UNREAD) for one in arns]
        )
        effects = Effects(space)
        there = _there(rights.account, kind, arns)
        writing = self._operations.bits(*(one.step.action for one in kind.writes))
        for power, identities in rights.holders(writing).items():
            if _holds_all(power):
                continue
            for write in kind.writes:
                part = power.about(self._operations.bits(write.step.action))
                granted = effects.of(part, write.step).granted
                granted = _on_those(granted, write, there)
                touching = frozenset(part.rules)
                for formula, bits in granted.items():
                    settled = settle(formula)
                    if settled.verdict is Verdict.DENIED:
                        continue
                    for n in ones(bits):
                        node, more = self._as_users(arns[n], rights.account)
                        yield from more
                        for one in identities:
                            because = rights.because(one, touching)
                            source = one.principal.id
                            yield settled_edge(_BECOMES, source, node, settled, because)

    def _as_users(
        self, provider: str, account: AwsAccount
    ) -> tuple[str, Sequence[Edge]]:
        """Return a node for a provider's users; its hops the first time only."""
        id_ = f"class:aws:{_BECOMES}:{provider}"
        if id_ in self.principals:
            return id_, ()
        name = f"users of {provider} that whoever writes it names"
        self.principals[id_] = Principal(
            Provider.AWS, id_, name, CLASS, False, account.id
        )
        entries = self._entries[provider]
        return id_, [replace(one, kind=_BECOMES, source=id_) for one in entries]

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


def _holds_all(power: Power) -> bool:
    """Tell whether nothing of the account is out of reach of a power anyway."""
    denied = any(not one.allows for one in power.rules)
    return any(map(is_everything, power.identity)) and not denied


def _there(account: AwsAccount, kind: _Kind, arns: Sequence[str]) -> int | None:
    """Return which of some providers exist; None where they were not listed."""
    refused = any(gap.what == kind.listing for gap in account.gaps)
    if refused or kind.listing not in account.asked:
        return None
    listed = {*account.saml_providers, *account.oidc_providers}
    return bits_of((n for n, one in enumerate(arns) if one in listed), len(arns))


def _on_those(granted: Cells, write: _Write, there: int | None) -> Cells:
    """Leave the providers that a way can write: that exist, or that do not."""
    if there is None:
        granted = under(granted, doubted(_GONE if write.makes else _THERE))
    elif write.makes:
        granted = under(within(granted, ~there), doubted(_GONE))
    else:
        granted = within(granted, there)
    return under(granted, doubted(write.doubt)) if write.doubt else granted


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
