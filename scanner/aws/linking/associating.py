"""Instance profiles: whoever commands a VM, and may give it a role, becomes that role.

A role that is put on a running VM, or into the instance profile of one, is fetched by
whatever runs there. It takes `iam:PassRole`, the right to change the association, and
commands on that VM: the last are grants, so this comes after deciding.
"""

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence

from scanner.aws.iam.formulas import Formula, both, settle
from scanner.aws.linking.as_others import Able, AsOthers, best_of
from scanner.aws.linking.hops import after, settled_edge
from scanner.aws.linking.profiles import CHANGING, PASSING, STEPS, Profiles
from scanner.aws.linking.rights import Operations, Rights
from scanner.aws.model import AwsEstate, Identity
from scanner.classes import CLASS
from scanner.estate import Principal, Provider
from scanner.grants import Because, Edge, Grant, Verdict, ones
from scanner.hops import Step

_BECOMES = "can-become"
#: More equal hops than this share a node for the roles.
_MOST_ROLES = 16


class Associations:
    """Finds who becomes roles by putting them on VMs that it commands.

    What it names fills while `edges` and `further` run.
    """

    def __init__(self, estate: AwsEstate) -> None:
        """Remember the estate."""
        self._estate = estate
        self._operations = Operations([step.action for step in STEPS])
        self._able: list[Able] = []
        #: Those that start VMs of their own, with whatever role they pass, by account.
        self._starting: dict[str, list[str]] = {}
        #: Nodes that stand for several roles.
        self.principals: list[Principal] = []

    def edges(self, grants: Sequence[Grant]) -> Iterator[Edge]:
        """Yield the hops of everybody who commands a VM that it may give a role.

        Args:
            grants: what identities hold as they are.
        """
        self._gather(None)
        commands = _by_principal(grants, self._named)
        for able in self._able:
            for id_ in able.identities:
                yield from self._as_one(able, id_, commands.get(id_, ()))

    def further(
        self,
        known: Sequence[Edge],
        grants: Sequence[Grant],
        made: Mapping[str, Sequence[Identity]],
    ) -> Iterator[Edge]:
        """Yield the hops of whoever changes a VM's role as another than it commands as.

        Args:
            known: the hops found so far, those of `edges` among them.
            grants: what identities hold, and what they could become.
            made: the last, by account.
        """
        self._gather(made)
        if self._able:
            search = AsOthers(self._able, self._starting, grants)
            for found in search.all(known):
                last = found.given, found.because
                yield from self.hops(found.able, found.source, last, found.before)

    def _gather(self, made: Mapping[str, Sequence[Identity]] | None) -> None:
        """Find who may change what role a VM has."""
        passing = self._operations.bits(PASSING.action)
        changing = self._operations.bits(*CHANGING)
        for account in self._estate.accounts.values():
            who = None if made is None else made.get(account.id, ())
            if not account.nodes or (who is not None and not who):
                continue
            rights = Rights(self._estate, account, self._operations, who)
            here = Profiles(rights, self._operations)
            for power, identities in rights.holders(passing).items():
                if not any(one.actions & changing for one in power.allows):
                    continue
                by_arn = {one.principal.id: one for one in identities}
                if here.starts(power):
                    self._starting.setdefault(account.id, []).extend(by_arn)
                else:
                    self._able.append(Able(here, power, by_arn))

    @property
    def _named(self) -> frozenset[str]:
        return frozenset(id_ for one in self._able for id_ in one.identities)

    def _as_one(
        self, able: Able, source: str, commands: Sequence[Grant]
    ) -> Iterator[Edge]:
        """Yield the hops of an identity by what it commands itself."""
        if not commands or not able.roles:
            return
        because = able.because(source)
        for given, nodes in able.nodes.items():
            grant = best_of(commands, nodes)
            if grant is not None:
                holder = next(one for one in grant.principals if one.id == source)
                reasons = (*because, *grant.because_of(holder))
                yield from self.hops(able, source, (given, reasons), (grant.decision,))

    def hops(
        self,
        able: Able,
        source: str,
        last: tuple[Formula, tuple[Because, ...]],
        before: Sequence[Step],
    ) -> Iterator[Edge]:
        """Yield the hops of somebody to the roles that it puts on a VM.

        Args:
            able: the class of who puts them there.
            source: who becomes the roles.
            last: what must hold for that VM, and what all of it rests on.
            before: what it takes to be who puts them there, and to command the VM.
        """
        given, reasons = last
        for formula, held in able.roles.items():
            settled = settle(both(given, formula))
            if settled.verdict is Verdict.DENIED:
                continue
            for target, more in self._targets(able.here, held, source):
                hop = settled_edge(_BECOMES, source, target, settled, reasons)
                yield after(before, hop)
                yield from more

    def _targets(
        self, here: Profiles, roles: int, source: str
    ) -> Iterator[tuple[str, Sequence[Edge]]]:
        """Yield the ends of hops to roles: a node for them where they are many."""
        arns = [here.roles.resources[n].arn for n in ones(roles)]
        if len(arns) <= _MOST_ROLES:
            yield from ((arn, ()) for arn in arns if arn != source)
            return
        known = here.together.get(roles)
        if known is not None:
            yield known, ()
            return
        home = here.rights.account.id
        id_ = f"class:aws:{_BECOMES}:profile:{len(self.principals)}"
        name = f"{len(arns)} roles of {home} that the same right puts on a VM"
        self.principals.append(Principal(Provider.AWS, id_, name, CLASS, False, home))
        here.together[roles] = id_
        yield id_, [Edge(_BECOMES, id_, arn, Verdict.ALLOWED) for arn in arns]


def _by_principal(
    grants: Sequence[Grant], wanted: Container[str]
) -> Mapping[str, Sequence[Grant]]:
    found: defaultdict[str, list[Grant]] = defaultdict(list)
    for grant in grants if wanted else ():
        for principal in grant.principals:
            if principal.id in wanted:
                found[principal.id].append(grant)
    return found
