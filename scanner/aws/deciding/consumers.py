"""The nodes that something runs on already, from its targets and from tags of nodes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from scanner.aws.deciding.cells import NOTHING, Cells, bits_of, meet, unite
from scanner.aws.deciding.runbooks import role_of
from scanner.aws.iam.formulas import TRUE, doubted
from scanner.aws.model import AwsAccount, Consumer, Holder, Node
from scanner.aws.vectors import HOLDERS, catalogue

#: What AWS's own tags show of the instances of a holder: its kind, by tag.
HELD_BY_TAG = {
    "aws:elasticmapreduce:job-flow-id": "running-cluster",
    "aws:cloud9:environment": "running-environment",
}
#: The role by which stack sets reach an account, if nobody names another.
EXECUTION_ROLE = "AWSCloudFormationStackSetExecutionRole"
#: As in `Consumer.targets`.
Targets = tuple[tuple[str, tuple[str, ...]], ...]
_IDS = "instanceids"
_TAG = "tag:"
_TAGS_UNREAD = "tags of a node that a document is meant for are not known"
_OTHER_TARGETS = "which nodes a document is meant for is not decided"


class Fleet:
    """An account's nodes in the order of their bits, found by id and by tag."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        """Index nodes, which must be sorted by target id."""
        self.nodes = nodes
        self._found: dict[tuple[str, Targets], Cells] = {}
        self._ids = {
            (node.target.region, node.instance_id): n for n, node in enumerate(nodes)
        }
        self._regions: dict[str, list[int]] = defaultdict(list)
        self._tags: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._unread: list[int] = []
        for n, node in enumerate(nodes):
            self._regions[node.target.region].append(n)
            for tag in node.target.tags:
                self._tags[tag].append(n)
            if not node.tags_known:
                self._unread.append(n)
        self._machines = self._bits(
            n for n, node in enumerate(nodes) if node.target.kind == "ec2"
        )
        self._whole = {name: self._bits(at) for name, at in self._regions.items()}

    @property
    def regions(self) -> list[str]:
        """The regions that nodes are in."""
        return sorted(self._regions)

    def in_region(self, region: str) -> int:
        """Return all nodes of a region."""
        return self._whole.get(region, 0)

    def of_ids(self, region: str, ids: Iterable[str]) -> int:
        """Return the nodes with these ids."""
        places = (self._ids.get((region, one)) for one in ids)
        return self._bits(one for one in places if one is not None)

    def held(self, holder: Holder) -> Cells:
        """Return the EC2 instances that a holder has, or is confined to."""
        region = holder.region
        found: Cells = {TRUE: self.of_ids(region, holder.instances)}
        everything = self.in_region(region) & self._machines
        if holder.tagged and everything:
            fitting: Cells = {TRUE: everything}
            for pairs in holder.tagged:
                fitting = meet(fitting, self._tagged(pairs, everything))
            found = unite(found, fitting)
        return {formula: bits for formula, bits in found.items() if bits}

    def by_tag(self, key: str) -> dict[tuple[str, str], int]:
        """Return the nodes with a tag, by region and value."""
        found: dict[tuple[str, str], int] = {}
        for (name, value), places in self._tags.items():
            for n in places if name == key else ():
                known = self.nodes[n].target.region, value
                found[known] = found.get(known, 0) | 1 << n
        return found

    def run_on(self, consumer: Consumer) -> Cells:
        """Return the nodes that a consumer runs its document on.

        Several targets all apply; of the values of one, any does. Without targets a
        document decides by itself, and other targets than ids and tags are not decided.
        """
        known = consumer.region, consumer.targets
        found = self._found.get(known)
        if found is None:
            found = self._found[known] = self._all_targets(*known)
        return found

    def _all_targets(self, region: str, targets: Targets) -> Cells:
        everything = self.in_region(region)
        if not everything:
            return NOTHING
        if not targets:
            return {doubted(_OTHER_TARGETS): everything}
        found: Cells = {TRUE: everything}
        for key, values in targets:
            found = meet(found, self._target(key, values, region, everything))
        return found

    def _target(
        self, key: str, values: tuple[str, ...], region: str, everything: int
    ) -> Cells:
        if key.lower() == _IDS:
            bits = everything if "*" in values else self.of_ids(region, values)
            return {TRUE: bits} if bits else NOTHING
        if not key.startswith(_TAG):
            return {doubted(_OTHER_TARGETS): everything}
        name = key.removeprefix(_TAG)
        return self._tagged(tuple((name, value) for value in values), everything)

    def _tagged(
        self, pairs: Iterable[tuple[str | None, str | None]], within: int
    ) -> Cells:
        """Return the nodes with any of some tags, None standing for any."""
        places = (n for pair in pairs for n in self._with(*pair))
        tagged = self._bits(places) & within
        unread = self._bits(self._unread) & within & ~tagged
        sure: Cells = {TRUE: tagged} if tagged else NOTHING
        return unite(sure, {doubted(_TAGS_UNREAD): unread} if unread else NOTHING)

    def _with(self, key: str | None, value: str | None) -> Iterable[int]:
        if key is not None and value is not None:
            return self._tags.get((key, value), ())
        return (
            n
            for (name, seen), places in self._tags.items()
            if key in (None, name) and value in (None, seen)
            for n in places
        )

    def _bits(self, places: Iterable[int]) -> int:
        return bits_of(places, len(self.nodes))


def lacking(account: AwsAccount) -> frozenset[str]:
    """Return the kinds of holders of which an account has none."""
    found = {one.kind for one in account.holders}
    if "running-statemachine" in found:
        found.add("commanding-statemachine")
    for node in account.nodes:
        found.update(HELD_BY_TAG[k] for k, _ in node.target.tags if k in HELD_BY_TAG)
    if account.consumers:
        found |= {"document-at-latest", "document-at-default"}
    if _may_have_preferences(account):
        found.add("document-at-default")
    if any(map(role_of, account.documents)):
        found.add("runbook")
    if any(one.principal.name == EXECUTION_ROLE for one in account.identities):
        found.add("stackset-role")
    return HOLDERS - found


def _may_have_preferences(account: AwsAccount) -> bool:
    """Whether a document of session preferences is listed, or may be there unlisted."""
    regions = {node.target.region for node in account.nodes}
    shell = catalogue().default_session
    listed = any(one.name == shell for one in account.documents)
    return listed or not regions <= account.documents_complete
