#!/usr/bin/env python3
"""How long `bordergate audit report` takes over many records, on one core, and how much memory.

Writes `--distinct` records once, chained as the gateway chains them, and gives the file to the report as often
as makes `--records`. Records are like those of the shipped rules: three data centres, ten origins, a handful of
categories, one or two people each out of a tenth as many as there are records.
"""

import argparse
import base64
import hashlib
import json
import os
import random
import resource
import subprocess
import time

ORIGINS = ["PK", "IN", "DE", "FR", "IE", "BR", "JP", "KR", "ID", "US"]
CENTRES = [("mi-dc-singapore", "SG"), ("mi-dc-us", "US"), ("mi-dc-beijing", "CN")]
PURPOSES = ["service_activation", "cloud_sync", "customer_support", "direct_marketing", "order_fulfilment"]
TAGS = [
    ("user.contact.email", "/user/email"),
    ("user.contact.phone_number", "/user/mobile"),
    ("user.device.device_id.imei", "/device/imei"),
    ("user.demographic.date_of_birth", "/user/birthday"),
    ("user.name", "/user/name"),
    ("user.location.address", "/shipping/address"),
]
RULES = ["JR-PK-01", "JR-EU-03", "MI-01", "MI-06", "MI-13", "MI-42", "MI-74"]


def record(number, dice, people):
    origin = dice.choice(ORIGINS)
    centre, destination = dice.choice(CENTRES)
    effect = dice.choices(["allow", "redact", "block"], [70, 22, 8])[0]
    tags = []
    for tag, pointer in dice.sample(TAGS, dice.randint(1, 4)):
        redacted = {"redacted": 1} if effect == "redact" else {}
        tags.append({"tag": tag, "count": 1, **redacted, "pointers": [pointer]})
    seconds = 1793491200 + number // 50
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    size = dice.randint(200, 4000)
    told = {
        "time": f"{stamp}.{number % 1000000000:09d}Z",
        "stage": "closed",
        "generation": 2,
        "trace_id": f"{dice.getrandbits(128):032x}",
        "peer": {"address": "private"},
        "route": f"to-{centre}",
        "data_centre": centre,
        "origin": origin,
        "destination": destination,
        "recipient": {"class": "first_party_facility", "id": centre},
        "purpose": dice.choice(PURPOSES),
        "subjects": [[f"{dice.randrange(people):032x}"] for _ in range(dice.choice([1, 1, 1, 2]))],
        "effect": effect,
        "rules": dice.sample(RULES, 4),
        "reason": "" if effect == "allow" else "Some of the data is not needed for the purpose.",
        "tags": tags,
        "coverage": "full",
        "policy_version": "2019-03-18",
        "status": 403 if effect == "block" else 200,
        "request_bytes": size,
        "forwarded_bytes": 0 if effect == "block" else size,
        "response_bytes": 120,
        "inspected_bytes": size + 80,
        "durations": {"total_us": 900, "inspection_us": 120, "upstream_us": 600},
    }
    if effect == "block":
        told["blocked_by"] = ["MI-42"]
    if origin in ("DE", "FR", "IE") and effect != "block":
        told["mechanisms"] = ["eu_scc"]
    return json.dumps(told, separators=(",", ":"))


def write(path, count):
    dice = random.Random(20261126)
    people = max(count // 10, 1)
    previous = bytes(32)
    text = lambda digest: base64.urlsafe_b64encode(digest).rstrip(b"=")
    with open(path, "wb", buffering=1 << 20) as out:
        for number in range(count):
            head = record(number, dice, people).encode()[:-1]
            line = b'%s,"seq":%d,"prev":"%s"' % (head, number + 1, text(previous))
            previous = hashlib.sha256(line).digest()
            out.write(b'%s,"hash":"%s"}\n' % (line, text(previous)))


def main():
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--records", type=int, default=10_000_000)
    given.add_argument("--distinct", type=int, default=1_000_000)
    given.add_argument("--binary", default="target/release/bordergate")
    given.add_argument("--folder", default="target/bench-report")
    given = given.parse_args()
    distinct = min(given.distinct, given.records)
    os.makedirs(given.folder, exist_ok=True)
    path = f"{given.folder}/{distinct}.jsonl"
    if not os.path.exists(path):
        write(f"{path}.part", distinct)
        os.rename(f"{path}.part", path)
    times = max(given.records // distinct, 1)
    command = [given.binary, "audit", "report", "--format", "csv"] + [path] * times
    core = min(os.sched_getaffinity(0))
    begin = time.monotonic()
    report = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, preexec_fn=lambda: os.sched_setaffinity(0, {core})
    )
    took = time.monotonic() - begin
    rows = report.stdout.count(b"\n") - 1
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    size = os.path.getsize(path) * times / 1e9
    print(
        f"{distinct * times:,} records ({size:.1f} GB) in {took:.1f} s on one core: {rows} rows, "
        f"{distinct * times / took:,.0f} records a second, {peak} MiB at most"
    )


if __name__ == "__main__":
    main()
