#!/usr/bin/env python3
"""Distinct people counted from what passes through the gateway, a request each: memory and disk per million.

Every request carries one person whom nobody has seen before, under an origin whose law counts people; it is
inspected, counted in the store and sent on, and only then is it answered. A request in a thousand is sent once
more at the end, and must count nobody. Prints what it saw, and ends with 1 when the count is not that of the
people who were sent. Needs nginx.
"""

import argparse
import json
import os
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time

NGINX = """
worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log; daemon off;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; keepalive_requests 1000000000; location / {{ return 200 "stored\\n"; }} }}
}}
"""
CONFIG = """
listeners: [{{ name: bench, address: "127.0.0.1:{listener}" }}]
admin: {{ address: "127.0.0.1:{admin}", token_file: {folder}/token }}
rules: {{ directory: {folder}/rules }}
facts: {{ path: {folder}/facts.redb, key_file: {folder}/facts.key }}
trusted_hops: [127.0.0.0/8]
audit: {{ sink: none }}
deadlines: {{ connect: 30s }}
data_centres: [{{ id: dc, jurisdiction: SG, endpoints: ["http://127.0.0.1:{upstream}"], transport: tls }}]
routes: [{{ id: all, data_centre: dc, purpose: backup }}]
"""
# One count and no threshold, so that all may go.
LAW = """
layer: law
title: Bench
counts:
  - {counter: cn_ytd_ordinary, of: person, window: {calendar_year: "+08:00"}, when: {origin: CN}}
rules:
  - id: B-1
    title: Known
    statute: this bench
    reason: The count is on file.
    when: {origin: CN, counter: {key: cn_ytd_ordinary, at_least: 1000000000}}
    effect: block
"""
ALLOW = """
layer: organisation
title: Bench
rules:
  - {id: B-2, title: All, statute: this bench, reason: All may go., effect: allow}
"""
# A row of zeros would be no account of anybody, and count each time.
BODY = '{"account_id":"%d","name":"Wang Xiaoming"}'
FIRST = 100_000_000
REQUEST = (
    "POST /v1 HTTP/1.1\r\nhost: dc.test\r\ncontent-type: application/json\r\nbordergate-transfer: origin=CN\r\n"
    "content-length: " + str(len(BODY % FIRST)) + "\r\n\r\n" + BODY
)
CONNECTIONS, PIPELINED = 64, 16


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def connect(port):
    for _ in range(1000):
        try:
            return socket.create_connection(("127.0.0.1", port))
        except OSError:
            time.sleep(0.02)
    sys.exit("nobody listens")


def load(port, numbers):
    """Sends a request for each number, and waits for every answer."""
    chooser, numbers = selectors.DefaultSelector(), iter(numbers)

    def send(stream, state):
        batch = [REQUEST % number for _, number in zip(range(PIPELINED), numbers)]
        state["due"] = len(batch)
        if batch:
            stream.sendall("".join(batch).encode())
        else:
            chooser.unregister(stream)
            stream.close()

    for _ in range(CONNECTIONS):
        stream, state = connect(port), {"due": 0, "rest": b""}
        chooser.register(stream, selectors.EVENT_READ, state)
        send(stream, state)
    answered = 0
    while chooser.get_map():
        for key, _ in chooser.select():
            stream, state = key.fileobj, key.data
            part = stream.recv(1 << 18)
            if not part:
                sys.exit("the gateway hung up")
            text = state["rest"] + part
            whole, mark, state["rest"] = text.rpartition(b"stored\n")
            count = (whole + mark).count(b"stored\n")
            if b"HTTP/1.1 4" in text or b"HTTP/1.1 5" in text:
                sys.exit(f"not every answer is 200: {text[:300]}")
            answered += count
            state["due"] -= count
            if state["due"] == 0:
                send(stream, state)
    return answered


def memory(pid):
    """Resident bytes now, those of files apart, and at most."""
    lines = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status"))
    return tuple(int(lines[name].split()[0]) << 10 for name in ("RssAnon", "VmHWM"))


def disk(path):
    seen = os.stat(path)
    return seen.st_size, seen.st_blocks * 512


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=1_000_000)
    options.add_argument("--binary", default="target/release/bordergate")
    options = options.parse_args()
    binary = os.path.abspath(options.binary)
    folder = tempfile.mkdtemp(prefix="subjects-", dir="target")
    folder = os.path.abspath(folder)
    rules = f"{folder}/rules"
    subprocess.run([binary, "rules", "export", rules], check=True, stderr=subprocess.DEVNULL)
    for name in ("law", "policy", "organisation", "tests"):
        shutil.rmtree(f"{rules}/{name}", ignore_errors=True)
    ports = {name: free_port() for name in ("listener", "admin", "upstream")}
    for name, text in (
        ("rules/law/bench.yaml", LAW),
        ("rules/organisation/bench.yaml", ALLOW),
        ("nginx.conf", NGINX.format(folder=folder, port=ports["upstream"])),
        ("bordergate.yaml", CONFIG.format(folder=folder, **ports)),
        ("token", "a token of the bench\n"),
    ):
        os.makedirs(os.path.dirname(f"{folder}/{name}"), exist_ok=True)
        with open(f"{folder}/{name}", "w") as file:
            file.write(text)
    with open(f"{folder}/facts.key", "wb") as file:
        file.write(os.urandom(32))
    nginx = subprocess.Popen(["nginx", "-p", folder, "-c", f"{folder}/nginx.conf"])
    gateway = subprocess.Popen([binary, "serve", "--config", f"{folder}/bordergate.yaml"], stderr=subprocess.DEVNULL)
    connect(ports["upstream"]).close()
    store = f"{folder}/facts.redb"
    try:
        load(ports["listener"], range(FIRST, FIRST + CONNECTIONS))
        before, _ = memory(gateway.pid)
        begin = time.monotonic()
        answered = load(ports["listener"], range(FIRST, FIRST + options.people))
        took = time.monotonic() - begin
        after, peak = memory(gateway.pid)
        # Whoever was counted is not counted again.
        load(ports["listener"], range(FIRST, FIRST + options.people, 1000))
        print(f"{answered} requests, a new person each, answered in {took:.0f} s, {answered / took:.0f} a second")
        print(f"memory: {before / 1e6:.0f} MB before, {after / 1e6:.0f} MB after, {peak / 1e6:.0f} MB at most")
        gateway.terminate()
        gateway.wait()
        size, held = disk(store)
        print(f"disk: {size / 1e6:.0f} MB, {held / 1e6:.0f} MB of them written")
        export = [binary, "facts", "export", "--counted", "--config", f"{folder}/bordergate.yaml"]
        export = subprocess.Popen(export, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        counted = sum("counted" in json.loads(line) for line in export.stdout)
        export.wait()
        print(f"on file: {counted} people")
        if counted != options.people or export.returncode != 0:
            sys.exit("that is not who was sent")
    finally:
        for process in (gateway, nginx):
            process.terminate()
            process.wait()
        shutil.rmtree(folder)


main()
