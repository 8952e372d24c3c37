#!/usr/bin/env python3
"""An audit of `--records` lines, written under load by a gateway that is killed in the middle of it, twice.

Every transfer needs its record (`audit.required`), so each leaves two lines: judged, and closed. After each kill
`bordergate audit verify` must find nothing but what a kill leaves; every transfer that was answered must be on
record; and each kind of tampering with the files that are left must be found and named. Prints what it saw, and
ends with 1 when something is not as it should be. Needs nginx and openssl.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time

NGINX = """
worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log; daemon off;
events {{ worker_connections 512; }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; keepalive_requests 1000000000; location / {{ return 200 "stored\\n"; }} }}
}}
"""
CONFIG = """
listeners: [{{ name: bench, address: "127.0.0.1:{listener}" }}]
admin: {{ address: "127.0.0.1:{admin}" }}
trusted_hops: [127.0.0.0/8]
audit:
  sink: file
  path: log/audit.jsonl
  required: true
  sync: {sync}
  seal: {{ key_file: audit.key }}
  rotate: {{ bytes: 8MiB }}
data_centres: [{{ id: dc, jurisdiction: SG, endpoints: ["http://127.0.0.1:{upstream}"], transport: tls }}]
routes: [{{ id: all, data_centre: dc, purpose: service_activation }}]
context:
  subject: {{ consents: [{{ scope: service, type: explicit, policy_version: "2019-03-18", given_at: 2020-01-10T08:00:00Z }}] }}
"""
BODY = '{"imei":"867619040000019"}'
REQUEST = (
    "POST /v1 HTTP/1.1\r\nhost: dc.test\r\ncontent-type: application/json\r\nbordergate-transfer: origin=PK\r\n"
    "traceparent: 00-%032x-00f067aa0ba902b7-01\r\ncontent-length: " + str(len(BODY)) + "\r\n\r\n" + BODY
)
CONNECTIONS, PIPELINED = 16, 64
wrong = []


def check(is_so, words):
    print(("  as it should be: " if is_so else "  WRONG: ") + words, flush=True)
    if not is_so:
        wrong.append(words)


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


def load(port, first, enough, gateway):
    """Sends until `enough` were answered and the gateway is killed; the numbers that were answered."""
    chooser = selectors.DefaultSelector()
    answered = []
    for number in range(CONNECTIONS):
        stream = connect(port)
        # Where its next batch begins, how many of the batch were answered, and what was read of the next answer.
        state = {"next": first + number * 10**8, "came": 0, "rest": b""}
        chooser.register(stream, selectors.EVENT_READ, state)
        send(stream, state)
    killed = False
    while chooser.get_map():
        for key, _ in chooser.select():
            stream, state = key.fileobj, key.data
            try:
                part = stream.recv(1 << 18)
            except OSError:
                part = b""
            if not part:
                chooser.unregister(stream)
                continue
            text = state["rest"] + part
            whole, _, state["rest"] = text.rpartition(b"stored\n")
            count = whole.count(b"stored\n") + 1 if b"stored\n" in text else 0
            if whole.count(b"HTTP/1.1 200") < count:
                sys.exit(f"not every answer is 200: {text[:300]}")
            begin = state["next"] + state["came"]
            answered.extend(range(begin, begin + count))
            state["came"] += count
            if state["came"] == PIPELINED:
                state["next"] += PIPELINED
                state["came"] = 0
                send(stream, state)
        if len(answered) >= enough and not killed:
            gateway.send_signal(signal.SIGKILL)
            killed = True
    gateway.wait()
    return answered


def send(stream, state):
    try:
        stream.sendall("".join(REQUEST % (state["next"] + at) for at in range(PIPELINED)).encode())
    except OSError:
        pass


class Audit:
    def __init__(self, binary, folder):
        self.binary, self.folder, self.log = binary, folder, f"{folder}/log"

    def files(self):
        def begins(name):
            with open(f"{self.log}/{name}", "rb") as file:
                return json.loads(file.readline())["seq"]

        return [f"{self.log}/{name}" for name in sorted(os.listdir(self.log), key=begins)]

    def verify(self, *more):
        begin = time.monotonic()
        command = [self.binary, "audit", "verify", "--format", "json", "--key", f"{self.folder}/audit.pub", *more]
        done = subprocess.run(command + [self.log], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        told = json.loads(done.stdout)
        self.took = time.monotonic() - begin
        return done.returncode, told["verified"]

    def tampered(self, what, path, lines, expected, left, *more):
        whole = open(path, "rb").read()
        with open(path, "wb") as file:
            file.writelines(lines)
        code, told = self.verify(*more)
        # Where a seal is gone as well, so is what it covered, which is no offence of its own.
        offences = [it for it in told["found"] if it["what"] != "unsealed"]
        found = [it for it in offences if (it["what"], it.get("from"), it.get("to"), it.get("seq")) not in left]
        words = [{name: value for name, value in it.items() if name not in ("file", "line")} for it in found[:2]]
        check(code == 13 and expected(found), f"{what}: exit {code}, {len(found)} found, {words}")
        with open(path, "wb") as file:
            file.write(whole)


def seq(line):
    return json.loads(line)["seq"]


def chain_anew(lines, at):
    previous = None
    for number in range(at, len(lines)):
        body, rest = lines[number].split(b',"hash":"', 1)
        rest = rest[rest.index(b'"'):]
        head, prev = body.split(b',"prev":"', 1)
        prev, tail = prev.split(b'"', 1)
        body = head + b',"prev":"' + (previous or prev) + b'"' + tail
        previous = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=")
        lines[number] = body + b',"hash":"' + previous + rest


def tamper(audit, left):
    files = audit.files()
    path = files[len(files) // 2]
    lines = open(path, "rb").readlines()
    is_exchange = lambda at: not lines[at].startswith(b'{"audit":')
    at = next(at for at in range(len(lines) // 3, len(lines)) if is_exchange(at) and is_exchange(at + 1))
    one = lambda what, **named: lambda found: len(found) == 1 and found[0]["what"] == what and all(
        found[0][name] == value for name, value in named.items()
    )
    edited = lines[at].replace(b'"PK"', b'"IN"')
    number, last = seq(lines[at]), seq(lines[-1])
    audit.tampered("edited", path, lines[:at] + [edited] + lines[at + 1 :], one("edited", seq=number), left)
    audit.tampered("dropped", path, lines[:at] + lines[at + 1 :], one("missing", **{"from": number, "to": number}), left)
    audit.tampered("inserted", path, lines[:at] + [lines[at - 9]] + lines[at:], one("inserted", seq=seq(lines[at - 9])), left)
    swapped = lines[:at] + [lines[at + 1], lines[at]] + lines[at + 2 :]
    audit.tampered("reordered", path, swapped, one("moved", seq=number), left)
    audit.tampered("truncated", path, lines[:at], one("missing", **{"from": number, "to": last}), left)
    anew = lines[:at] + [edited] + lines[at + 1 :]
    chain_anew(anew, at)
    seal = next(seq(line) for line in lines[at:] if line.startswith(b'{"audit":"sealed"'))
    first = lambda found: found and (found[0]["what"], found[0]["seq"]) == ("seal_broken", seal)
    audit.tampered("edited, and all hashes after it made to fit", path, anew, first, left)
    end = open(files[-1], "rb").readlines()
    noted = json.loads(end[-1])
    noted = f"{noted['seq']}:{noted['hash']}"
    gone = lambda found: [it["what"] for it in found] == ["anchor_missing"]
    audit.tampered("the end of all cut off, and the last line noted down", files[-1], end[:-2], gone, left, "--expect", noted)
    audit.tampered("a file emptied", path, [], one("missing", **{"from": seq(lines[0]), "to": last}), left)


def main():
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--records", type=int, default=1_000_000)
    given.add_argument("--sync", default="1s")
    given.add_argument("--binary", default="target/release/bordergate")
    given.add_argument("--folder", default="target/bench-audit")
    given = given.parse_args()
    folder = os.path.abspath(given.folder)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(f"{folder}/log")
    run = lambda *command: subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    run("openssl", "genpkey", "-algorithm", "ed25519", "-out", f"{folder}/audit.key")
    run("openssl", "pkey", "-in", f"{folder}/audit.key", "-pubout", "-out", f"{folder}/audit.pub")
    upstream, listener, admin = free_port(), free_port(), free_port()
    with open(f"{folder}/nginx.conf", "w") as file:
        file.write(NGINX.format(folder=folder, port=upstream))
    with open(f"{folder}/bordergate.yaml", "w") as file:
        file.write(CONFIG.format(upstream=upstream, listener=listener, admin=admin, sync=given.sync))
    nginx = subprocess.Popen(["nginx", "-p", folder, "-c", f"{folder}/nginx.conf"])
    audit = Audit(os.path.abspath(given.binary), folder)
    serve = [audit.binary, "serve", "--config", f"{folder}/bordergate.yaml"]
    log = open(f"{folder}/gateway.log", "a")
    answered = []
    try:
        for number in range(2):
            begin = time.monotonic()
            gateway = subprocess.Popen(serve, stderr=log)
            came = load(listener, 1 + number * 10**10, given.records // 4, gateway)
            took = time.monotonic() - begin
            answered += came
            print(f"killed after {len(came):,} answers in {took:.1f} s, {len(came) / took:,.0f} a second", flush=True)
            code, told = audit.verify()
            kinds = sorted({it["what"] for it in told["found"]})
            check(code == 0 and set(kinds) <= {"cut_off", "unsealed"},
                  f"{told['lines']:,} lines verified in {audit.took:.1f} s: {kinds}")
        gateway = subprocess.Popen(serve, stderr=log)
        connect(listener).close()
        time.sleep(0.5)
        gateway.terminate()
        gateway.wait()
    finally:
        nginx.terminate()
    code, told = audit.verify()
    check(code == 0 and told["sealed"] == told["last"], f"{told['records']:,} records in {told['last']:,} lines, sealed to the last")
    check(told["records"] >= given.records, f"{told['records']:,} of {given.records:,} records")
    recorded = set()
    trace = re.compile(rb'"trace_id":"([0-9a-f]{32})"')
    for path in audit.files():
        with open(path, "rb") as file:
            recorded.update(int(found, 16) for line in file for found in trace.findall(line))
    missing = [number for number in answered if number not in recorded]
    check(not missing, f"{len(answered):,} were answered and {len(missing)} of them are not on record")
    tamper(audit, {(it["what"], it.get("from"), it.get("to"), it.get("seq")) for it in told["found"]})
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
