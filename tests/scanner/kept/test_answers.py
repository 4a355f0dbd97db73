"""A graph that was kept gives the very answers of the one that was decided."""

import dataclasses

import decided as d
import pytest
from aws_estates import (
    account,
    allow,
    deny,
    estate,
    instance,
    managed_policy,
    role,
    trusting,
    user,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.analysis import analyse
from scanner.commands.results import load
from scanner.coverage import Coverage
from scanner.everybody import who_can
from scanner.evidence.reader import open_estate
from scanner.grants import Tier, Verdict, ones
from scanner.graph import build_graph
from scanner.kept.columns import Columns
from scanner.kept.graph import KeptGraph
from scanner.kept.packing import can_be_kept, packed_graph
from scanner.paths import reach_of, targets_of
from scanner.simple_paths import simple_paths

EMPTY = Coverage(())


def kept(graph, folder, coverage=EMPTY):
    path = folder / "graph"
    path.write_bytes(packed_graph(graph, coverage, "key"))
    return KeptGraph(Columns(path))


def plain(reached, graph):
    """All that can be shown of an answer, and what it rests on for each target."""
    told = {
        field.name: getattr(reached, field.name)
        for field in dataclasses.fields(reached)
        if field.name not in ("grant", "targets")
    }
    grant = reached.grant
    at = grant.because_at or (lambda holder, target: grant.because_of(holder))
    targets = list(reached.targets)
    return {
        **told,
        "vector": grant.vector,
        "decision": grant.decision,
        "because": reached.because,
        "targets": [(one, at(reached.holder, one)) for one in targets],
    }


def answers(graph, most_hops=3):
    """Every answer about everybody and everything."""
    found = []
    for id_ in graph.principals:
        found += [plain(one, graph) for one in reach_of(graph, id_)]
        found.append(targets_of(graph, id_))
    for id_ in graph.targets:
        found += [plain(one, graph) for one in who_can(graph, id_)]
    for who in list(graph.principals)[:8]:
        for where in list(graph.targets)[:4]:
            paths = simple_paths(graph, who, where, most_hops)
            found += [plain(one, graph) for one in paths]
    return found


def sorted_graph(graph):
    """The same graph with everybody in the order of ids, as a kept one lists them."""
    principals = {id_: graph.principals[id_] for id_ in sorted(graph.principals)}
    graph.__dict__["principals"] = principals
    graph.__dict__["targets"] = {
        id_: graph.targets[id_] for id_ in sorted(graph.targets)
    }
    return graph


def test_the_example_estate_is_answered_alike(tmp_path):
    from benchmarks.estates import EXAMPLE

    result = load(EXAMPLE, check=False).result
    graph = sorted_graph(result.graph)

    found = kept(graph, tmp_path, result.coverage)

    assert can_be_kept(graph)
    assert answers(graph, 2) == answers(found, 2)
    assert result.coverage == found.coverage


# ---- random graphs ----

PEOPLE = [d.role(name) for name in "abcdef"]
VMS = d.vms("i-1", "i-2", "i-3", "i-4")
LIMIT = d.when("sts:ExternalId", "x")
VERDICTS = st.sampled_from([Verdict.ALLOWED, Verdict.CONDITIONAL, Verdict.UNKNOWN])


@st.composite
def grants(draw):
    verdict = draw(VERDICTS)
    return d.grant(
        draw(st.sets(st.sampled_from(PEOPLE), min_size=1)),
        draw(st.sampled_from(["ssm:SendCommand", "ssm:StartSession"])),
        draw(st.sets(st.sampled_from(VMS), min_size=1)),
        verdict,
        [d.statement(draw(st.sampled_from(["p", "q"])))],
        draw(st.sampled_from([Tier.DIRECT, Tier.ADJACENT, Tier.ESCALATION])),
        conditions=LIMIT if verdict is Verdict.CONDITIONAL else (),
    )


@st.composite
def hops(draw):
    verdict = draw(st.one_of(VERDICTS, st.just(Verdict.DENIED)))
    return d.hop(
        draw(st.sampled_from(["assumes", "member-of", "can-become", "runs-as"])),
        draw(st.sampled_from([*PEOPLE, *VMS])),
        draw(st.sampled_from(PEOPLE)),
        verdict,
        conditions=LIMIT if verdict is Verdict.CONDITIONAL else (),
        because=(d.statement("hop", draw(st.integers(0, 3))),),
    )


@given(st.lists(grants(), max_size=5), st.lists(hops(), max_size=9))
@settings(max_examples=60)
def test_any_graph_is_answered_alike(tmp_path_factory, given_grants, given_hops):
    half = d.half(*given_grants, edges=given_hops, principals=PEOPLE, targets=VMS)
    graph = sorted_graph(build_graph([half]))

    found = kept(graph, tmp_path_factory.mktemp("kept"))

    assert answers(graph) == answers(found)


def test_names_that_are_no_text_are_kept(tmp_path):
    """A lone surrogate, an empty name and a line end come back as they were."""
    odd = dataclasses.replace(d.role("odd"), id="arn:\n\U0001f600é", name="")
    graph = build_graph([d.half(d.grant([odd], "ssm:SendCommand", VMS[:1]))])

    found = kept(graph, tmp_path)

    assert dict(graph.principals) == dict(found.principals)
    assert [one.principal for one in who_can(found, VMS[0].id)] == [odd]


# ---- what rests on what, and where ----


def company(root):
    """Statements that count on some nodes only, with a boundary and a control."""
    east, west = "us-east-1", "eu-west-1"
    tagged = {"StringEquals": {"ssm:resourceTag/Env": "prod"}}
    return estate(
        root,
        account(
            user(
                "ann",
                allow("ssm:SendCommand", on="arn:aws:ssm:*::document/*"),
                allow("ssm:SendCommand", on="arn:aws:ec2:us-east-1:*:instance/*"),
                allow("ssm:SendCommand", on="*", when=tagged),
                deny(
                    "ssm:SendCommand", on="arn:aws:ec2:*:*:instance/i-0ccccccccccccccc"
                ),
            ),
            role(
                "ops",
                allow("ssm:*"),
                deny("ssm:SendCommand", on="arn:aws:ssm:us-east-1::document/*"),
                trust=[trusting({"AWS": "111122223333"})],
                profile=True,
            ),
            managed_policy("shared", allow("ssm:StartSession")),
            instance("i-0aaaaaaaaaaaaaaa", region=east, registered=True, profile="ops"),
            instance("i-0bbbbbbbbbbbbbbb", region=west, registered=True),
            instance("i-0ccccccccccccccc", region=west, registered=True),
            instance("i-0ddddddddddddddd", region=west, tags={"Env": "prod"}),
        ),
    )


def parts_and_places(graph):
    """Yield what rests on what by class, said both ways."""
    for half in graph.decided:
        for grant in (*half.grants, *half.beyond):
            for principal in grant.principals if grant.because_parts else ():
                parts = grant.because_parts(principal)
                yield (
                    list(dict.fromkeys(one for one, _ in parts)),
                    list(grant.because_of(principal)),
                )
                for position in ones(grant.targets.bits):
                    target = grant.targets.space.classes[position][0]
                    here = [one for one, bits in parts if bits >> position & 1]
                    yield (
                        list(dict.fromkeys(here)),
                        list(grant.because_at(principal, target)),
                    )


@pytest.mark.parametrize("which", ["company", "example"])
def test_parts_are_what_rests_on_each_target(tmp_path, which):
    from benchmarks.estates import EXAMPLE

    root = EXAMPLE
    if which == "company":
        root = tmp_path / "estate"
        company(root)
    graph = build_graph(analyse(open_estate(root)).decided)

    pairs = list(parts_and_places(graph))

    assert len(pairs) > 20
    assert [ours for ours, _ in pairs] == [theirs for _, theirs in pairs]
    assert len({tuple(one) for one, _ in pairs}) > 3
