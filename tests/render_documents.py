"""Policy documents and texts that try to be something else in the form they are in."""

from typing import Any

from hypothesis import strategies as st

#: One text per trick that a document or name may play on a form.
TRICKS = (
    "${aws:username}",
    "$${aws:username}",
    "$$${x}",
    "%{ if true }x%{ endif }",
    '"',
    "\\",
    '\\"${',
    "EOT\nEOT",
    "<<-JSON\n${x}\nJSON\n",
    "'; touch hacked; '",
    "$(touch hacked)",
    "`touch hacked`",
    "[concat('a')]",
    "[[x]",
    "[x",
    "a'b\\'c${d}\\${e}",
    "line\r\nbreak\ttab\x0b\x7f\x85\u2028\u202e",
    "{{not:resolved}}",
    "#x // y /* z",
    "--option",
    "é\xad\U0001f600",
    "",
)

#: What IAM allows in a document: tab, line feed, carriage return, U+0020 to U+00FF.
ALLOWED = st.one_of(
    st.sampled_from(["\t", "\n", "\r", "$", "%", "{", "}", '"', "\\", "'", "["]),
    st.characters(min_codepoint=0x20, max_codepoint=0xFF),
)
TEXTS = st.one_of(
    st.sampled_from(TRICKS),
    st.lists(
        st.one_of(ALLOWED, st.sampled_from([one for one in TRICKS if one.isascii()])),
        max_size=6,
    ).map("".join),
)
_LISTS = st.lists(TEXTS, min_size=1, max_size=3, unique=True)
_ONE_OR_MORE = st.one_of(TEXTS, _LISTS)
_CONDITIONS = st.dictionaries(
    st.sampled_from(["StringLike", "ForAnyValue:StringEquals", "Bool"]),
    st.dictionaries(TEXTS, _ONE_OR_MORE, min_size=1, max_size=2),
    min_size=1,
    max_size=2,
)
_PRINCIPALS = st.one_of(
    st.just("*"),
    st.dictionaries(
        st.sampled_from(["AWS", "Service", "Federated"]),
        _ONE_OR_MORE,
        min_size=1,
        max_size=2,
    ),
)
_STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Action": _ONE_OR_MORE},
    optional={
        "Resource": _ONE_OR_MORE,
        "NotResource": _ONE_OR_MORE,
        "Condition": _CONDITIONS,
        "Principal": _PRINCIPALS,
    },
)
DOCUMENTS = st.fixed_dictionaries(
    {
        "Version": st.just("2012-10-17"),
        "Statement": st.lists(_STATEMENTS, min_size=1, max_size=2),
    }
).filter(lambda value: "&{" not in str(value))


def as_sets(value: Any) -> Any:
    """Return a document in which a text is a list of one, and order says nothing."""
    if isinstance(value, dict):
        return {key: as_sets(one) for key, one in value.items()}
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        return [as_sets(one) for one in value]
    texts = value if isinstance(value, list) else [value]
    return sorted(set(texts))
