"""Whether one decision gives no more than another: conditions, documents, time."""

from policies.proof.layers import implies
from scanner.aws.iam.formulas import FALSE, TRUE, Formula, all_of, any_of, on
from scanner.grants import Decision, Standing, Verdict

_LASTING = (
    Standing.ELIGIBLE,
    Standing.ACTIVATED,
    Standing.TIME_BOUND,
    Standing.PERMANENT,
)


def no_more(after: Decision, before: Decision) -> bool:
    """True when a decision surely gives nothing that another one does not.

    Its conditions imply the other's, it runs no other documents and lasts no longer.
    What is unknown may be anything: nothing but the same is known to be no more.
    """
    if Verdict.UNKNOWN in (after.verdict, before.verdict):
        return after.verdict is before.verdict
    return (
        implies(formula_of(after), formula_of(before))
        and _fewer_documents(after, before)
        and _LASTING.index(after.standing) <= _LASTING.index(before.standing)
    )


def less(after: Decision, before: Decision) -> bool:
    """True when a decision surely gives strictly less than another one."""
    return no_more(after, before) and not no_more(before, after)


def formula_of(decision: Decision) -> Formula:
    """Return what must hold for a decision to let a request through."""
    if decision.verdict is Verdict.DENIED:
        return FALSE
    if not decision.conditions:
        return TRUE
    return any_of(all_of(map(on, together)) for together in decision.conditions)


def words_of(decision: Decision | None) -> str:
    """Say a decision in a few words."""
    if decision is None:
        return Verdict.DENIED.value
    found = [decision.verdict.value]
    if decision.standing is not Standing.PERMANENT:
        found.append(decision.standing.value)
    if decision.activation is not None:
        one = decision.activation
        asked = ((one.mfa, "MFA"), (one.approval, "approval"), (one.maximum, "at most"))
        found += [
            f"{word} {one.maximum}" if word == "at most" else word
            for given, word in asked
            if given
        ]
    if decision.documents == "any":
        found.append("any document")
    elif decision.documents:
        found.append(f"documents {', '.join(decision.documents)}")
    for together in decision.conditions:
        each = (f"{c.key} {c.operator} {' '.join(c.values)}" for c in together)
        found.append(f"when {' and '.join(each)}")
    return "; ".join(found)


def _fewer_documents(after: Decision, before: Decision) -> bool:
    if before.documents == "any" or after.documents == before.documents:
        return True
    if after.documents is None or before.documents is None:
        return after.documents is None
    some, others = (
        {one} if isinstance(one, str) else set(one)
        for one in (after.documents, before.documents)
    )
    return some <= others
