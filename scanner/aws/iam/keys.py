"""Condition keys: which part of a request supplies them, and which have many values."""

from enum import Enum

_REQUEST_NAMES = """
AssumedRoot CalledVia CalledViaAWSMCP CalledViaFirst CalledViaLast ChatbotSourceArn
CurrentTime Ec2InstanceSourcePrivateIPv4 Ec2InstanceSourceVpc EpochTime
FederatedProvider IsMcpServiceAction MultiFactorAuthAge MultiFactorAuthPresent Referer
RequestedRegion SecureTransport SignInSessionArn SourceAccount SourceArn SourceIdentity
SourceIp SourceOrgID SourceOrgPaths SourceVpc SourceVpcArn SourceVpce TokenIssueTime
UserAgent ViaAWSMCPService ViaAWSService VpcSourceIp VpceAccount VpceOrgID VpceOrgPaths
"""
_PRINCIPAL_NAMES = """
PrincipalAccount PrincipalArn PrincipalIsAWSService PrincipalOrgID PrincipalOrgPaths
PrincipalServiceName PrincipalServiceNamesList PrincipalType userid username
"""
_GLOBAL_REQUEST = frozenset(f"aws:{name.lower()}" for name in _REQUEST_NAMES.split())
_GLOBAL_PRINCIPAL = frozenset(
    f"aws:{name.lower()}" for name in _PRINCIPAL_NAMES.split()
)
_GLOBAL_RESOURCE = frozenset({"aws:resourceaccount", "aws:resourceorgid"}) | {
    "aws:resourceorgpaths"
}
#: Keys of other services that a session carries into every later request.
_SESSION = frozenset(
    {
        "codebuild:buildarn",
        "codebuild:projectarn",
        "ec2:roledelivery",
        "ec2:sourceinstancearn",
        "glue:credentialissuingservice",
        "glue:roleassumedby",
        "identitystore:userid",
        "lambda:sourcefunctionarn",
        "ssm:sourceinstancearn",
        "sts:sourceidentity",
    }
)
_MULTI_VALUED = frozenset(
    {
        "aws:calledvia",
        "aws:principalorgpaths",
        "aws:principalservicenameslist",
        "aws:resourceorgpaths",
        "aws:sourceorgpaths",
        "aws:tagkeys",
        "aws:vpceorgpaths",
        "ssm:documentcategories",
        "sts:transitivetagkeys",
    }
)
#: Keys that some actions of Systems Manager supply, and others therefore do not.
_SOME_ACTIONS = frozenset(
    f"ssm:{name}"
    for name in (
        "accessrequestid",
        "autoapprove",
        "documentcategories",
        "documenttype",
        "documentversion",
        "overwrite",
        "policies",
        "recursive",
        "sessiondocumentaccesscheck",
        "synctype",
    )
)
_BOOLEAN = frozenset(
    {
        "aws:assumedroot",
        "aws:ismcpserviceaction",
        "aws:multifactorauthpresent",
        "aws:principalisawsservice",
        "aws:securetransport",
        "aws:viaawsmcpservice",
        "aws:viaawsservice",
        "ssm:autoapprove",
        "ssm:overwrite",
        "ssm:recursive",
        "ssm:sessiondocumentaccesscheck",
    }
)
_ADDRESS = frozenset(
    {"aws:ec2instancesourceprivateipv4", "aws:sourceip", "aws:vpcsourceip"}
)
_TAG_FAMILIES = (
    "aws:resourcetag",
    "ssm:resourcetag",
    "ec2:resourcetag",
    "iam:resourcetag",
)
_TAGS = (*_TAG_FAMILIES, "aws:principaltag", "aws:requesttag")


#: Services whose own keys are known to stay with their own actions. A key with any
#: other prefix may be newer than this product: it decides nothing for certain.
_OTHER_SERVICES = frozenset(
    [
        "autoscaling",
        "cloudformation",
        "cloudwatch",
        "codebuild",
        "dynamodb",
        "ec2",
        "ec2-instance-connect",
        "ecr",
        "ecs",
        "eks",
        "elasticloadbalancing",
        "events",
        "iam",
        "kms",
        "lambda",
        "logs",
        "organizations",
        "rds",
        "s3",
        "secretsmanager",
        "sns",
        "sqs",
        "ssm",
        "ssmmessages",
        "sso",
        "states",
        "sts",
    ]
)


class Origin(Enum):
    """Which part of a request supplies a condition key."""

    PRINCIPAL = "principal"
    RESOURCE = "resource"
    #: Only a request fixes it.
    REQUEST = "request"
    #: Supplied by some actions; see what the action lists.
    ACTION = "action"
    #: Another service's key: this action never supplies it.
    NEVER = "never"
    #: Newer than this product, or misspelt.
    UNKNOWN = "unknown"


def family(key: str) -> str:
    """Return the key without its tag name, in lower case: `aws:resourcetag`."""
    return key.lower().partition("/")[0]


def multi_valued(key: str) -> bool:
    """Tell whether a request supplies a list for the key."""
    return key.lower() in _MULTI_VALUED or key.lower().endswith(":amr")


def single_valued(key: str) -> bool:
    """Tell whether a request certainly supplies one value for the key."""
    if multi_valued(key):
        return False
    known = _GLOBAL_REQUEST | _GLOBAL_PRINCIPAL | _GLOBAL_RESOURCE | _SESSION
    return key.lower() in known or family(key) in _TAGS


def boolean(key: str) -> bool:
    """Tell whether the key's value is `true` or `false`."""
    return key.lower() in _BOOLEAN


def address(key: str) -> bool:
    """Tell whether the key's value is an IP address."""
    return key.lower() in _ADDRESS


def origin(key: str, service: str) -> Origin:
    """Tell which part of a request to a service supplies a key.

    Args:
        key: a condition key in any case.
        service: the action's prefix, such as `ssm`.
    """
    name, kind = key.lower(), family(key)
    if name in _GLOBAL_PRINCIPAL or kind == "aws:principaltag":
        return Origin.PRINCIPAL
    if name in _GLOBAL_RESOURCE or kind in _TAG_FAMILIES:
        return Origin.RESOURCE
    if name == "aws:tagkeys" or kind == "aws:requesttag":
        return Origin.ACTION
    if name in _GLOBAL_REQUEST or name in _SESSION or _federated(name):
        return Origin.REQUEST
    prefix = name.partition(":")[0]
    if prefix == "aws":
        return Origin.UNKNOWN
    if prefix == service.lower():
        return Origin.ACTION
    return Origin.NEVER if prefix in _OTHER_SERVICES else Origin.UNKNOWN


def never_supplied(key: str, source: Origin) -> bool:
    """Tell whether an action that does not list a key certainly does not supply it."""
    if source is not Origin.ACTION:
        return source is Origin.NEVER
    return family(key) in _SOME_ACTIONS or key.lower().startswith("aws:")


def _federated(name: str) -> bool:
    """Tell whether an identity provider supplies it: `saml:aud`, `<issuer>:sub`."""
    provider = name.rpartition(":")[0]
    return provider == "saml" or "." in provider
