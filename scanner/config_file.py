"""Read `whocanrun.toml`: every key is known, and every value can have an effect.

What could never do anything (an unknown key, an empty list, a pattern that another one
covers) is an error: whoever wrote it believes that it works.
"""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from scanner.config import (
    DEFAULTS,
    NON_PRODUCTION,
    PRODUCTION,
    Acceptance,
    AcceptedGap,
    Approved,
    Config,
    Identities,
    Stage,
    Thresholds,
)
from scanner.config_values import (
    DOCUMENTED,
    MOST,
    PARTNER,
    PRINCIPAL,
    SCOPE,
    TAG,
    Form,
    Place,
    day,
    instead,
    is_finding_scope,
    kind,
    number,
    text,
    texts,
)
from scanner.evidence.strictjson import read_bytes

NAME = "whocanrun.toml"

_MAX_BYTES = 1 << 20
_FINGERPRINT = re.compile(r"wcr1:[0-9a-f]{12}")
#: Fields that say where something is written, and are no keys.
_PLACES = ("path", "place")

#: No activation in Azure lasts longer than a day.
_LIMITS = {"activation_hours": 24}

_APPROVED = {"principals": PRINCIPAL, "partners": PARTNER, "break_glass": PRINCIPAL}
_IDENTITIES = {"people": PRINCIPAL, "workloads": PRINCIPAL}
_STAGE = {"tags": TAG, "scopes": SCOPE}

#: Keys that every suppression has.
_ANSWER = ("reason", "owner", "expires")

_Said = Mapping[str, Any]
_Lists = TypeVar("_Lists", Approved, Identities, Stage)
_Answer = TypeVar("_Answer", Acceptance, AcceptedGap)


def find_config(given: Path | None, checks: Collection[str]) -> Config:
    """Return what a file says, or the defaults where there is none.

    Args:
        given: the file that was named; None: `whocanrun.toml` in the working directory,
            if there is one.
        checks: the ids of every check; suppressions may name no other.

    Raises:
        UnusableInput: the file cannot be read, or something in it is wrong.
    """
    path = given or Path(NAME)
    if given is None and not path.exists() and not path.is_symlink():
        return DEFAULTS
    return parse_config(read_bytes(path, _MAX_BYTES), str(path), checks)


def parse_config(toml: bytes, file: str, checks: Collection[str]) -> Config:
    """Read the text of a configuration.

    Args:
        toml: TOML in UTF-8.
        file: its name, for messages.
        checks: the ids of every check.

    Raises:
        UnusableInput: it is no TOML, or has a key that is unknown, of the wrong type,
            or without any effect.
    """
    place = Place(file)
    said = _table(_parsed(toml, place), place, Config)
    found = Config(
        file,
        _thresholds(said, place),
        _lists(said, place, "approved", Approved(), _APPROVED),
        _lists(said, place, "identities", Identities(), _IDENTITIES),
        _lists(said, place, "production", PRODUCTION, _STAGE),
        _lists(said, place, "non_production", NON_PRODUCTION, _STAGE),
        _accepted(said, place, checks),
        _accepted_gaps(said, place),
    )
    _no_contradiction(found, place)
    return found


def _parsed(toml: bytes, place: Place) -> _Said:
    try:
        return tomllib.loads(toml.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        place.refuse(f"no UTF-8 at byte {error.start}", "save it as UTF-8")
    except tomllib.TOMLDecodeError as error:
        place.refuse(f"no TOML: {error}", "mend that place")
    except RecursionError:
        place.refuse("no TOML: nested too deep", DOCUMENTED)


# ---- tables ----


def _table(
    value: object, place: Place, shape: type[Any], needed: Collection[str] = ()
) -> _Said:
    """Return a table whose keys are all fields of a dataclass."""
    if not isinstance(value, dict):
        place.refuse(f"must be a table, not {kind(value)}", DOCUMENTED)
    known = [one.name for one in fields(shape) if one.name not in _PLACES]
    for key in value:
        if key not in known:
            place.below(key).refuse("no such key", instead(key, known))
    for key in needed:
        if key not in value:
            place.refuse(f"has no {key}", f"every entry needs {', '.join(needed)}")
    return value


def _section(
    said: _Said, place: Place, name: str, shape: type[Any]
) -> tuple[_Said, Place]:
    """Return one table of the file; an empty one says nothing."""
    here = place.below(name)
    table = _table(said.get(name, {}), here, shape)
    if name in said and not table:
        here.refuse("says nothing", "give it a key, or leave it out")
    return table, here


def _thresholds(said: _Said, place: Place) -> Thresholds:
    table, here = _section(said, place, "thresholds", Thresholds)
    return Thresholds(
        **{
            key: number(value, here.below(key), _LIMITS.get(key, MOST))
            for key, value in table.items()
        }
    )


def _lists(
    said: _Said, place: Place, name: str, default: _Lists, forms: Mapping[str, Form]
) -> _Lists:
    """Return lists of patterns; what is not said is as by default."""
    table, here = _section(said, place, name, type(default))
    lists = {key: texts(table[key], here.below(key), forms[key]) for key in table}
    return replace(default, **lists)


def _no_contradiction(config: Config, place: Place) -> None:
    """Refuse what is said to be one thing and its opposite."""
    live, dead = config.production, config.non_production
    who, fine = config.identities, config.approved
    opposites = (
        ("production.tags", live.tags, "non_production.tags", dead.tags),
        ("production.scopes", live.scopes, "non_production.scopes", dead.scopes),
        ("identities.people", who.people, "identities.workloads", who.workloads),
        ("approved.principals", fine.principals, "break_glass", fine.break_glass),
    )
    for key, ones, other, others in opposites:
        both = {one.lower() for one in ones} & {one.lower() for one in others}
        if both:
            reason = f"{min(both)!a} is in {other} as well"
            place.below(key).refuse(reason, "keep it in one")


# ---- suppressions ----


def _accepted(
    said: _Said, place: Place, checks: Collection[str]
) -> tuple[Acceptance, ...]:
    found: dict[tuple[str, ...], Acceptance] = {}
    for entry, here in _entries(said, place, "accept"):
        one = _acceptance(entry, here, Acceptance, _ANSWER)
        _check_selector(one, here, checks)
        key = (one.finding, one.check, one.principal.lower(), one.scope.lower())
        _only_once(found, key, one, here)
    return tuple(found.values())


def _accepted_gaps(said: _Said, place: Place) -> tuple[AcceptedGap, ...]:
    found: dict[tuple[str, ...], AcceptedGap] = {}
    for entry, here in _entries(said, place, "accept_gap"):
        needed = ("operation", "scope", *_ANSWER)
        one = _acceptance(entry, here, AcceptedGap, needed)
        _only_once(found, (one.operation, one.scope.lower()), one, here)
    return tuple(found.values())


def _entries(said: _Said, place: Place, name: str) -> Iterator[tuple[object, Place]]:
    entries, here = said.get(name), place.below(name)
    if entries is None:
        return
    if not isinstance(entries, list) or not entries:
        here.refuse("must be a list of tables", f"write `[[{name}]]`")
    for n, entry in enumerate(entries):
        yield entry, here.below(n)


def _acceptance(
    entry: object, place: Place, shape: type[_Answer], needed: Collection[str]
) -> _Answer:
    table = _table(entry, place, shape, needed)
    expires = day(table["expires"], place.below("expires"))
    named = {k: text(table[k], place.below(k)) for k in table if k != "expires"}
    return shape(place=place.key, expires=expires, **named)


def _only_once(
    found: dict[tuple[str, ...], _Answer],
    key: tuple[str, ...],
    one: _Answer,
    place: Place,
) -> None:
    if key in found:
        place.refuse(f"says what {found[key].place} says", "keep one")
    found[key] = one


def _check_selector(one: Acceptance, place: Place, checks: Collection[str]) -> None:
    """Refuse a suppression that fits nothing, or more than somebody can answer for."""
    if one.finding and not _FINGERPRINT.fullmatch(one.finding):
        place.below("finding").refuse("is no fingerprint", "copy it from a report")
    if one.check and one.check not in checks:
        place.below("check").refuse("no such check", instead(one.check, checks))
    if one.scope and not is_finding_scope(one.scope):
        place.below("scope").refuse("is no scope", "write aws:ACCOUNT or azure:ID")
    if one.principal and not one.principal.strip("*?"):
        place.below("principal").refuse("fits everybody", "name somebody")
    if not one.finding and not (one.check and (one.principal or one.scope)):
        hint = "name a finding, or a check with a principal or scope"
        place.refuse("would hide too much", hint)
