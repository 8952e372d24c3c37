#!/usr/bin/env python3
"""`bordergate scan` over a long file of records, whole command, beside others on one core.

Writes `--mib` of NDJSON: orders and readings of devices in turn, with a field that is personal in every seventy
bytes or so. regex-automata and Datadog's engine look for the patterns of `patterns.txt`, which are of values alone;
Presidio's recognisers without a model are given the first `--presidio-kib`. What is compared is the processor
time of the whole process, start and rules included; Presidio's without its start. Rounds are interleaved.
"""

import argparse
import json
import os
import pathlib
import random
import resource
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# So much of it is all different, and comes again after that.
DISTINCT_MIB = 16

GIVEN = ["Sana", "Omar", "Mei", "Priya", "Lucas", "Amina", "Jonas", "Siti", "Yuki", "Carlos", "Hana", "Tariq"]
FAMILY = ["Khan", "Farooqi", "Chen", "Nair", "Moreau", "Bello", "Weber", "Rahma", "Tanaka", "Souza", "Novak", "Aziz"]
STREETS = ["Gulshan Avenue", "Orchard Road", "Lindenstrasse", "MG Road", "Rua Augusta", "Mall Road"]
CITIES = [("Karachi", "PK", "75300"), ("Singapore", "SG", "238823"), ("Leipzig", "DE", "04109"), ("Pune", "IN", "411001")]


def luhn(body):
    total = 0
    for place, digit in enumerate(map(int, reversed(body))):
        doubled = digit * 2 if place % 2 == 0 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return body + str(-total % 10)


def order(dice, number):
    given, family = dice.choice(GIVEN), dice.choice(FAMILY)
    city, country, postal = dice.choice(CITIES)
    return {
        "order_no": f"BG-2026-{number:08d}", "status": dice.choice(["paid", "sent", "returned"]),
        "created_at": f"2026-11-{dice.randint(1, 28):02d}T{dice.randint(0, 23):02d}:15:09Z", "channel": "web",
        "customer": {"name": f"{given} {family}", "email": f"{given}.{family}{number}@post.example".lower(),
                     "phone": f"+9230{dice.randint(10000000, 99999999)}"},
        "ship_to": {"address": f"{dice.randint(1, 300)} {dice.choice(STREETS)}", "city": city,
                    "postal_code": postal, "country": country},
        "items": [{"sku": f"band-{dice.randint(1, 9)}", "title": "Smart Band with a heart sensor", "quantity": 1,
                   "price": {"amount": f"{dice.randint(10, 900)}.00", "currency": "USD"}}
                  for _ in range(dice.randint(1, 3))],
        "total": {"amount": f"{dice.randint(10, 900)}.00", "currency": "USD"}, "gift": False, "note": None,
    }


def reading(dice, number):
    return {
        "event": "device.report", "sequence": number, "sent_at": 1793491200 + number, "schema": 4,
        "device": {"imei": luhn("86761904" + f"{dice.randint(0, 999999):06d}"),
                   "mac": ":".join(["64", "cc", "2e"] + [f"{dice.randint(0, 255):02x}" for _ in range(3)]),
                   "model": "Nova 11", "firmware": "14.0.3", "ip": f"203.0.113.{dice.randint(1, 254)}"},
        "battery": {"level": dice.randint(1, 100), "charging": dice.random() < 0.5, "cycles": dice.randint(1, 900)},
        "radio": {"band": 78, "rsrp": -dice.randint(60, 120), "rsrq": -11, "attached": True},
        "storage": {"total": 137438953472, "free": dice.randint(10**9, 10**11)},
        "position": {"lat": round(dice.uniform(-60, 60), 5), "lng": round(dice.uniform(-170, 170), 5), "accuracy": 12},
        "counters": {"reboots": dice.randint(0, 9), "crashes": 0, "uptime": dice.randint(1, 10**6)},
    }


def write(path, mib):
    """The file, and how many bytes of it each engine is asked to read."""
    dice = random.Random(20261129)
    lines, size = [], 0
    while size < DISTINCT_MIB << 20:
        number = len(lines)
        line = json.dumps((order if number % 2 else reading)(dice, number), separators=(",", ":")) + "\n"
        lines.append(line)
        size += len(line)
    text = "".join(lines).encode()
    with open(path, "wb") as file:
        while file.tell() < mib << 20:
            file.write(text)
    return os.path.getsize(path)


def seconds(command, told):
    """Processor time of a command on one core; what it prints goes to `told`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(told, "wb") as out:
        done = subprocess.run(command, stdout=out, preexec_fn=lambda: os.sched_setaffinity(0, {0}))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--mib", type=int, default=256)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--presidio-kib", type=int, default=256)
    options.add_argument("--binary", default=ROOT / "target/release/bordergate")
    options.add_argument("--others", default=ROOT / "target/scanners/release/bordergate-bench-scanners")
    options.add_argument("--python", default=ROOT / "target/presidio/bin/python")
    options = options.parse_args()

    folder = ROOT / "target/scanners"
    records, first = folder / "records.ndjson", folder / "first.ndjson"
    size = write(records, options.mib)
    with open(records, "rb") as file:
        start = file.read(options.presidio_kib << 10)
    first.write_bytes(start[:start.rfind(b"\n") + 1])

    patterns = HERE / "patterns.txt"
    commands = {
        "bordergate scan": [options.binary, "scan", records],
        "regex-automata": [options.others, "regex", patterns, records],
        "Datadog's engine": [options.others, "datadog", patterns, records],
    }
    told = folder / "told"
    rates, found = {}, {}
    for name, command in commands.items():
        # Once to count, and to warm up; then with nobody to read what is printed.
        seconds(command, told)
        said = told.read_bytes()
        found[name] = said.count(b"\n") if name == "bordergate scan" else int(said)
    for _ in range(options.rounds):
        for name, command in commands.items():
            rates.setdefault(name, []).append(size / seconds(command, os.devnull) / 1e6)
        seconds([options.python, HERE / "presidio.py", first], told)
        count, took = told.read_text().split()
        rates.setdefault("Presidio", []).append(first.stat().st_size / float(took) / 1e6)
        found["Presidio"] = int(count) * size // first.stat().st_size

    ours = rates["bordergate scan"]
    print(f"{size >> 20} MiB of NDJSON, {options.rounds} rounds, one core; Presidio on {options.presidio_kib} KiB")
    print(f"{'':<18}{'MB/s':>10}{'findings':>12}{'ours is':>12}")
    for name, theirs in rates.items():
        ratio = statistics.median(our / their for our, their in zip(ours, theirs))
        print(f"{name:<18}{statistics.median(theirs):>10.3g}{found[name]:>12,}{ratio:>10.3g} x")


if __name__ == "__main__":
    main()
