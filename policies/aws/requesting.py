"""A13: what lets people ask for sessions, in place of rights that they always have.

Who approves, and for how long, is the organisation's to say, in approval policies that
no IAM policy replaces: so this is advice with the policy part, and never `removed`.
"""

from policies.aws.changes import create_managed
from policies.drafts import Advice
from scanner.aws.model import AwsAccount

CHECK = "t1651_aws_no_just_in_time_access"
_NAME = "whocanrun-request-node-access"
_TITLE = (
    "Let people ask for sessions (just-in-time node access) instead of holding them"
)


def request_access(account: AwsAccount | None, losing: int) -> Advice:
    """Return the policy to ask by, and what has to be done beside it.

    Args:
        account: where people hold commands; None when it is not in evidence.
        losing: from how many of its principals other remediations take vectors.
    """
    effects = (
        "set up approval policies of just-in-time node access first: nobody can ask "
        "before, and without one that approves by hand nobody is asked",
        "temporary, not removed: who has this policy still comes to the nodes, by a "
        "request and for a time",
        f"the other remediations take the standing vectors from {losing} principals "
        "here: attach the policy to the people among them, then apply those",
    )
    if account is None:
        return Advice(_TITLE, side_effects=effects)
    home = f"{account.partition}:iam::{account.id}"
    made = create_managed(
        "A13",
        f"arn:{home}:policy/{_NAME}",
        _document(account),
        f"Create {_NAME}: ask for a session, and take up what was approved",
        (),
    )
    return Advice(_TITLE, (made,), side_effects=effects)


def _document(account: AwsAccount) -> dict[str, object]:
    ssm = f"arn:{account.partition}:ssm:*:{account.id}"
    nodes = [
        f"arn:{account.partition}:ec2:*:{account.id}:instance/*",
        f"{ssm}:managed-instance/*",
    ]
    rights = (
        ("ssm:StartAccessRequest", nodes),
        ("ssm:GetAccessToken", [f"{ssm}:opsitem/*"]),
    )
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": [action], "Resource": resources}
            for action, resources in rights
        ],
    }
