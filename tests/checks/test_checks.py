"""Each check fires on what it names, and not on its twin that differs by one fact."""

from dataclasses import dataclass, field, replace

import decided as d
import pytest

from checks.catalogue import catalogue, run_checks
from scanner.config import Config, Identities, Thresholds
from scanner.estate import Principal, Provider, Target
from scanner.facts import Fact, Facts, Topic
from scanner.grants import (
    Activation,
    AssignmentBecause,
    Condition,
    Confidence,
    Decided,
    Standing,
    Tier,
    Verdict,
)
from scanner.graph import build_graph
from scanner.usage import Log
from scanner.wording import Wording

SEND = "ssm:SendCommand"
RUN = "Microsoft.Compute/virtualMachines/runCommand/action"
START, UPDATE = "ssm:StartSession", "ssm:UpdateDocument"
ASSOCIATE = "ssm:CreateAssociation"
TASK = "ssm:RegisterTaskWithMaintenanceWindow"
VECTORS = {SEND, RUN, ASSOCIATE, TASK, UPDATE, "ssm:StartAutomationExecution"}
FLEET = d.vms("i-1", "i-2", "i-3")
WEB = [d.azure_vm("web"), d.azure_vm("db")]
OPS, ALICE = d.role("ops"), d.user("alice")
CAROL, GROUP = d.entra("carol"), d.entra("admins", "group")
INLINE = d.statement(f"{OPS.id}/inline/run")
MANAGED = d.statement("arn:aws:iam::aws:policy/AmazonSSMFullAccess")
SUBSCRIPTION = f"/subscriptions/{d.SUBSCRIPTION}"
ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments"


def held(scope: str = SUBSCRIPTION, role: str = "Owner", group: str | None = None):
    return AssignmentBecause(f"{scope}/{ASSIGNMENTS}/x".replace("//", "/"), role, group)


def aws(who: Principal = OPS, targets=FLEET, because=INLINE, **rest) -> d.Given:
    chosen = {"documents": "any", **rest}
    return d.grant([who], SEND, targets, because=[because], **chosen)


def azure(who: Principal = CAROL, targets=WEB, because=None, **rest) -> d.Given:
    return d.grant([who], RUN, targets, because=[because or held()], **rest)


def azure_half(*given: d.Given, **rest) -> Decided:
    return d.half(*given, provider=Provider.AZURE, **rest)


@dataclass
class Case:
    """A check, what makes it fire, and twins that do not."""

    check: str
    fires: Decided
    twins: list[Decided] = field(default_factory=list)


def external(conditions=(), who: Principal | None = None, grants=None) -> Decided:
    partner = who or d.outsider()
    verdict = Verdict.CONDITIONAL if conditions else Verdict.ALLOWED
    entry = d.hop("assumes", partner, OPS, verdict, conditions=conditions)
    given = aws() if grants is None else grants
    return d.half(given, edges=[entry], principals=[partner, OPS])


EXTERNAL_ID = d.when("sts:ExternalId", "contract-17")
OIDC = d.outsider("token.actions.githubusercontent.com", "federated")
PERSON = d.outsider("arn:aws:identitystore:::user/9067", "federated")
SAML = d.outsider("arn:aws:iam::111122223333:saml-provider/corp", "federated")


def subject(sub: str | None, aud: str | None = "sts.amazonaws.com"):
    issuer = "token.actions.githubusercontent.com"
    pairs = [
        Condition(f"{issuer}:{key}", "StringLike", (value,))
        for key, value in (("sub", sub), ("aud", aud))
        if value is not None
    ]
    return (tuple(pairs),)


def crowd(number: int, **rest) -> Decided:
    people = [d.role(f"r{n}") for n in range(number)]
    return d.half(d.grant(people, SEND, FLEET, **rest))


def apart(number: int) -> Decided:
    """So many principals in the account, and each node has one of its own."""
    each = [
        d.grant([d.role(f"r{n}")], SEND, [d.vm(f"i-{n}")], documents=("d",))
        for n in range(number)
    ]
    return d.half(*each)


def azure_crowd(number: int, kind: str = "user") -> Decided:
    people = [d.entra(f"u{n}", kind) for n in range(number)]
    return azure_half(d.grant(people, RUN, WEB))


def runs_as(who: Principal, *carriers, grant: d.Given) -> Decided:
    edges = [d.hop("runs-as", one, who) for one in carriers]
    provider = who.provider
    return d.half(grant, edges=edges, targets=carriers, provider=provider)


def becoming(kind: str, *own: d.Given, provider=Provider.AWS, **rest) -> Decided:
    source, end, given = ALICE, OPS, aws()
    if provider is Provider.AZURE:
        source, end, given = CAROL, GROUP, azure(GROUP)
    edges = [d.hop(kind, source, end)]
    return d.half(
        given, *own, edges=edges, principals=[source], provider=provider, **rest
    )


VM_IDENTITY = d.entra("vm-identity", "managed-identity")


def working(half: Decided, name: str, of: Principal | None = None) -> Decided:
    """Everybody, or one principal, has a policy or role of that name as well."""
    return replace(half, work_of=lambda who: (name,) if of in (None, who) else ())


def living(half: Decided, *homes: str) -> Decided:
    return replace(half, homes_of=lambda _: homes)


def entering(who: Principal, role: Principal, *more: d.Given) -> Decided:
    """Somebody enters a role that commands the fleet; roles live in their account."""
    edges = [d.hop("assumes", who, role)]
    half = d.half(aws(role), *more, edges=edges, principals=[who])
    return replace(
        half, homes_of=lambda one: (one.scope,) if one.kind == "role" else ()
    )


def permission_sets(person: Principal, *roles: Principal) -> Decided:
    """A person of Identity Center; OPS commands the fleet."""
    edges = [d.hop("member-of", person, one) for one in roles]
    return d.half(aws(), edges=edges, principals=[person, *roles])


def alice(**facts) -> Decided:
    """An IAM user of whom the credential report says this."""
    return d.half(aws(ALICE), usage=d.usage(ALICE, **facts))


def unused(who: Principal, vector: str = SEND):
    return d.usage(who, vectors={vector: d.used(bound=100)})


def ops(vector: str, **times) -> Decided:
    """A role that has used a vector so long ago."""
    return d.half(aws(), usage=d.usage(OPS, vectors={vector: d.used(**times)}))


def carol(**times) -> Decided:
    """A user who has signed in so long ago."""
    return azure_half(azure(), usage=d.usage(CAROL, seen=d.used(**times)))


PARTNER = d.entra("msp", "foreign", external=True)
GUEST = d.entra("guest", "guest", external=True)
FAR = d.azure_vm("far", "cccccccc-0000-0000-0000-000000000003")
DEV = d.role("dev")
FAR_OPS, FAR_NODE = d.role("ops", d.OTHER), d.vm("i-9", d.OTHER)
SERVICE_LINKED = d.role("ssm", path="aws-service-role/ssm.amazonaws.com/")
GROUP_SCOPE = f"{SUBSCRIPTION}/resourceGroups/rg"
MG_SCOPE = "/providers/Microsoft.Management/managementGroups/corp"

CASES = [
    Case(
        "t1651_aws_too_many_principals",
        crowd(11),
        [crowd(10), d.half(d.grant([SERVICE_LINKED] * 11, SEND, FLEET))],
    ),
    Case(
        "t1651_azure_too_many_principals",
        azure_crowd(11),
        [azure_crowd(10), azure_crowd(11, "group")],
    ),
    Case(
        "t1651_aws_too_many_on_a_node",
        crowd(6),
        [crowd(5), d.half(d.grant([SERVICE_LINKED] * 6, SEND, FLEET)), apart(6)],
    ),
    Case(
        "t1651_azure_too_many_on_a_machine",
        azure_crowd(6),
        [azure_crowd(5), azure_crowd(6, "group")],
    ),
    Case(
        "t1651_aws_any_document_every_node",
        d.half(aws()),
        [
            d.half(aws(documents=("AWS-RunPatchBaseline",))),
            d.half(aws(targets=FLEET[:2]), targets=FLEET),
            d.half(aws(SERVICE_LINKED)),
            d.half(aws(d.root())),
            d.half(aws(tier=Tier.ADJACENT)),
        ],
    ),
    Case(
        "t1651_aws_any_document",
        d.half(aws(targets=FLEET[:2]), targets=FLEET),
        [
            d.half(aws()),
            d.half(aws(targets=FLEET[:2], documents=("d",)), targets=FLEET),
        ],
    ),
    Case(
        "t1651_aws_managed_policy_grants",
        d.half(aws(because=MANAGED)),
        [
            d.half(aws()),
            d.half(aws(because=d.statement("arn:aws:iam::111122223333:policy/own"))),
            d.half(aws(because=d.statement(MANAGED.source, effect="Deny"))),
        ],
    ),
    Case("t1651_aws_iam_user", d.half(aws(ALICE)), [d.half(aws())]),
    Case(
        "t1651_aws_access_key",
        alice(access_keys=1),
        [
            alice(access_keys=0),
            alice(access_keys=None),
            d.half(aws(), usage=d.usage(OPS, access_keys=1)),
            d.half(aws(ALICE)),
        ],
    ),
    Case(
        "t1651_aws_user_without_mfa",
        alice(mfa=False),
        [
            alice(mfa=True),
            alice(mfa=None),
            alice(mfa=False, password=False, access_keys=0),
            d.half(aws(), usage=d.usage(OPS, mfa=False)),
        ],
    ),
    Case(
        "t1651_aws_unused_access",
        ops(SEND, bound=90),
        [
            ops(SEND, bound=89.99),
            ops(SEND, days=89.99, bound=89.99),
            ops(SEND, days=400),
            ops("ssm:StartSession", bound=90),
            d.half(aws()),
            d.half(aws(SERVICE_LINKED), usage=unused(SERVICE_LINKED)),
            d.half(aws(d.root()), usage=unused(d.root())),
        ],
    ),
    Case(
        "t1651_azure_unused_access",
        carol(bound=90),
        [
            carol(bound=89.99),
            carol(days=1, bound=1),
            carol(days=400),
            azure_half(azure()),
            azure_half(azure(GROUP), usage=unused(GROUP, RUN)),
        ],
    ),
    Case(
        "t1651_aws_person_with_other_work",
        working(d.half(aws(ALICE)), "deployments"),
        [
            d.half(aws(ALICE)),
            working(d.half(aws()), "deployments"),
            working(d.half(aws(ALICE, standing=Standing.TIME_BOUND)), "deployments"),
            working(permission_sets(PERSON, OPS), "none of it", of=ALICE),
            working(permission_sets(PERSON, OPS), "in the same one", of=OPS),
            working(permission_sets(PERSON, d.role("dev")), "no commands"),
        ],
    ),
    Case(
        "t1651_azure_person_with_other_work",
        working(azure_half(azure()), "Storage Blob Data Contributor"),
        [
            azure_half(azure()),
            working(azure_half(azure(standing=Standing.ELIGIBLE)), "Contributor"),
            working(azure_half(azure(VM_IDENTITY)), "Contributor"),
            working(azure_half(azure(GROUP)), "Contributor"),
        ],
    ),
    Case(
        "t1651_aws_workload_beyond_its_account",
        entering(d.role("ops", d.OTHER), OPS),
        [
            entering(d.role("deploy"), OPS),
            entering(d.user("bob", d.OTHER), OPS),
            entering(OIDC, OPS),
            d.half(aws()),
        ],
    ),
    Case(
        "t1651_azure_workload_beyond_its_group",
        living(azure_half(azure(VM_IDENTITY)), f"{GROUP_SCOPE}2".lower()),
        [
            living(azure_half(azure(VM_IDENTITY)), GROUP_SCOPE.lower()),
            living(azure_half(azure()), f"{GROUP_SCOPE}2".lower()),
            azure_half(azure(VM_IDENTITY)),
        ],
    ),
    Case("t1651_aws_root_not_fenced", d.half(aws(d.root())), [d.half(aws())]),
    Case(
        "t1651_aws_external_without_external_id",
        external(),
        [
            external(EXTERNAL_ID),
            external(grants=aws(ALICE)),
            external(who=d.role("inside", d.OTHER)),
        ],
    ),
    Case(
        "t1651_aws_external_account",
        external(EXTERNAL_ID),
        [external(), external(EXTERNAL_ID, grants=aws(ALICE))],
    ),
    Case(
        "t1651_aws_oidc_subject_wide",
        external(subject("repo:org/*"), OIDC),
        [
            external(subject("repo:org/app:*"), OIDC),
            external((), SAML),
            external((), PERSON),
        ],
    ),
    Case(
        "t1651_aws_instance_role_commands_others",
        runs_as(OPS, FLEET[0], grant=aws()),
        [
            runs_as(OPS, FLEET[0], grant=aws(targets=FLEET[:1])),
            runs_as(OPS, FLEET[0], grant=aws(ALICE)),
        ],
    ),
    Case(
        "t1651_azure_vm_identity_commands_others",
        runs_as(VM_IDENTITY, WEB[0], grant=azure(VM_IDENTITY)),
        [runs_as(VM_IDENTITY, WEB[0], grant=azure(VM_IDENTITY, targets=WEB[:1]))],
    ),
    Case(
        "t1651_aws_escalation_to_nodes",
        becoming("can-become"),
        [becoming("assumes"), becoming("can-become", aws(ALICE))],
    ),
    Case(
        "t1651_azure_escalation_to_machines",
        becoming("can-become", provider=Provider.AZURE),
        [becoming("member-of", provider=Provider.AZURE)],
    ),
    Case(
        "t1651_azure_escalation_to_machines",
        azure_half(azure(tier=Tier.ESCALATION)),
        [azure_half(azure(tier=Tier.ESCALATION), azure())],
    ),
    Case(
        "t1651_azure_wide_scope",
        azure_half(azure()),
        [
            azure_half(azure(because=held(GROUP_SCOPE))),
            azure_half(
                azure(because=held(group=GROUP.id)), azure(GUEST), azure(PARTNER)
            ),
        ][:1],
    ),
    Case(
        "t1651_azure_unexpected_role",
        azure_half(azure(because=held(role="Log Analytics Contributor"))),
        [
            azure_half(azure(because=held(role=name)))
            for name in ("Owner", "Virtual Machine Contributor", "VM operators")
        ],
    ),
    Case(
        "t1651_azure_permanent_access",
        azure_half(azure()),
        [
            azure_half(azure(standing=Standing.ELIGIBLE)),
            azure_half(azure(VM_IDENTITY)),
        ],
    ),
    Case(
        "t1651_azure_partner_access", azure_half(azure(PARTNER)), [azure_half(azure())]
    ),
    Case("t1651_azure_guest_access", azure_half(azure(GUEST)), [azure_half(azure())]),
]


STAGES = [d.vm("i-live", env="prod"), d.vm("i-test", env="dev")]
AZURE_STAGES = [d.azure_vm("live", stage="Production"), d.azure_vm("test", env="qa1")]


def crossing(who: Principal, machines, *, back: bool = False, **rest) -> Decided:
    """The identity of the machine outside production commands the one inside."""
    live, test = reversed(machines) if back else machines
    vector = SEND if who.provider is Provider.AWS else RUN
    grant = d.grant([who], vector, [live], **rest)
    edges = [d.hop("runs-as", test, who)]
    return d.half(grant, edges=edges, targets=machines, provider=who.provider)


CASES += [
    Case(
        "t1651_aws_production_from_outside",
        crossing(OPS, STAGES),
        [
            crossing(OPS, STAGES, back=True),
            crossing(OPS, STAGES, tier=Tier.ADJACENT),
            crossing(OPS, [STAGES[0], d.vm("i-other")]),
            crossing(OPS, [d.vm("i-other"), STAGES[1]]),
            crossing(OPS, [STAGES[0], d.vm("i-both", env="dev", stage="prod")]),
        ],
    ),
    Case(
        "t1651_azure_production_from_outside",
        crossing(VM_IDENTITY, AZURE_STAGES),
        [crossing(VM_IDENTITY, AZURE_STAGES, back=True)],
    ),
]


def eligible(mfa=True, approval=True, maximum="PT8H", approvers=(), **rest) -> Decided:
    policy = Activation(mfa, approval, maximum, approvers)
    given = azure(standing=Standing.ELIGIBLE, activation=policy)
    return azure_half(given, **rest)


def delegation(scope: str = SUBSCRIPTION):
    id_ = f"{scope}/providers/Microsoft.ManagedServices/registrationAssignments/x"
    return AssignmentBecause(id_, "Virtual Machine Contributor", None)


def by(vector: str, *more: d.Given, targets=FLEET, who: Principal = OPS) -> Decided:
    """State Manager or a maintenance window on the fleet, and other grants."""
    given = d.grant([who], vector, targets, because=[INLINE], tier=Tier.INDIRECT)
    return d.half(given, *more, targets=FLEET)


def crossing_clouds(source: Principal | Target, end: Principal, given: d.Given):
    """A hop from one cloud to somebody of the other."""
    kind = "assumes" if isinstance(source, Principal) else "runs-as"
    people = [one for one in (source, end) if isinstance(one, Principal)]
    machines = [one for one in (source,) if isinstance(one, Target)]
    edges = [d.hop(kind, source, end)]
    provider = end.provider
    return d.half(
        given, edges=edges, principals=people, targets=machines, provider=provider
    )


ANYONE = replace(d.outsider("*"), name="anyone")
WHOLE = replace(d.outsider(f"arn:aws:iam::{d.PARTNER}:root"), name=d.PARTNER)
PATCHES = ("AWS-RunPatchBaseline",)
FOREIGN_APP = d.entra("monitor", "service-principal", external=True)
ADMINISTRATOR, MEMBER = d.root(d.OTHER), d.root()


def administering(kind: str = "delegated-to", member: Principal = MEMBER) -> Decided:
    edges = [d.hop(kind, ADMINISTRATOR, member)]
    return d.half(aws(MEMBER), edges=edges, principals=[ADMINISTRATOR, member])


def written(half: Decided, *wordings: Wording) -> Decided:
    """Every statement and role is written like this."""
    return replace(half, wording_of=lambda _: wordings)


def denying(half: Decided, vector: str, *because) -> Decided:
    """This vector is denied to everybody, by these."""
    return replace(
        half, denied_because=lambda _, one, __: because if one.id == vector else ()
    )


def tagging(half: Decided, *keys: str) -> Decided:
    """Everybody may set tags of these keys, on all nodes."""
    why = (d.statement(f"{OPS.id}/inline/tags"),)
    return replace(half, retags=lambda _, key, __: why if key in keys else ())


DENY = d.statement(f"{OPS.id}/inline/no-shell", effect="Deny")
DENY_ASSIGNMENT = AssignmentBecause(
    f"{SUBSCRIPTION}/providers/Microsoft.Authorization/denyAssignments/x", "", None
)
RUNS = "Microsoft.Compute/virtualMachines/runCommands/write"
AUTOMATION = "ssm:StartAutomationExecution"
OPERATOR = azure_half(azure(because=held(role="VM operator")))
SCOPED = d.half(aws(targets=FLEET[:2]), targets=FLEET)
BY_TEAM = Wording((SEND,), tags=("Team",))


def stated(half: Decided, topic: Topic, subject: str = "", detail: str = "") -> Decided:
    """The estate says this about the account or subscription of its machines."""
    scope = half.targets[0].scope
    return replace(half, facts=Facts((Fact(topic, scope, subject, detail),)))


def about_account(
    check: str, topic: Topic, subject: str = "", detail: str = ""
) -> Case:
    """It fires where the fact holds and somebody can run commands; else not."""
    idle = d.half(aws(tier=Tier.ADJACENT), principals=[OPS])
    twins = [d.half(aws()), stated(idle, topic, subject, detail)]
    others = [one for one in Topic if one is not topic]
    twins += [stated(d.half(aws()), one, OPS.id, detail) for one in others]
    return Case(check, stated(d.half(aws()), topic, subject, detail), twins)


HOSTS, OWN_SCRIPT = d.role("hosts"), "Own-Script"
NO_SCP = "no service control policy denies a command"
NO_DENY = "no deny assignment names a command"


def two_accounts(*hops) -> Decided:
    """OPS commands its account; by hops also the other one."""
    far = d.grant([FAR_OPS], SEND, [FAR_NODE], documents="any")
    edges = [d.hop("assumes", *ends) for ends in hops]
    return d.half(aws(), far, edges=edges)


CASES += [
    Case(
        "t1651_azure_eligible_without_mfa",
        eligible(mfa=False),
        [eligible(), azure_half(azure())],
    ),
    Case(
        "t1651_azure_eligible_without_approval",
        eligible(approval=False),
        [eligible(), azure_half(azure())],
    ),
    Case(
        "t1651_azure_approved_by_its_own",
        eligible(approvers=(CAROL.id,)),
        [
            eligible(approvers=(GROUP.id,)),
            eligible(approvers=()),
            eligible(approval=False, approvers=(CAROL.id,)),
        ],
    ),
    Case(
        "t1651_azure_activation_lasts_long",
        eligible(maximum="PT8H30M"),
        [eligible(maximum="PT8H"), eligible(maximum="")],
    ),
    Case(
        "t1651_azure_delegation_permanent",
        azure_half(azure(PARTNER, because=delegation())),
        [
            azure_half(
                azure(PARTNER, because=delegation(), standing=Standing.ELIGIBLE)
            ),
            azure_half(azure(PARTNER)),
        ],
    ),
    Case(
        "t1651_azure_foreign_application",
        azure_half(azure(FOREIGN_APP)),
        [
            azure_half(azure(d.entra("own", "service-principal"))),
            azure_half(azure(PARTNER)),
        ],
    ),
    Case(
        "t1651_aws_documents_every_node",
        d.half(aws(documents=PATCHES)),
        [
            d.half(aws(documents=PATCHES, targets=FLEET[:2]), targets=FLEET),
            d.half(aws()),
            d.half(aws(documents=PATCHES, tier=Tier.INDIRECT)),
        ],
    ),
    Case(
        "t1651_aws_state_manager_unscoped",
        by(ASSOCIATE),
        [
            by(ASSOCIATE, aws()),
            by(ASSOCIATE, targets=FLEET[:2]),
            by(TASK),
            by(ASSOCIATE, who=SERVICE_LINKED),
        ],
    ),
    Case(
        "t1651_aws_maintenance_window_unscoped",
        by(TASK, aws(targets=FLEET[:1])),
        [by(TASK, aws()), by(TASK, targets=FLEET[:2]), by(ASSOCIATE)],
    ),
    Case(
        "t1651_aws_trusts_anyone",
        external(who=ANYONE),
        [external(), external(who=ANYONE, grants=aws(ALICE))],
    ),
    Case(
        "t1651_aws_trusts_whole_account",
        external(who=WHOLE),
        [
            external(),
            external(who=d.outsider(f"arn:aws:iam::{d.PARTNER}:role/runner")),
            external(who=replace(WHOLE, external=False)),
        ],
    ),
    Case(
        "t1651_aws_delegated_administrator",
        administering(),
        [administering("assumes"), administering(member=d.root(d.PARTNER))],
    ),
    Case(
        "t1651_aws_from_azure",
        crossing_clouds(CAROL, OPS, aws()),
        [crossing_clouds(ALICE, OPS, aws()), crossing_clouds(CAROL, DEV, aws())],
    ),
    Case(
        "t1651_azure_from_aws",
        crossing_clouds(OPS, VM_IDENTITY, azure(VM_IDENTITY)),
        [
            crossing_clouds(CAROL, VM_IDENTITY, azure(VM_IDENTITY)),
            crossing_clouds(OPS, CAROL, azure(VM_IDENTITY)),
        ],
    ),
    Case(
        "t1651_aws_wildcard_action",
        written(d.half(aws()), Wording(("ssm:*",))),
        [
            written(d.half(aws()), Wording(("ssm:*", SEND))),
            written(d.half(aws()), Wording(("ec2:*",))),
            written(d.half(aws()), Wording(("ssm:*",), ours=False)),
            written(d.half(aws()), Wording(("*",), ("iam:*",))),
            written(d.half(aws(because=DENY)), Wording(("ssm:*",))),
            d.half(aws()),
        ],
    ),
    Case(
        "t1651_aws_not_action",
        written(d.half(aws()), Wording(("*",), ("iam:*",))),
        [
            written(d.half(aws()), Wording(("*",), ("ssm:*",))),
            written(d.half(aws()), Wording(("*",), ("iam:*",), ours=False)),
            written(d.half(aws()), Wording(("*",))),
        ],
    ),
    Case(
        "t1651_azure_custom_role_wildcard",
        written(OPERATOR, Wording(("Microsoft.Compute/*",))),
        [
            written(OPERATOR, Wording(("Microsoft.Compute/*", RUN))),
            written(OPERATOR, Wording(("Microsoft.Compute/*",), ours=False)),
            written(OPERATOR, Wording(("Microsoft.Web/*",))),
            OPERATOR,
        ],
    ),
    Case(
        "t1651_azure_not_actions_leave_siblings",
        written(OPERATOR, Wording(("Microsoft.Compute/*",), (RUNS,))),
        [
            written(OPERATOR, Wording(("Microsoft.Compute/*",), ("*/delete",))),
            written(OPERATOR, Wording((RUN,), (RUNS,))),
            written(OPERATOR, Wording(("*",), (RUNS,), ours=False)),
            written(OPERATOR, Wording(("*",), ("*/runCommand*",))),
        ],
    ),
    Case(
        "t1651_aws_denial_leaves_others",
        denying(by(AUTOMATION), SEND, DENY),
        [
            by(AUTOMATION),
            denying(d.half(aws()), SEND, DENY),
            denying(by(AUTOMATION), SEND, replace(DENY, index=-1)),
            denying(by(AUTOMATION), SEND, replace(DENY, effect="Allow")),
            denying(by(AUTOMATION, who=SERVICE_LINKED), SEND, DENY),
        ],
    ),
    Case(
        "t1651_azure_denial_leaves_others",
        denying(azure_half(azure()), RUNS, DENY_ASSIGNMENT),
        [
            denying(azure_half(azure()), RUN, DENY_ASSIGNMENT),
            denying(azure_half(azure()), RUNS, held()),
            denying(azure_half(azure()), "Microsoft.Compute/disks/write", DENY),
        ],
    ),
    Case(
        "t1651_aws_forgeable_tag",
        tagging(written(SCOPED, BY_TEAM), "Team"),
        [
            tagging(written(SCOPED, BY_TEAM), "Name"),
            tagging(written(SCOPED, Wording((SEND,))), "Team"),
            tagging(written(d.half(aws()), BY_TEAM), "Team"),
            written(SCOPED, BY_TEAM),
        ],
    ),
    about_account("t1651_aws_no_control_on_commands", Topic.NO_CONTROL, "", NO_SCP),
    Case(
        "t1651_azure_no_control_on_commands",
        stated(azure_half(azure()), Topic.NO_CONTROL, "", NO_DENY),
        [azure_half(azure()), stated(azure_half(azure()), Topic.NO_JUST_IN_TIME)],
    ),
    Case(
        "t1651_aws_no_just_in_time_access",
        stated(d.half(aws(ALICE)), Topic.NO_JUST_IN_TIME),
        [
            d.half(aws(ALICE)),
            stated(d.half(aws()), Topic.NO_JUST_IN_TIME),
            stated(
                d.half(aws(ALICE, standing=Standing.TIME_BOUND)), Topic.NO_JUST_IN_TIME
            ),
            stated(by(ASSOCIATE, who=ALICE), Topic.NO_JUST_IN_TIME),
        ],
    ),
    Case(
        "t1651_aws_host_role_strong",
        stated(
            d.half(aws(), principals=[HOSTS]),
            Topic.HOST_ROLE_STRONG,
            HOSTS.id,
            "S3Full",
        ),
        [d.half(aws(), principals=[HOSTS])],
    ),
    about_account("t1651_aws_serial_console_on", Topic.SERIAL_CONSOLE, "eu-west-1"),
    Case(
        "t1651_azure_serial_console_on",
        stated(azure_half(azure()), Topic.SERIAL_CONSOLE),
        [azure_half(azure()), stated(azure_half(azure()), Topic.NO_CONTROL)],
    ),
    about_account(
        "t1651_aws_sessions_not_logged", Topic.SESSIONS_NOT_LOGGED, "eu-west-1"
    ),
    about_account(
        "t1651_aws_sessions_as_administrator",
        Topic.SESSIONS_AS_ADMINISTRATOR,
        "eu-west-1",
    ),
    about_account("t1651_aws_public_sharing_open", Topic.SHARING_OPEN, "eu-west-1"),
    about_account("t1651_aws_document_public", Topic.DOCUMENT_PUBLIC, OWN_SCRIPT),
    about_account(
        "t1651_aws_document_shared_outside", Topic.DOCUMENT_SHARED, OWN_SCRIPT
    ),
    about_account("t1651_aws_document_foreign", Topic.DOCUMENT_FOREIGN, OWN_SCRIPT),
    Case(
        "t1651_aws_document_writable",
        by(UPDATE),
        [by(UPDATE, aws()), by(ASSOCIATE), by(UPDATE, who=SERVICE_LINKED)],
    ),
    Case(
        "t1651_aws_trusts_organization",
        stated(d.half(aws()), Topic.TRUSTS_ORGANIZATION, OPS.id, "o-example"),
        [
            stated(
                d.half(aws(ALICE), principals=[OPS]),
                Topic.TRUSTS_ORGANIZATION,
                OPS.id,
                "o-example",
            ),
            d.half(aws()),
        ],
    ),
    Case(
        "t1651_aws_every_account",
        two_accounts((OPS, FAR_OPS)),
        [two_accounts(), two_accounts((ALICE, FAR_OPS)), d.half(aws())],
    ),
    Case(
        "t1651_azure_every_subscription",
        azure_half(azure(targets=[*WEB, FAR])),
        [
            azure_half(azure(), targets=[FAR]),
            azure_half(azure()),
            azure_half(azure(GROUP, targets=[*WEB, FAR])),
        ],
    ),
]


def fired(half: Decided, check: str):
    return [one for one in run_checks(build_graph([half])) if one.check == check]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.check)
def test_a_check_fires(case):
    """Once per principal (or scope), naming the vectors and the nodes."""
    (finding,) = fired(case.fires, case.check)

    assert finding.targets > 0
    assert {*finding.vectors} <= VECTORS
    assert finding.verdict in (Verdict.ALLOWED, Verdict.CONDITIONAL)


@pytest.mark.parametrize(
    ("check", "twin"),
    [(case.check, twin) for case in CASES for twin in case.twins],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_its_twin_does_not(check, twin):
    assert fired(twin, check) == []


@pytest.mark.parametrize("check", catalogue(), ids=lambda check: check.id)
def test_its_example_is_what_a_finding_says(check):
    """Those of `whocanrun checks ID` come from the cases above."""
    cases = [case for case in CASES if case.check == check.id]
    said = [one.message for case in cases for one in fired(case.fires, check.id)]

    assert check.example in said


def test_every_check_has_a_case():
    assert {case.check for case in CASES} == {check.id for check in catalogue()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.check)
def test_an_unknown_grant_is_an_unknown_finding(case):
    """What cannot be decided is shown as unknown, never as nothing."""
    grants = case.fires.grants
    unknown = [
        replace(one, decision=replace(one.decision, verdict=Verdict.UNKNOWN))
        for one in grants
    ]
    half = replace(case.fires, grants=tuple(unknown))

    (finding,) = fired(half, case.check)

    assert finding.verdict is Verdict.UNKNOWN


# ---- boundaries ----


@pytest.mark.parametrize(
    ("known", "unsure", "verdict"),
    [(11, 0, Verdict.ALLOWED), (10, 1, Verdict.UNKNOWN), (11, 5, Verdict.ALLOWED)],
)
def test_too_many_counts_the_certain_ones_apart(known, unsure, verdict):
    """Eleven that perhaps can is perhaps too many; eleven that can is too many."""
    roles = [d.role(f"r{n}") for n in range(known + unsure)]
    certain = d.grant(roles[:known], SEND, FLEET)
    perhaps = d.grant(roles[known:], SEND, FLEET, Verdict.UNKNOWN)
    half = d.half(certain, perhaps) if unsure else d.half(certain)

    (finding,) = fired(half, "t1651_aws_too_many_principals")

    assert (finding.verdict, finding.principal) == (verdict, None)
    assert finding.scope == f"aws:{d.ACCOUNT}"


def test_the_crowd_of_one_node_is_told_from_that_of_the_account():
    """Only the nodes that too many can command are the finding's."""
    roles = [d.role(f"r{n}") for n in range(7)]
    half = d.half(
        d.grant(roles[:6], SEND, FLEET[:1]),
        d.grant(roles[6:], SEND, FLEET, Verdict.UNKNOWN),
    )

    (finding,) = fired(half, "t1651_aws_too_many_on_a_node")

    assert finding.sample == FLEET[:1]
    assert (
        finding.message == "More than 5 principals can run commands on 1 node, 7 on one"
    )
    assert finding.verdict is Verdict.ALLOWED


def test_a_crowd_that_only_perhaps_is_one_is_an_unknown_finding():
    roles = [d.role(f"r{n}") for n in range(7)]
    half = d.half(
        d.grant(roles[:5], SEND, FLEET),
        d.grant(roles[5:], SEND, FLEET[:1], Verdict.UNKNOWN),
    )

    (finding,) = fired(half, "t1651_aws_too_many_on_a_node")

    assert (finding.verdict, finding.targets) == (Verdict.UNKNOWN, 1)


def test_the_threshold_is_a_parameter():
    graph = build_graph([crowd(3)])
    config = Config(thresholds=Thresholds(principals_per_scope=2))

    found = {one.check for one in run_checks(graph, config=config)}

    assert "t1651_aws_too_many_principals" in found


@pytest.mark.parametrize(
    ("conditions", "required"),
    [
        ((), False),
        (EXTERNAL_ID, True),
        (d.when("STS:externalid", "x"), True),
        (d.when("sts:ExternalId", "*", operator="StringLike"), False),
        (d.when("sts:ExternalId", "**", operator="StringLike"), False),
        (d.when("sts:ExternalId", "acme-*", operator="StringLike"), True),
        (d.when("sts:ExternalId", "x", operator="StringNotEquals"), False),
        (d.when("sts:ExternalId", "x", operator="StringEqualsIfExists"), False),
        (d.when("aws:SourceIp", "10.0.0.0/8", operator="IpAddress"), False),
        ((*EXTERNAL_ID, *d.when("aws:PrincipalOrgID", "o-1")), False),
    ],
)
def test_an_external_id_must_hold_on_every_way_in(conditions, required):
    expected = "account" if required else "without_external_id"

    assert fired(external(conditions), f"t1651_aws_external_{expected}")


@pytest.mark.parametrize(
    ("conditions", "wide"),
    [
        ((), True),
        (subject("repo:org/app:ref:refs/heads/main"), False),
        (subject("repo:org/app:*"), False),
        (subject("repo:org/*:ref:refs/heads/main"), True),
        (subject("repo:*"), True),
        (subject("*"), True),
        (subject(None), True),
        (subject("repo:org/app:*", None), True),
        (subject("repo:org/app:*", "*"), True),
        (subject("plain-client"), False),
        (subject("plain-*"), True),
    ],
)
def test_a_subject_is_wide_unless_its_repository_is_exact(conditions, wide):
    assert (
        bool(fired(external(conditions, OIDC), "t1651_aws_oidc_subject_wide")) is wide
    )


@pytest.mark.parametrize(
    ("scope", "wide"),
    [("/", True), (MG_SCOPE, True), (SUBSCRIPTION, True), (GROUP_SCOPE, False)],
)
@pytest.mark.parametrize("upper", [False, True])
def test_wide_scopes_are_those_above_resource_groups(scope, wide, upper):
    because = held(scope)
    if upper:
        because = AssignmentBecause(because.assignment.upper(), "Owner", None)

    found = fired(azure_half(azure(because=because)), "t1651_azure_wide_scope")

    assert bool(found) is wide


@pytest.mark.parametrize("known", [True, False])
def test_what_a_group_holds_is_the_groups_finding(known):
    """A member gets a finding of its own only when the group is not decided about."""
    member = azure(because=held(group=GROUP.id))
    half = azure_half(member, azure(GROUP)) if known else azure_half(member)

    (finding,) = fired(half, "t1651_azure_wide_scope")

    assert finding.principal == (GROUP if known else CAROL)


def test_an_outsider_with_several_roles_in_an_account_is_one_finding():
    """Its fingerprint has no role: both trust statements stand in one finding."""
    partner, other = d.outsider(), d.role("other")
    trusts = [d.statement(f"{role.id}/trust") for role in (OPS, other)]
    half = d.half(
        aws(),
        aws(other),
        edges=[
            d.hop("assumes", partner, OPS, because=(trusts[0],)),
            d.hop("assumes", partner, other, because=(trusts[1],)),
        ],
        principals=[partner],
    )

    (finding,) = fired(half, "t1651_aws_external_without_external_id")

    assert {*trusts} <= {*finding.because}
    assert finding.scope == f"aws:{d.ACCOUNT}"


@pytest.mark.parametrize(("who", "check"), [(PARTNER, "partner"), (GUEST, "guest")])
def test_an_outsider_is_one_finding_over_all_subscriptions(who, check):
    half = azure_half(azure(who, targets=[*WEB, FAR]))

    (found,) = fired(half, f"t1651_azure_{check}_access")

    assert (found.scope, found.targets) == (f"azure:{d.TENANT}", 3)


@pytest.mark.parametrize(
    ("targets", "kind"),
    [
        (FLEET, "every-node"),
        (FLEET[:2], "named-nodes"),
        ([d.vm("p1", env="prod"), d.vm("p2", env="prod")], "tagged-nodes"),
    ],
)
def test_reach_kinds(targets, kind):
    everything = [*targets, *FLEET] if targets != FLEET else FLEET

    (finding,) = fired(
        d.half(aws(ALICE, targets=targets), targets=everything), "t1651_aws_iam_user"
    )

    assert finding.reach_kind == kind


def test_an_inferred_grant_makes_an_inferred_finding():
    half = d.half(aws(confidence=Confidence.INFERRED, reasons=("SCPs not read",)))

    (finding,) = fired(half, "t1651_aws_any_document_every_node")

    assert finding.confidence is Confidence.INFERRED
    assert finding.reasons == ("SCPs not read",)


def test_a_partner_of_an_unknown_tenant_is_a_finding_of_each_subscription():
    """The scope names whom it concerns; the twin's own tenant is known."""
    stranger = replace(PARTNER, scope="")
    found = fired(
        azure_half(azure(stranger, [*WEB, FAR])), "t1651_azure_partner_access"
    )
    known = fired(azure_half(azure(PARTNER, [*WEB, FAR])), "t1651_azure_partner_access")

    assert [one.scope for one in found] == [
        f"azure:{d.SUBSCRIPTION}",
        f"azure:{FAR.scope}",
    ]
    assert [one.targets for one in found] == [len(WEB), 1]
    assert len({one.fingerprint for one in found}) == 2
    assert [one.scope for one in known] == [f"azure:{d.TENANT}"]


@pytest.mark.parametrize(
    ("uses", "expected"),
    [
        ({SEND: (None, 200)}, (SEND,)),
        ({SEND: (None, 200), UPDATE: (None, 200)}, (SEND, UPDATE)),
        ({SEND: (None, 200), UPDATE: (10, 10)}, None),
        ({SEND: (None, 200), START: (None, 10)}, None),
        ({SEND: (None, 200), START: (None, 100)}, (SEND, START)),
        ({UPDATE: (None, 200)}, None),
    ],
)
def test_unused_is_who_used_no_direct_vector_and_is_known_to_use_no_other(
    uses, expected
):
    """Of vectors that services carry out evidence knows little: they do not decide."""
    direct = [SEND, START] if START in uses else [SEND]
    given = [d.grant([OPS], one, FLEET, documents="any") for one in direct]
    given.append(d.grant([OPS], UPDATE, FLEET, tier=Tier.INDIRECT))
    vectors = {one: d.used(*times) for one, times in uses.items()}
    half = d.half(*given, usage=d.usage(OPS, vectors=vectors))

    found = fired(half, "t1651_aws_unused_access")

    assert [one.vectors for one in found] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("logs", "event", "fires"),
    [
        ([d.SUBSCRIPTION, FAR.scope], None, True),
        ([d.SUBSCRIPTION], None, False),
        ([], None, False),
        ([d.SUBSCRIPTION, FAR.scope], 1, False),
        ([d.SUBSCRIPTION], 1, False),
    ],
)
def test_the_logs_of_all_subscriptions_together_tell_that_nobody_ran_commands(
    logs, event, fires
):
    """One log that was not read leaves open what is in it."""
    read = {(name, "microsoft.compute"): Log(d.used(90).known, d.NOW) for name in logs}
    events = {}
    if event is not None:
        events[CAROL.id, RUN] = (d.used(event).known, d.NOW)
    usage = d.usage(CAROL, logs=read, events=events)
    half = azure_half(azure(targets=[*WEB, FAR]), usage=usage)

    assert bool(fired(half, "t1651_azure_unused_access")) is fires


def test_the_number_of_days_is_a_threshold():
    half = d.half(aws(), usage=d.usage(OPS, vectors={SEND: d.used(bound=30)}))
    config = Config(thresholds=Thresholds(unused_days=30))

    found = run_checks(build_graph([half]), config=config)

    assert "t1651_aws_unused_access" in {one.check for one in found}
    assert fired(half, "t1651_aws_unused_access") == []


TEAM = d.outsider("arn:aws:identitystore:::group/platform", "federated")


@pytest.mark.parametrize(
    ("hops", "expected"),
    [
        ([(PERSON, OPS), (PERSON, DEV)], PERSON.id),
        ([(PERSON, TEAM), (TEAM, OPS), (PERSON, DEV)], PERSON.id),
        ([(PERSON, OPS), (PERSON, TEAM), (TEAM, DEV)], PERSON.id),
        ([(TEAM, OPS), (TEAM, DEV)], None),
        ([(PERSON, OPS)], None),
        ([(PERSON, DEV)], None),
    ],
)
def test_people_of_identity_center_are_judged_by_all_their_permission_sets(
    hops, expected
):
    """One for commands and one for other work, each held directly or by a group."""
    edges = [d.hop("member-of", *ends) for ends in hops]
    half = d.half(aws(), edges=edges, principals=[PERSON, TEAM, OPS, DEV])

    found = fired(working(half, "s3", of=DEV), "t1651_aws_person_with_other_work")

    assert [one.principal.id for one in found] == ([expected] if expected else [])
    assert all("other work (dev)" in one.message for one in found)


def test_much_other_work_is_counted():
    half = replace(d.half(aws(ALICE)), work_of=lambda _: ("a", "b", "c", "d", "e"))

    (finding,) = fired(half, "t1651_aws_person_with_other_work")

    assert "(a, b, c and 2 more)" in finding.message


def test_the_configuration_says_who_is_a_person():
    """A role that people assume from elsewhere, and a user that is a program."""
    config = Config(identities=Identities(people=(OPS.id,), workloads=(ALICE.id,)))
    half = working(d.half(aws(), aws(ALICE)), "deployments")
    found = run_checks(build_graph([half]), config=config)
    check = "t1651_aws_person_with_other_work"

    assert [one.principal for one in found if one.check == check] == [OPS]


@pytest.mark.parametrize(("second", "fires"), [(True, True), (False, False)])
def test_a_pipeline_is_at_home_in_one_account(second, fires):
    """Which one, nothing says; in two of them it is somewhere else for sure."""
    edges = [d.hop("assumes", OIDC, OPS)]
    edges += [d.hop("assumes", OIDC, FAR_OPS)] if second else []
    far = d.grant([FAR_OPS], SEND, [FAR_NODE], documents="any")
    half = d.half(aws(), far, edges=edges, principals=[OIDC])

    found = fired(half, "t1651_aws_workload_beyond_its_account")

    assert bool(found) is fires
    assert all("in 2 accounts" in one.message for one in found)


@pytest.mark.parametrize(("targets", "fires"), [([*WEB, FAR], True), (WEB, False)])
def test_an_application_is_at_home_in_one_subscription(targets, fires):
    app = d.entra("deployer", "service-principal")
    half = azure_half(azure(app, targets=targets))

    found = fired(half, "t1651_azure_workload_beyond_its_group")

    assert bool(found) is fires


def test_what_is_in_the_home_of_a_workload_does_not_count():
    """Only the grants that leave it are the finding's."""
    inside = azure(VM_IDENTITY, targets=WEB)
    outside = d.grant([VM_IDENTITY], "Microsoft.Compute/virtualMachines/write", [FAR])
    half = living(azure_half(inside, outside), GROUP_SCOPE.lower())

    (finding,) = fired(half, "t1651_azure_workload_beyond_its_group")

    assert finding.sample == (FAR,)
