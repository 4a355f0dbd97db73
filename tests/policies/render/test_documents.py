"""The documents: canonical, readable, and of the size that a provider counts."""

import json

import pytest
from hypothesis import given
from render_changes import change
from render_documents import DOCUMENTS

from policies.limits import size_of
from policies.render.documents import canonical, digest, minified, pretty
from policies.resources import ResourceKind


@given(DOCUMENTS)
def test_every_layout_is_the_same_document(value):
    assert json.loads(canonical(value)) == value
    assert json.loads(minified(value)) == value
    assert json.loads(pretty(value)) == value


@given(DOCUMENTS)
def test_the_hash_does_not_know_the_layout(value):
    shuffled = dict(reversed(list(value.items())))

    assert digest(shuffled) == digest(json.loads(pretty(value))) == digest(value)


@pytest.mark.parametrize(
    "char", ["\x00", "\x1b", "\x7f", "\x85", "\xad", "\u202e", "\u2028", "\U000e0001"]
)
def test_what_a_reader_cannot_see_is_escaped(char):
    assert char not in pretty([f"a{char}b", "é"])
    assert json.loads(pretty([f"a{char}b", "é"])) == [f"a{char}b", "é"]


def test_what_a_reader_can_see_counts_once():
    """An escape is six characters to a provider that counts them."""
    value = {"Sid": "é" * 10}

    assert len(minified(value)) == size_of(value)


def test_half_a_character_pair_is_written_as_an_escape():
    one = change(ResourceKind.INLINE_POLICY, after={"Sid": "\ud800"})

    assert json.loads(minified(one.after).encode()) == one.after
