"""What collecting costs beside the answers themselves: `--accounts N` (default 50).

Runs the collector against the tests' AWS stand-in, which lives in a process of its own,
over an organization of 10 and of N accounts with 4 regions each, and prints

* CPU time of the collector for each page, the SDK's own share taken off: the same calls
  made with plain boto3 clients (`own` should stay under 5 ms),
* the growth of the collector's peak memory between 10 and N accounts (flat: pages are
  written, not held).
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REGIONS = ("eu-west-1", "eu-central-1", "us-east-1", "us-west-2")
PAGES, ROWS = 20, 50


def serve(accounts: int) -> None:
    """Serve an organization until standard input closes; print its URL."""
    sys.path.insert(0, str(ROOT / "tests"))
    from aws_server import aws_server

    def nodes(params: dict) -> dict:
        page = int(params.get("NextToken") or 0)
        rows = [
            {
                "InstanceId": f"i-{page:08x}{row:09x}",
                "PingStatus": "Online",
                "PlatformName": "Amazon Linux",
                "AgentVersion": "3.3.0.0",
                "ResourceType": "EC2Instance",
                "IPAddress": "10.0.0.1",
                "ComputerName": f"node-{page}-{row}.example.internal",
            }
            for row in range(ROWS)
        ]
        more = str(page + 1) if page + 1 < PAGES else None
        return {"InstanceInformationList": rows, "NextToken": more}

    with aws_server() as server:
        orgs = server.client("organizations")
        orgs.create_organization(FeatureSet="ALL")
        for number in range(accounts - 1):
            name = f"member-{number}"
            orgs.create_account(AccountName=name, Email=f"{name}@example.com")
        server.answer("ssm:DescribeInstanceInformation", nodes)
        print(json.dumps(server.environment()), flush=True)
        sys.stdin.read()


def scan() -> None:
    """Collect from the environment's endpoint and print what it cost."""
    from scanner.aws.collect import AwsOptions, collect_aws
    from scanner.collection.progress import Progress
    from scanner.collection.rate import Rates
    from scanner.evidence.store import EstateStore

    with tempfile.TemporaryDirectory() as folder:
        store = EstateStore(Path(folder) / "estate")
        options = AwsOptions(org=True, role_name="audit", regions=REGIONS)
        begun, cpu = time.monotonic(), time.process_time()
        collect_aws(options, store, Rates(ceiling=1e6), Progress(quiet=True))
        wall, cpu = time.monotonic() - begun, time.process_time() - cpu
        store.close(finished=True)
        # Kilobytes on Linux, bytes on macOS.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak //= 1024 if sys.platform == "darwin" else 1
        asked = [
            (line["op"], line["region"])
            for path in (Path(folder) / "estate/aws").iterdir()
            for line in map(json.loads, path.open())
        ]
    plain = plain_calls(asked[:2000])
    print(json.dumps([len(asked), wall, cpu, plain * len(asked), peak]))


def plain_calls(asked: list[tuple[str, str]]) -> float:
    """Return the CPU seconds of a plain boto3 call, a new client for each service."""
    import boto3
    from botocore import xform_name
    from botocore.exceptions import BotoCoreError, ClientError

    from scanner.aws.collect.shapes import sdk_service

    session, clients = boto3.session.Session(), {}
    begun, calls = time.process_time(), 0
    for op, region in asked:
        service, name = sdk_service(op), op.partition(":")[2]
        if (service, region) not in clients:
            clients[service, region] = session.client(service, region_name=region)
        try:
            getattr(clients[service, region], xform_name(name))()
        except (ClientError, BotoCoreError):
            continue  # needs parameters: not comparable
        calls += 1
    return (time.process_time() - begun) / max(calls, 1)


def measure(accounts: int) -> list[float]:
    """Serve and scan in two processes; return pages, wall, CPU, SDK's CPU, peak kB."""
    script = [sys.executable, __file__]
    search = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    environment = {**os.environ, "PYTHONPATH": search}
    server = subprocess.Popen(
        [*script, "--serve", str(accounts)], env=environment, stdin=-1, stdout=-1
    )
    environment |= json.loads(server.stdout.readline())
    found = subprocess.run(
        [*script, "--scan"], env=environment, check=True, capture_output=True
    )
    server.stdin.close()
    server.wait()
    return json.loads(found.stdout)


def main() -> None:
    """Compare a small organization with a large one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=50)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--scan", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        return serve(chosen.serve)
    if chosen.scan:
        return scan()
    _, _, _, _, small = measure(10)
    pages, wall, cpu, plain, peak = measure(chosen.accounts)
    own = (cpu - plain) / pages * 1000
    print(f"{chosen.accounts} accounts x {len(REGIONS)} regions: {pages} pages")
    print(f"wall {wall:.1f} s, collector CPU {cpu / pages * 1000:.2f} ms a page")
    print(f"plain SDK {plain / pages * 1000:.2f} ms a page, own {own:.2f} ms")
    growth = (peak - small) / 1024
    print(f"peak memory {peak / 1024:.0f} MB, {growth:+.1f} MB over 10 accounts")
    return None


if __name__ == "__main__":
    main()
