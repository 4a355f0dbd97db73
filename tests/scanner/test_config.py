"""`whocanrun.toml`: every key has an effect, or is an error that names its place."""

import re
from contextlib import suppress
from dataclasses import fields
from datetime import date
from pathlib import Path

import decided as d
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.config import (
    DEFAULTS,
    Acceptance,
    Approval,
    Approved,
    Config,
    Identities,
    Stage,
    Thresholds,
    matches,
)
from scanner.config_file import find_config, parse_config
from scanner.errors import UnusableInput

CHECKS = ("t1651_aws_any_document", "t1651_aws_any_document_every_node")
ROLE = "arn:aws:iam::111122223333:role/patching"
GUID = "0b1f6471-1bf0-4dda-aec3-cb9272f09590"
PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
ANSWER = 'reason = "r"\nowner = "o"\nexpires = 2099-01-31\n'


def parsed(toml: str) -> Config:
    return parse_config(toml.encode(), "w.toml", CHECKS)


def refused(toml: str) -> str:
    with pytest.raises(UnusableInput) as error:
        parsed(toml)
    assert "\n" not in str(error.value)
    return str(error.value)


# ---- the documented example ----


def documented() -> str:
    return re.search(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)[1]


def test_the_documented_example_has_every_key_and_is_read():
    """And each differs from its default, so that none is documented in vain."""
    found = parsed(documented())

    parts = [found.approved, found.identities, found.production, found.non_production]
    parts += [found.thresholds, *found.accept, *found.accept_gap]
    empty = [
        (type(part).__name__, one.name)
        for part in parts
        for one in fields(part)
        if getattr(part, one.name) in ("", ())
    ]
    assert empty == []
    assert len(found.accept) == len(found.accept_gap) == 1
    keys = {one.name for part in parts for one in fields(part)} - {"place"}
    assert not [key for key in keys if not re.search(rf"^{key} *=", documented(), re.M)]


def test_the_documented_thresholds_are_the_defaults():
    assert parsed(documented()).thresholds == Thresholds()


# ---- what is read ----


def test_nothing_said_is_the_defaults():
    assert parsed("# all of it is commented out\n") == Config(path="w.toml")


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        (
            "[thresholds]\nprincipals_per_scope = 0",
            {"thresholds": Thresholds(principals_per_scope=0)},
        ),
        (
            "[thresholds]\nactivation_hours = 24",
            {"thresholds": Thresholds(activation_hours=24)},
        ),
        (
            f'[approved]\nprincipals = ["{ROLE}", "{GUID}"]',
            {"approved": Approved(principals=(ROLE, GUID))},
        ),
        (
            '[approved]\npartners = ["444455556666", "repo:acme/*"]',
            {"approved": Approved(partners=("444455556666", "repo:acme/*"))},
        ),
        (
            '[approved]\nbreak_glass = ["arn:aws:iam::*:role/emergency"]',
            {"approved": Approved(break_glass=("arn:aws:iam::*:role/emergency",))},
        ),
        (
            '[identities]\npeople = ["arn:aws:iam::*:role/adfs-?"]',
            {"identities": Identities(people=("arn:aws:iam::*:role/adfs-?",))},
        ),
        (
            f'[production]\ntags = ["env=prod*"]\nscopes = ["{GUID}"]',
            {"production": Stage(("env=prod*",), (GUID,))},
        ),
        (
            '[non_production]\ntags = [" a b=c=d "]',
            {"non_production": Stage(("a b=c=d",))},
        ),
        (
            f'[[accept]]\nfinding = "wcr1:0123456789ab"\n{ANSWER}',
            {
                "accept": (
                    Acceptance(
                        "accept[1]", "r", "o", date(2099, 1, 31), "wcr1:0123456789ab"
                    ),
                )
            },
        ),
    ],
)
def test_what_is_said_is_read(toml, expected):
    assert parsed(toml) == Config(path="w.toml", **expected)


# ---- what is refused ----


@pytest.mark.parametrize(
    ("toml", "key", "words"),
    [
        ("[threshold]\na = 1", "threshold", "did you mean thresholds?"),
        ("suppressions = 1", "suppressions", "known are thresholds, approved"),
        ("path = 'x'", "path", "no such key"),
        ("[thresholds]", "thresholds", "says nothing"),
        ("thresholds = 3", "thresholds", "must be a table, not a number"),
        (
            "[thresholds]\nprincipals_per_scop = 3",
            "thresholds.principals_per_scop",
            "did you mean principals_per_scope?",
        ),
        (
            "[thresholds]\nprincipals_per_scope = true",
            "thresholds.principals_per_scope",
            "not true or false",
        ),
        (
            "[thresholds]\nprincipals_per_scope = 1.5",
            "thresholds.principals_per_scope",
            "must be a whole number",
        ),
        (
            "[thresholds]\nprincipals_per_scope = -1",
            "thresholds.principals_per_scope",
            "-1 is out of range",
        ),
        (
            "[thresholds]\nactivation_hours = 25",
            "thresholds.activation_hours",
            "25 is out of range; write 0 to 24",
        ),
        (
            "[thresholds]\nactivation_hours = '8h'",
            "thresholds.activation_hours",
            "must be a whole number, not a text",
        ),
        (
            "[thresholds]\nactivation_hour = 8",
            "thresholds.activation_hour",
            "did you mean activation_hours?",
        ),
        ("[approved]\nprincipals = []", "approved.principals", "names nothing"),
        ("[approved]\nprincipals = 'x'", "approved.principals", "must be a list"),
        (
            "[approved]\nprincipals = ['', 1]",
            "approved.principals[1]",
            "says something",
        ),
        ("[approved]\nprincipals = [1]", "approved.principals[1]", "must be a text"),
        ("[approved]\nprincipals = ['ops']", "approved.principals[1]", "is not an ARN"),
        ("[approved]\nprincipals = ['*']", "approved.principals[1]", "is not an ARN"),
        (
            "[approved]\nprincipals = ['arn:aws:iam::1:role/*']",
            "approved.principals[1]",
            "names somebody",
        ),
        (
            "[approved]\npartners = ['acme']",
            "approved.partners[1]",
            "an account or tenant id",
        ),
        ("[approved]\npartners = ['*:*']", "approved.partners[1]", "or a subject"),
        (
            f"[approved]\nprincipals = ['{ROLE}', '{ROLE.replace('p', 'P')}']",
            "approved.principals[2]",
            "is covered by approved.principals[1]",
        ),
        (
            f"[approved]\nprincipals = ['{ROLE}', 'arn:aws:iam::*:role/patch*']",
            "approved.principals[1]",
            "is covered by approved.principals[2]",
        ),
        (
            f"[approved]\nprincipals = ['{ROLE}']\nbreak_glass = ['{ROLE}']",
            "approved.principals",
            "is in break_glass as well",
        ),
        (
            f"[identities]\npeople = ['{ROLE}']\nworkloads = ['{ROLE}']",
            "identities.people",
            "as well",
        ),
        ("[production]\ntags = ['prod']", "production.tags[1]", "is not `key=value`"),
        ("[production]\ntags = ['env=*']", "production.tags[1]", "a value of its own"),
        ("[production]\ntags = ['e*=prod']", "production.tags[1]", "`key=value`"),
        ("[production]\nscopes = ['shop']", "production.scopes[1]", "subscription id"),
        (
            "[production]\ntags = ['a=b']\n[non_production]\ntags = ['A=b']",
            "production.tags",
            "is in non_production.tags as well",
        ),
        ("accept = []", "accept", "must be a list of tables"),
        ("[accept]\nreason = 'r'", "accept", "write `[[accept]]`"),
        ("[[accept]]", "accept[1]", "has no reason"),
        (f"[[accept_gap]]\n{ANSWER}", "accept_gap[1]", "has no operation"),
        (
            f"[[accept_gap]]\noperation = 'a:B'\nscope = 'x'\n{ANSWER}" * 2,
            "accept_gap[2]",
            "says what accept_gap[1] says",
        ),
        (
            f"[[accept_gap]]\noperation = 'a:B'\nscope = 'x'\nregion = 'r'\n{ANSWER}",
            "accept_gap[1].region",
            "no such key",
        ),
        (
            f"[[accept]]\nfinding = 'wcr1:0123456789ab'\n{ANSWER}expiry = 1",
            "accept[1].expiry",
            "did you mean expires?",
        ),
        (
            "[[accept]]\nfinding='wcr1:0123456789ab'\nreason='r'\nexpires=2099-01-31",
            "accept[1]",
            "has no owner",
        ),
        (
            f"[[accept]]\nfinding = 'wcr1:0123456789ab'\n"
            f"{ANSWER.replace('2099-01-31', '2099-01-31T00:00:00')}",
            "accept[1].expires",
            "must be a date, not a time",
        ),
        (
            f"[[accept]]\nfinding = 'wcr1:0123456789ab'\n"
            f"{ANSWER.replace('2099-01-31', '1')}",
            "accept[1].expires",
            "write it as 2027-01-31",
        ),
        (
            f"[[accept]]\nfinding = 'wcr2:0'\n{ANSWER}",
            "accept[1].finding",
            "is no fingerprint",
        ),
        (
            f"[[accept]]\ncheck = 't1651_aws_any_documents'\n{ANSWER}",
            "accept[1].check",
            "did you mean t1651_aws_any_document",
        ),
        (
            f"[[accept]]\ncheck = '{CHECKS[0]}'\n{ANSWER}",
            "accept[1]",
            "would hide too much",
        ),
        (f"[[accept]]\nprincipal = 'arn'\n{ANSWER}", "accept[1]", "too much"),
        (
            f"[[accept]]\ncheck = '{CHECKS[0]}'\nprincipal = '*'\n{ANSWER}",
            "accept[1].principal",
            "fits everybody",
        ),
        (
            f"[[accept]]\ncheck = '{CHECKS[0]}'\nscope = '111122223333'\n{ANSWER}",
            "accept[1].scope",
            "write aws:ACCOUNT",
        ),
        (
            f"[[accept]]\nfinding = 'wcr1:0123456789ab'\n{ANSWER}" * 2,
            "accept[2]",
            "says what accept[1] says",
        ),
        ("a = 1\na = 2\n", "", "no TOML: Cannot overwrite a value (at line 2"),
        ("a = ", "", "no TOML"),
        ("a = " + "[" * 9999, "", "no TOML"),
    ],
)
def test_what_has_no_effect_is_an_error_that_names_its_place(toml, key, words):
    message = refused(toml)

    assert message.startswith(f"w.toml: {key}: " if key else "w.toml: ")
    assert words in message


def test_other_bytes_than_utf_8_are_refused():
    with pytest.raises(UnusableInput, match="no UTF-8 at byte 2"):
        parse_config(b"# \xff", "w.toml", CHECKS)


_KEYS = sorted({one.name for one in fields(Config)} | {"x"})
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(text):
    with suppress(UnusableInput):
        assert parse_config(text, "w.toml", CHECKS).path == "w.toml"


@given(st.dictionaries(st.sampled_from(_KEYS), _VALUES, min_size=1, max_size=3))
def test_a_value_of_another_type_is_refused_whatever_it_is(said):
    """No key of the file takes a plain value or a list of those."""
    lines = [f"{key} = {_toml(value)}" for key, value in said.items()]
    refused("\n".join(lines))


def _toml(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str):
        return "'" + "".join(c for c in value if c.isalnum()) + "'"
    return str(value or 0).lower() if not isinstance(value, int) else str(value).lower()


# ---- where it is looked for ----


def test_without_a_file_the_defaults_hold(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert find_config(None, CHECKS) is DEFAULTS


def test_the_file_in_the_working_directory_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("whocanrun.toml").write_text("[thresholds]\nprincipals_per_scope = 3\n")

    found = find_config(None, CHECKS)

    assert (found.path, found.thresholds.principals_per_scope) == ("whocanrun.toml", 3)


def test_a_named_file_goes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("whocanrun.toml").write_text("not TOML")
    Path("other.toml").write_text("[thresholds]\nprincipals_per_scope = 4\n")

    found = find_config(Path("other.toml"), CHECKS)

    assert found.thresholds.principals_per_scope == 4


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir])
def test_a_named_file_that_cannot_be_read_is_an_error(make, tmp_path):
    path = tmp_path / "w.toml"
    make(path)

    with pytest.raises(UnusableInput, match="name a file to read"):
        find_config(path, CHECKS)


def test_a_link_to_nothing_is_not_as_good_as_no_file(tmp_path, monkeypatch):
    """Whoever linked it believes that it is read."""
    monkeypatch.chdir(tmp_path)
    Path("whocanrun.toml").symlink_to("gone.toml")

    with pytest.raises(UnusableInput):
        find_config(None, CHECKS)


# ---- what patterns fit ----


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("arn:aws:iam::*:role/x", "arn:aws:iam::1:role/x", True),
        ("arn:aws:iam::*:role/x", "arn:aws:iam::1:role/xy", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("ABC", "abc", True),
        ("a.c", "abc", False),
        ("a|b", "a", False),
        ("[ab]", "a", False),
        ("a*", "a\nb", True),
    ],
)
def test_patterns_match_whole_texts_literally_but_for_wildcards(pattern, text, fits):
    assert matches((pattern,), text) is fits


@given(st.lists(st.text("ab*?", min_size=1, max_size=6), max_size=3), st.text("ab"))
def test_a_list_fits_what_any_of_its_patterns_fits(patterns, text):
    fits = any(matches((one,), text) for one in patterns)

    assert matches(tuple(patterns), text) is fits


OIDC = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"


@pytest.mark.parametrize(
    ("partner", "who", "fits"),
    [
        (d.PARTNER, d.outsider(), True),
        (d.OTHER, d.outsider(), False),
        (d.ACCOUNT, d.user("alice"), False),
        (d.user("alice").id, d.user("alice"), False),
        (d.TENANT, d.entra("guest", "guest", external=True), False),
        (d.TENANT, d.entra("msp", "foreign", external=True), True),
        ("repo:acme/*", d.outsider(f"{OIDC}#repo:acme/app:*", "federated"), True),
        ("repo:acme/*", d.outsider(f"{OIDC}#repo:*", "federated"), False),
    ],
)
def test_a_partner_is_an_outsider_by_its_home_or_subject(partner, who, fits):
    """Guests live in our own tenant: naming that approves none of them."""
    config = Config(approved=Approved(partners=(partner,)))

    assert (Approval.PARTNER in config.approvals(who)) is fits


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (d.role("emergency", d.OTHER), (Approval.BREAK_GLASS,)),
        (d.outsider(f"arn:aws:iam::{d.PARTNER}:role/emergency"), ()),
    ],
)
def test_a_pattern_over_accounts_approves_nobody_of_somebody_else(who, expected):
    config = Config(approved=Approved(break_glass=("arn:aws:iam::*:role/emergency",)))

    assert config.approvals(who) == expected


@pytest.mark.parametrize(
    ("tags", "scopes", "expected"),
    [
        (("env=prod*",), (), True),
        (("ENV=Prod-1",), (), True),
        (("env=dev",), (), False),
        ((), (d.ACCOUNT,), True),
        ((), (d.OTHER,), False),
        ((), (), False),
    ],
)
def test_a_machine_is_in_production_by_tag_or_account(tags, scopes, expected):
    vm = d.vm("i-1", env="prod-1")

    assert Config(production=Stage(tags, scopes)).is_production(vm) is expected
    outside = Config(production=Stage(), non_production=Stage(tags, scopes))
    assert outside.is_non_production(vm) is expected


@pytest.mark.parametrize(
    ("tags", "live", "dead"),
    [
        ({"Environment": "Production"}, True, False),
        ({"stage": "qa-2"}, False, True),
        ({"env": "dev", "stage": "prod"}, True, False),
        ({"team": "prod"}, False, False),
        ({}, False, False),
    ],
)
def test_by_default_common_tags_tell_what_is_production(tags, live, dead):
    """What is said to be both is in production."""
    vm = d.vm("i-1", **tags)

    assert DEFAULTS.is_production(vm) is live
    assert DEFAULTS.is_non_production(vm) is dead
