"""What is known of an action beyond its name, for those of the catalogue."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from scanner.aws.vectors import Step, catalogue

#: Services that resource control policies limit for certain, and those that they do
#: not (rules 63 and 64); of all others only a dated list says so.
_LIMITED = frozenset({"s3", "sts", "kms", "sqs", "secretsmanager"})
_UNLIMITED = frozenset({"ssm", "ec2", "ecs", "ec2-instance-connect"})


@cache
def _steps() -> Mapping[str, list[Step]]:
    found: defaultdict[str, list[Step]] = defaultdict(list)
    for vector in catalogue().covered:
        for step in vector.steps:
            found[step.action.lower()].append(step)
    return found


def supplied_keys(action: str) -> frozenset[str] | None:
    """Return the families of condition keys that an action supplies.

    None for an action that is not catalogued: any may be supplied.
    """
    steps = _steps().get(action.lower())
    return None if steps is None else frozenset().union(*(one.keys for one in steps))


def has_no_resource(action: str) -> bool:
    """Tell whether an action is known to be authorised on `*` only."""
    steps = _steps().get(action.lower(), ())
    return bool(steps) and all(one.needs == ("nothing",) for one in steps)


def enters(action: str) -> bool:
    """Tell whether an action enters a role: then the trust policy must allow it."""
    return action.lower().startswith("sts:assumerole")


def limited_by_rcps(action: str) -> bool | None:
    """Tell whether resource control policies limit a service; None when in doubt."""
    service = action.partition(":")[0].lower()
    if service in _LIMITED:
        return True
    return False if service in _UNLIMITED else None
