"""The partner hears of a change to a delegation before it is made."""

import pytest
from hypothesis import given
from render_changes import EVERY, OBJECTS, change, steps
from render_documents import TEXTS

from policies.render.message import message
from policies.resources import ResourceKind

DELEGATION = ResourceKind.DELEGATION


def text_of(action="remove", **more):
    return message(steps(change(DELEGATION, action, **more))).files["message/01.txt"]


@pytest.mark.parametrize(
    ("action", "words"),
    [("remove", b"will delete this delegation"), ("create", b"will change this")],
)
def test_the_partner_is_told_what_happens_and_what_to_offer(action, words):
    text = text_of(action)

    assert words in text
    assert OBJECTS[DELEGATION][0].encode() in text
    assert b"/providers/y" in text
    assert b"eligible authorizations" in text


@given(TEXTS)
def test_a_hostile_title_adds_no_line(text):
    assert text_of(title=text).count(b"\n") == text_of().count(b"\n")


@pytest.mark.parametrize(("kind", "action"), EVERY)
def test_nobody_else_gets_a_message(kind, action):
    found = message(steps(change(kind, action)))

    assert bool(found.files) == (kind is DELEGATION)
    assert not found.left_out
