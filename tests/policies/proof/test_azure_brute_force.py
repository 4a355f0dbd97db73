"""On random tenants a proof's verdict is that of comparing every decision and hop."""

from applying import change, decisions, different
from azure_generated import TENANT, tenants
from hypothesis import HealthCheck, Phase, assume, event, given, settings
from hypothesis import strategies as st
from proving import assignment_body, context_of, deletable, finding_of

from policies.apply import applied
from policies.proof.intent import Intent
from policies.proof.model import Aim, Obligation
from policies.proof.prove import prove
from scanner.azure.model import AzureEstate
from scanner.estate import Provider
from scanner.grants import Verdict


def brute(before, after, who, vector, may_lose):
    """Whether deleting is right: gone from whom it is to go, and from nobody else.

    Losing a right is all that a deletion may do to anybody who may lose something; one
    of which nobody knows whether it is left is not lost.
    """
    (old, old_hops), (new, new_hops) = decisions(before), decisions(after)
    moved, hops = different(old, new), different(old_hops, new_hops)
    return (
        any(key[:2] == (who, vector) for key in old)
        and not any(key[:2] == (who, vector) for key in new)
        and all(key in old and key[0] in may_lose for key in moved)
        and not any(key in new and new[key][0] is Verdict.UNKNOWN for key in moved)
        and all(key in old_hops and key[1] in may_lose for key in hops)
    )


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    phases=[Phase.generate],
)
@given(tenants(), st.data())
def test_deleting_an_assignment_is_proven_where_all_decisions_say_so(tenant, data):
    plain = deletable(tenant)
    assume(plain)
    gone = data.draw(st.sampled_from(plain))
    estate = AzureEstate({TENANT: tenant})
    context = context_of(estate)
    made = change("azure.role-assignment", gone.id, before=assignment_body(gone))
    after = applied(estate, [made])
    (old, _), (new, _) = decisions(estate), decisions(after)
    moved = sorted({key[:2] for key in different(old, new)})
    assume(moved)
    who, vector = data.draw(st.sampled_from(moved))
    everybody = sorted({id_ for id_, _ in moved})
    some = data.draw(st.just(everybody) | st.lists(st.sampled_from(everybody)))
    reached = tenant.directory.reached.get(gone.principal, frozenset())
    may_lose = {who, *some, *({gone.principal, *reached} - {*everybody})}
    finding = finding_of(who, vector, provider=Provider.AZURE)
    intent = Intent((made,), Aim.REMOVE, dict.fromkeys(may_lose))

    proof = prove(context, "R-1", finding, intent)

    expected = brute(estate, after, who, vector, may_lose)
    event(f"holds: {expected}")
    wrong = proof.counterexample
    # Other operations of the role, which no decision shows, go as well.
    others = wrong is not None and wrong.obligation is Obligation.ELSE
    assert (wrong is None or others) is expected, wrong
