"""What is known of an action beyond its name, for those of the catalogue."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from scanner.aws.vectors import Step, catalogue

#: Services that resource control policies limit for certain, and those that they do
#: not (rules 63 and 64); of all others only a dated list says so.
_LIMITED = frozenset({"s3", "sts", "kms", "sqs", "secretsmanager"})
_UNLIMITED = frozenset({"ssm", "ec2", "ecs", "ec2-instance-connect"})
#: What goes with entering a role, and is asked of its trust policy as well.
_ENTERING = frozenset({"sts:setsourceidentity", "sts:tagsession"})


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


class Traits(NamedTuple):
    """How an action is authorised.

    Attributes:
        enters: it enters a role: then the trust policy must allow it.
        resourceless: it is known to be authorised on `*` only.
        limited: resource control policies may limit its service.
        doubt: why it is not known for certain whether they do; empty where it is.
    """

    enters: bool
    resourceless: bool
    limited: bool
    doubt: str


@lru_cache(maxsize=1 << 14)
def traits(action: str) -> Traits:
    """Return what is known of an action, in any case."""
    name = action.lower()
    service = name.partition(":")[0]
    steps = _steps().get(name, ())
    doubt = ""
    if service not in _LIMITED | _UNLIMITED:
        doubt = f"whether resource control policies limit {service} is not known"
    return Traits(
        name.startswith("sts:assumerole") or name in _ENTERING,
        bool(steps) and all(one.needs == ("nothing",) for one in steps),
        service not in _UNLIMITED,
        doubt,
    )
