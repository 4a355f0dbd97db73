"""What proofs of one estate share: its decisions, indexes and compiled policies."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from functools import cached_property

from policies.apply.aws_index import AwsIndex
from policies.apply.azure_draft import AzureIndex
from policies.proof.actions import Actions, aws_actions
from policies.proof.classes import Targets
from policies.proof.layers import LayerDifference
from policies.proof.leading import Leading
from scanner.analysis import Analysis
from scanner.aws.deciding.facts import membership
from scanner.aws.deciding.layout import Layout
from scanner.aws.deciding.rules import Rules
from scanner.aws.linking.escalating.account import AccountEscalations
from scanner.aws.linking.escalating.catalogue import actions as escalating
from scanner.aws.model import AwsAccount, AwsEstate
from scanner.aws.vectors import catalogue
from scanner.azure.model import AzureEstate
from scanner.estate import Gap, Provider, Target
from scanner.graph import AccessGraph

Half = AwsEstate | AzureEstate

#: Changed copies that are kept: findings that share a change stand far apart.
_MOST_OUTCOMES = 256
#: Accounts whose universes are kept: findings of one account come in turn.
_MOST_LAYOUTS = 32


class Recent(OrderedDict[object, object]):
    """The latest entries only: the one that was added first makes room."""

    def __init__(self, most: int) -> None:
        """Keep at most so many."""
        super().__init__()
        self._most = most

    def __setitem__(self, key: object, value: object) -> None:
        super().__setitem__(key, value)
        if len(self) > self._most:
            self.popitem(last=False)


class Context:
    """An estate as it is, for thousands of proofs; each index is built when needed.

    Attributes:
        digest: `sha256:…` that names the estate's files.
    """

    def __init__(self, analysis: Analysis, graph: AccessGraph) -> None:
        """Remember an analysed estate and its graph."""
        self.analysis, self.graph = analysis, graph
        self.digest = analysis.digest
        self.rules = Rules(catalogue().actions)
        #: What is compared of documents, once per content (`others_aws`).
        self.layers: dict[object, LayerDifference] = {}
        #: What the latest changes led to, by content (`outcomes`).
        self.outcomes = Recent(_MOST_OUTCOMES)
        #: What compiles policies to tell who can make what of whom (`becoming`).
        self.escalating = Rules(escalating())
        self._escalations: dict[str, AccountEscalations] = {}
        self._targets: dict[str, Targets] = {}
        self._layouts = Recent(_MOST_LAYOUTS)

    def half(self, provider: Provider) -> Half | None:
        """Return the typed half of a cloud, if the estate has one."""
        aws = provider is Provider.AWS
        return self.analysis.aws if aws else self.analysis.azure

    @cached_property
    def aws_index(self) -> AwsIndex:
        """What applying changes looks up in the AWS half."""
        assert self.analysis.aws is not None  # noqa: S101
        return AwsIndex(self.analysis.aws)

    @cached_property
    def azure_index(self) -> AzureIndex:
        """What applying changes looks up in the Azure half."""
        assert self.analysis.azure is not None  # noqa: S101
        return AzureIndex(self.analysis.azure)

    def escalations(self, account: str) -> AccountEscalations:
        """Return who of an AWS account can make what of whom."""
        found = self._escalations.get(account)
        if found is None:
            estate = self.analysis.aws
            assert estate is not None  # noqa: S101
            home = estate.accounts[account]
            found = AccountEscalations(estate, home, self.escalating)
            self._escalations[account] = found
        return found

    @cached_property
    def leading(self) -> Leading:
        """What searches for what remains share."""
        return Leading(self.graph)

    @property
    def actions(self) -> Actions:
        """Every known action of AWS."""
        return aws_actions()

    @cached_property
    def gaps(self) -> Mapping[tuple[Provider, str], tuple[Gap, ...]]:
        """Coverage gaps by provider and scope."""
        found: dict[tuple[Provider, str], list[Gap]] = {}
        for scope in self.analysis.coverage.scopes:
            for gap in scope.gaps:
                found.setdefault((gap.provider, gap.scope), []).append(gap)
        return {key: tuple(gaps) for key, gaps in found.items()}

    def targets(self, provider: Provider, account: str) -> Targets:
        """Return the order of the targets of an AWS account, or of all of Azure."""
        key = account if provider is Provider.AWS else provider.value
        found = self._targets.get(key)
        if found is None:
            found = self._targets[key] = Targets(self._listed(provider, account))
        return found

    def _listed(self, provider: Provider, account: str) -> Iterable[Target]:
        if provider is Provider.AWS and self.analysis.aws is not None:
            home = self.analysis.aws.accounts.get(account)
            return [node.target for node in home.nodes] if home else []
        halves = (h for h in self.graph.decided if h.provider is provider)
        return [target for half in halves for target in half.targets]

    def layout(self, estate: AwsEstate, account: AwsAccount) -> Layout:
        """Return the universes of an account, of this estate or a copy of it."""
        member = membership(account, estate.organization_of(account.id))
        found = self._layouts.get(account.id)
        if not isinstance(found, Layout) or not found.fits(account, member):
            found = self._layouts[account.id] = Layout(account, member)
        return found
