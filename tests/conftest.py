"""A scrubbed environment for every test; the network guard is pytest-socket's."""

import os

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no defect of the code. The same commit meets the same examples, so
# that a red run is a change's doing; `HYPOTHESIS_PROFILE=search` looks for new ones.
_PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("steady", derandomize=True, **_PATIENT)
settings.register_profile("search", max_examples=1000, **_PATIENT)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

_CREDENTIALS = ("AWS_", "AZURE_", "MSI_", "IDENTITY_", "ARM_", "WHOCANRUN_")


@pytest.fixture(autouse=True)
def scrubbed_environment(monkeypatch, tmp_path_factory):
    """No test sees the developer's credentials, profiles, proxies or home folder."""
    for name in list(os.environ):
        if name.startswith(_CREDENTIALS) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "aws-credentials"))
