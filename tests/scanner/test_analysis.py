"""One analysis of an estate: each half decided and linked, every file read once."""

import aws_estates as a
import azure_estates as e
import pytest

from scanner.analysis import analyse
from scanner.estate import Provider
from scanner.evidence.reader import open_estate

ROLE = a.role("ops", a.allow("ssm:SendCommand"), trust=[a.trusting({"AWS": a.PARTNER})])
VM = e.role("VM operators", e.block(["Microsoft.Compute/*"]), custom=False)


def write_aws(root):
    a.estate(root, a.account(ROLE, a.instance("i-1", registered=True)))


def write_azure(root):
    given = [e.assignment("ann", "VM operators", e.subscription_scope())]
    lines = e.subscription_lines(vms=[e.machine(e.vm_id())], workers=())
    tenant = e.tenant_lines(roles=[VM], assignments=given, users=[e.user("ann")])
    e.write_azure(root, tenant, (e.SUB, lines))


@pytest.mark.parametrize(
    ("writers", "providers"),
    [
        ([write_aws], [Provider.AWS]),
        ([write_azure], [Provider.AZURE]),
        ([write_azure, write_aws], [Provider.AWS, Provider.AZURE]),
    ],
)
def test_each_cloud_with_evidence_is_decided(tmp_path, writers, providers):
    for write in writers:
        write(tmp_path)

    found = analyse(open_estate(tmp_path))

    assert [half.provider for half in found.decided] == providers
    assert all(half.grants for half in found.decided)
    assert (found.aws is not None) is (Provider.AWS in providers)
    assert (found.azure is not None) is (Provider.AZURE in providers)


def test_outsiders_that_hops_name_are_principals(tmp_path):
    write_aws(tmp_path)

    (half,) = analyse(open_estate(tmp_path)).decided

    (entry,) = [edge for edge in half.edges if edge.kind == "assumes"]
    assert entry.source in {principal.id for principal in half.principals}
    ids = [principal.id for principal in half.principals]
    assert ids == sorted(set(ids))


def test_every_file_is_read_once(tmp_path, monkeypatch):
    """Coverage watches the loaders instead of reading after them."""
    write_aws(tmp_path)
    write_azure(tmp_path)
    evidence = open_estate(tmp_path)
    reads = []
    original = type(evidence).partition

    def counting(self, name):
        reads.append(name)
        return original(self, name)

    monkeypatch.setattr(type(evidence), "partition", counting)

    analyse(evidence)

    assert sorted(reads) == sorted(evidence.files)
