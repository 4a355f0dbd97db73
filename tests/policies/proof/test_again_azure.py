"""Azure principals decided again are decided as in the whole changed estate."""

from dataclasses import replace

from applying import change, pairs_of
from azure_generated import TENANT, tenants
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from proving import assignment_body, context_of, deletable

from policies.proof.outcomes import outcome_of
from scanner.azure.decide import decide_azure
from scanner.azure.model import AzureEstate


@settings(max_examples=60)
@given(tenants(), st.data())
def test_deleting_an_assignment_decides_again_whom_it_serves(tenant, data):
    plain = deletable(tenant)
    assume(plain)
    gone = data.draw(st.sampled_from(plain))
    estate = AzureEstate({TENANT: tenant})
    context = context_of(estate)
    made = change("azure.role-assignment", gone.id, before=assignment_body(gone))

    outcome = outcome_of(context, estate, [made])

    (half,) = context.graph.decided
    grants = [grant for some in outcome.after.values() for grant in some]
    again = pairs_of(replace(half, grants=grants))
    kept = {k: how for k, how in pairs_of(half).items() if k[0] not in outcome.after}
    whole = pairs_of(decide_azure(outcome.copy.after))
    assert {k: how for k, how in again.items() if k[0] in outcome.after} | kept == whole
