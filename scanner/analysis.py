"""Run the engines over an opened estate: load, decide and link, each provider's half.

A half is imported only when the estate holds its files.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from scanner.coverage import Coverage, CoverageBuilder
from scanner.estate import Gap, Principal
from scanner.evidence.reader import Evidence, digest_of
from scanner.grants import Decided, Edge

if TYPE_CHECKING:
    from scanner.aws.model import AwsEstate
    from scanner.azure.model import AzureEstate


@dataclass(frozen=True, slots=True)
class Analysis:
    """An estate, typed and decided.

    Attributes:
        aws, azure: the typed halves; None when the estate has no files of that cloud.
        decided: one entry per half, AWS first, hops included.
        digest: what names the content of its files; empty for an estate without any.
    """

    coverage: Coverage
    aws: "AwsEstate | None"
    azure: "AzureEstate | None"
    decided: tuple[Decided, ...]
    digest: str = ""


def analyse(evidence: Evidence, processes: int = 1) -> Analysis:
    """Load and decide an opened estate; every file is read once.

    Args:
        evidence: the estate.
        processes: how many may work at a time, where the estate is large.

    Raises:
        UnusableInput: a file that cannot be read at all. What merely lacks or is odd
            becomes coverage gaps and unknown verdicts.
    """
    builder = CoverageBuilder(evidence)
    aws = _load_aws(builder.evidence)
    azure = _load_azure(builder.evidence)
    decided: list[Decided] = []
    found: list[Gap] = []
    if aws is not None:
        decided.append(decide_aws_half(aws, processes))
        found += aws.gaps
        found += (gap for account in aws.accounts.values() for gap in account.gaps)
    if azure is not None:
        decided.append(decide_azure_half(azure, processes))
        found += azure.gaps
    coverage, digest = builder.finish(found), digest_of(evidence)
    return Analysis(coverage, aws, azure, tuple(decided), digest)


def decide_aws_half(estate: "AwsEstate", processes: int = 1) -> Decided:
    """Decide and link the AWS half: grants, hops and the outsiders that hops name."""
    from scanner.aws.sharing import decided_and_linked

    decided, links = decided_and_linked(estate, processes)
    return _linked(decided, links.outsiders, links.edges)


def decide_azure_half(estate: "AzureEstate", processes: int = 1) -> Decided:
    """Decide and link the Azure half: grants, hops and the outsiders that hops name."""
    from scanner.azure.decide import decide_azure
    from scanner.azure.link import hops_onto, link_azure

    decided = _linked(decide_azure(estate, processes), *link_azure(estate))
    return replace(decided, onto=partial(hops_onto, estate))


def _load_aws(evidence: Evidence) -> "AwsEstate | None":
    if not any(name.startswith("aws/") for name in evidence.files):
        return None
    from scanner.aws.load import load_aws

    return load_aws(evidence)


def _load_azure(evidence: Evidence) -> "AzureEstate | None":
    if not any(name.startswith("azure/") for name in evidence.files):
        return None
    from scanner.azure.load import load_azure

    return load_azure(evidence)


def _linked(
    decided: Decided, outsiders: tuple[Principal, ...], edges: tuple[Edge, ...]
) -> Decided:
    known = {principal.id for principal in decided.principals}
    new = (one for one in outsiders if one.id not in known)
    principals = tuple(sorted((*decided.principals, *new), key=lambda one: one.id))
    return replace(decided, principals=principals, edges=edges)
