"""What may stand for a pattern among objects: names, and who may own them."""

from scanner.aws.arn import parse_arn
from scanner.aws.deciding.facts import Resource
from scanner.aws.deciding.kinds import DOCUMENTS, FILLER, Kind
from scanner.aws.iam.patterns import Match, as_written, match_resource
from scanner.aws.vectors import Catalogue

#: What names of documents of AWS usually begin with.
AWS_PREFIX = "AWS-"
#: Customers cannot name their documents like this; AWS's own are all named so.
_RESERVED = ("aws", "amazon", "amzn")


def useless_names(kind: Kind, catalogue: Catalogue) -> frozenset[str]:
    """Return the names of documents that carry no command for a kind."""
    if not kind.documents:
        return frozenset()
    by_type = (
        ("Session", catalogue.sessions),
        ("Command", catalogue.commands),
        ("Automation", catalogue.runbooks),
    )
    others = (names for type_, names in by_type if type_ not in kind.documents)
    return catalogue.tunnels.union(*others)


def names(pattern: str, arn: str) -> bool:
    """Tell whether a pattern may name an ARN."""
    return match_resource(pattern, arn) is not Match.NO


def is_owned(resource: Resource) -> bool:
    """Tell whether it is a document of a customer: AWS's own never carry their tags."""
    arn = parse_arn(resource.arn)
    return resource.kind in DOCUMENTS and arn is not None and bool(arn.account)


def concrete(name: str, kind: Kind, owner: str) -> str:
    """Return a name that a pattern names and hardly any other literal does."""
    if kind.documents and not owner and "*" in name:
        start, rest = name.split("*", 1)
        if AWS_PREFIX.startswith(start):
            name = f"{AWS_PREFIX}*{rest}"
    return as_written(name.replace("*", FILLER).replace("?", FILLER))


def may_exist(kind: Kind, owner: str, name: str) -> bool:
    """Tell whether an owner may have a name: only AWS has some, and only those."""
    reserved = name.lower().startswith(_RESERVED)
    return not kind.documents or reserved is not bool(owner)
