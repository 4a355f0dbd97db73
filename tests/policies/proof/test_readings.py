"""What elements name for certain is compared beside what they may name."""

from hypothesis import given
from hypothesis import strategies as st
from iam_estates import allow, document

from policies.proof.actions import aws_actions
from policies.proof.layers import compare_layers
from policies.proof.readings import by_segment, readings
from scanner.aws.iam.patterns import Match, match_resource

WORDS = st.text("ab*", max_size=3)
NAMES = st.text("ab", max_size=3)
SERVICES = st.sampled_from(["s3", "s3*"])
PATTERNS = st.builds(
    lambda service, rest, count: ":".join(["arn", "aws", service, *rest[:count]]),
    SERVICES,
    st.tuples(WORDS, WORDS, WORDS),
    st.integers(0, 3),
)
ARNS = st.tuples(NAMES, NAMES, NAMES).map(lambda p: ":".join(["arn", "aws", "s3", *p]))


@given(PATTERNS, ARNS)
def test_a_machine_by_segment_accepts_what_an_element_certainly_names(pattern, arn):
    machine, places = by_segment(pattern), 1
    for character in arn if machine else ():
        places = machine.step(places, character)

    actual = machine is not None and bool(places & machine.accept)

    assert actual is (match_resource(pattern, arn) is Match.YES)


def test_one_reading_is_enough_where_nothing_could_run_past_a_colon():
    assert len(readings(["arn:aws:s3:::bucket/*"])) == 1
    assert len(readings(["arn:aws:s3:::bucket/*", "arn:aws:*:::b"])) == 2


def compared(before, after):
    sides = (frozenset({document(allow("s3:GetObject", on=on))}) for on in
             (before, after))  # fmt: skip
    return compare_layers(aws_actions(), *sides, frozenset())


def test_what_was_only_possible_and_is_certain_is_gained():
    """The same texts, but for the service's segment, which takes no wildcard."""
    possible = "arn:aws:s3*"

    found = compared([possible], [possible, "arn:aws:s3:::reports/*"])

    assert [name for name, _ in found.gained] == ["s3:GetObject"]
    assert not compared([possible], [possible]).gained
