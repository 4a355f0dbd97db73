"""What a check is besides its function: data, read from `checks/catalogue.toml`."""

from functools import cache, partial
from pkgutil import get_data

import msgspec
from msgspec.structs import asdict

from checks.evidence import BASE
from checks.finding import Check, Claim, Severity
from checks.hits import Find, Meta, findings
from scanner.config import Approval
from scanner.estate import Provider


class _Declared(msgspec.Struct, forbid_unknown_fields=True):
    """A table of `catalogue.toml`: see `Check`; `needs` come on top of the base."""

    title: str
    severity: Severity
    claim: Claim
    rationale: str
    fix: str
    example: str
    references: tuple[str, ...]
    needs: tuple[str, ...] = ()
    settled_by: tuple[Approval, ...] = ()
    threshold: str = ""
    techniques: tuple[str, ...] = ("T1651",)
    mitigations: tuple[str, ...] = ("M1026",)


def check(find: Find) -> Check:
    """Make a check of the function that finds its hits; its name is the check's id.

    `catalogue.toml` has the rest, in the table of that name. Every check reads the
    lists that verdicts of its cloud rest on.
    """
    said = _declared()[find.__name__]
    provider = Provider(find.__name__.split("_")[1])
    meta = Meta(find.__name__, provider, said.severity, said.claim)
    return Check(
        id=meta.id,
        provider=provider,
        run=partial(findings, meta, find),
        **asdict(said) | {"needs": (*BASE[provider], *said.needs)},
    )


@cache
def _declared() -> dict[str, _Declared]:
    content = get_data("checks", "catalogue.toml") or b""
    return msgspec.toml.decode(content, type=dict[str, _Declared])
