"""Documents that something runs: whoever rewrites one commands its nodes."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import groupby

from scanner.aws.arn import Arn, parse_arn
from scanner.aws.deciding.cells import Cells, under, unite
from scanner.aws.deciding.consumers import Fleet
from scanner.aws.deciding.facts import Membership, Resource, owner_facts, tags_by_key
from scanner.aws.deciding.lenders import Lender
from scanner.aws.iam.conditions import Missing
from scanner.aws.iam.formulas import doubted
from scanner.aws.model import AwsAccount, Consumer, SsmDocument
from scanner.aws.vectors import Catalogue

_VERSION = "which version of a document runs is not known"
_PROFILE = "that the session preferences run commands in every session is not verified"


class Poisonable:
    """Lists the documents of an account that something runs, as lenders."""

    def __init__(self, account: AwsAccount, member: Membership, fleet: Fleet) -> None:
        """Take the account, its place in an organisation, and its nodes."""
        self.account, self.member, self.fleet = account, member, fleet

    def lenders(self, catalogue: Catalogue) -> Iterator[Lender]:
        """Yield the account's own documents that run, by the version that does."""

        def name(consumer: Consumer) -> tuple[str, str]:
            return consumer.region, self._own_name(consumer.document)

        for (region, document), group in groupby(
            sorted(self.account.consumers, key=name), key=name
        ):
            if document:
                yield from self._document(region, document, list(group))
        for region in self.fleet.regions:
            shell = catalogue.default_session
            if self._may_exist(region, shell):
                holds = {doubted(_PROFILE): self.fleet.in_region(region)}
                yield self._poisoned(region, shell, "document-at-default", holds)

    def _document(
        self, region: str, document: str, consumers: list[Consumer]
    ) -> Iterator[Lender]:
        for version, kind in (
            ("$LATEST", "document-at-latest"),
            ("$DEFAULT", "document-at-default"),
        ):
            holds: Cells = {}
            for consumer in consumers:
                nodes = self.fleet.run_on(consumer)
                if consumer.version == "":
                    holds = unite(holds, under(nodes, doubted(_VERSION)))
                elif consumer.version == version:
                    holds = unite(holds, nodes)
            if holds:
                yield self._poisoned(region, document, kind, holds)

    def _own_name(self, document: str) -> str:
        """Return the name of a document of this account; empty for any other."""
        arn = parse_arn(document)
        if arn is None:
            reserved = document.lower().startswith(("aws-", "amazon", "amzn"))
            return "" if reserved else document
        name = arn.resource.partition("/")[2]
        return name if arn.account == self.account.id else ""

    def _may_exist(self, region: str, name: str) -> bool:
        whole = region in self.account.documents_complete
        return not whole or self._own_arn(region, name) in self._documents_listed

    def _poisoned(self, region: str, name: str, kind: str, holds: Cells) -> Lender:
        arn = self._own_arn(region, name)
        listed = self._documents_listed.get(arn)
        fixed = owner_facts(self.account.id, region, self.member)
        type_ = listed.kind if listed else ""
        fixed["ssm:documenttype"] = (type_,) if type_ else Missing.UNREAD
        known = listed.tags if listed else None
        tags = Missing.UNREAD if known is None else tags_by_key(known)
        resource = Resource(arn, kind, region, name, tags, fixed)
        return Lender(resource, holds=holds, document=name)

    @cached_property
    def _documents_listed(self) -> Mapping[str, SsmDocument]:
        return {one.arn: one for one in self.account.documents}

    def _own_arn(self, region: str, name: str) -> str:
        own = self.account
        return str(Arn(own.partition, "ssm", region, own.id, f"document/{name}"))
