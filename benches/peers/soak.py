#!/usr/bin/env python3
"""Load on the gateway for a while, with callers that go away, bodies that never end and rules that are loaded
again; then: are memory, file descriptors and threads where they were?

Before that, ten thousand uploads that stall one byte before their end: what can be held is held, the rest is
told to come again, and memory stays within what the budget says.

    benches/peers/soak.py [--minutes N] [--slow N] [--uploads N]
"""

import argparse
import pathlib
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import bodies
import run

# After the first tenth everything that is kept once (pools, interned names, the allocator's own) is there.
SETTLED = 0.1
GROWTH_MAX = 1.15


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--slow", type=int, default=500, help="uploads that stall, all the time")
    parser.add_argument("--uploads", type=int, default=10_000, help="uploads that stall, once, before the rest")
    parser.add_argument("--binary", default=run.ROOT / "target/release/bordergate", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder = pathlib.Path(name)
        [upstream] = run.free_ports(1)
        centre = run.Proxy("upstream", [run.program("nginx"), "-p", name, "-c", str(run.fill(
            "upstream.conf", folder, folder=folder, upstream=upstream))], {"clear": upstream})
        gateway = run.proxies(folder, 1, upstream, arguments.binary)[0]
        rotate(folder / "true-bordergate.yaml")
        workloads = run.workloads(folder)
        with open(folder / "log", "w") as log:
            try:
                centre.start(log)
                gateway.start(log)
                ok = flood(gateway, arguments.uploads)
                ok = soak(gateway, workloads, arguments) and ok
            finally:
                gateway.stop()
                centre.stop()
    sys.exit(0 if ok else 1)


def rotate(path):
    """A new audit file every so often: it grows by some gigabytes a minute."""
    text = path.read_text()
    rotated = text.replace('.jsonl" }', '.jsonl", rotate: { bytes: 256MiB } }')
    assert rotated != text
    path.write_text(rotated)


def sample(gateway):
    pid = gateway.process.pid
    process = pathlib.Path(f"/proc/{pid}")
    return {"resident": run.resident_bytes(pid), "fds": len(list((process / "fd").iterdir())),
            "threads": len(list((process / "task").iterdir()))}


# As bordergate.yaml leaves it: the default of `limits.held_bytes_max`.
HELD_BYTES_MAX = 256 << 20
UPLOAD_BYTES = 64 << 10


def flood(gateway, count):
    head = (b"POST /v1/activate HTTP/1.1\r\nHost: all.test\r\nContent-Type: text/plain\r\n"
            b"Content-Length: %d\r\n\r\n" % UPLOAD_BYTES)
    body = b"x" * (UPLOAD_BYTES - 1)
    before = sample(gateway)["resident"]
    held, refused = [], 0
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", gateway.ports["clear"]), timeout=10)
        try:
            connection.sendall(head + body)
        except OSError:
            pass
        held.append(connection)
    time.sleep(2)
    during = sample(gateway)["resident"] - before
    for connection in held:
        connection.setblocking(False)
        try:
            refused += connection.recv(4096).startswith(b"HTTP/1.1 503 ")
        except OSError:
            pass
        connection.close()
    # A connection takes some KiB beside the body it holds.
    bound = HELD_BYTES_MAX + count * (24 << 10)
    ok = during <= bound and (refused > 0 or count * UPLOAD_BYTES < HELD_BYTES_MAX)
    print(f"{count} uploads of {UPLOAD_BYTES >> 10} KiB that stall: {refused} told to come again, "
          f"{during >> 20} MiB more resident, {bound >> 20} MiB allowed{'' if ok else ', TOO MUCH'}")
    return ok


def soak(gateway, workloads, arguments):
    end = time.monotonic() + arguments.minutes * 60
    stop = threading.Event()
    helpers = [threading.Thread(target=one, args=(gateway, stop, arguments))
               for one in (stall, leave, reload, put_away)]
    for helper in helpers:
        helper.start()
    settled, samples = time.monotonic() + arguments.minutes * 60 * SETTLED, []
    # Large bodies seldom, or they would be all there is.
    mixed = [workload for workload in workloads if "MiB" not in workload[0]]
    try:
        while time.monotonic() < end:
            run_load(gateway, random.choice(mixed))
            if time.monotonic() > settled:
                samples.append(sample(gateway))
                print(f"{(end - time.monotonic()) / 60:.1f} min left: {samples[-1]}", file=sys.stderr, flush=True)
    finally:
        stop.set()
        for helper in helpers:
            helper.join()
    metrics = urllib.request.urlopen(f"http://127.0.0.1:{gateway.ports['admin']}/metrics", timeout=10).read().decode()
    metric = {line.rsplit(" ", 1)[0]: line.rsplit(" ", 1)[-1] for line in metrics.splitlines()}
    in_flight, rotations = (float(metric[f"bordergate_{name}"])
                            for name in ("exchanges_in_flight", "audit_rotations_total"))
    deadline = time.monotonic() + 60
    while sample(gateway)["fds"] > samples[0]["fds"] + 100 and time.monotonic() < deadline:
        time.sleep(1)
    half = max(1, len(samples) // 2)
    first, last = samples[:half], samples[half:] or samples
    ok = True
    for what in ("resident", "fds", "threads"):
        before, after = (max(one[what] for one in part) for part in (first, last))
        grew = after > before * GROWTH_MAX
        ok = ok and not grew
        print(f"{what}: at most {before} in the first half, {after} in the second{', GREW' if grew else ''}")
    print(f"exchanges in flight at the end: {in_flight:.0f}; audit files put aside: {rotations:.0f}")
    return ok


def run_load(gateway, workload):
    _, body, port, options, host, _, _ = workload
    scheme = "https" if port == "tls" else "http"
    subprocess.run([run.program("h2load"), "-D", "5", "-t", "1", *options, "-d", str(body),
                    "-H", "content-type: application/json", "-H", f":authority: {host}",
                    f"{scheme}://127.0.0.1:{gateway.ports[port]}/v1/activate"],
                   capture_output=True, timeout=120)


def stall(gateway, stop, arguments):
    """Uploads that begin and go on by a byte a second."""
    head = b"POST /v1/activate HTTP/1.1\r\nHost: all.test\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"
    held = []
    while not stop.wait(1):
        alive = []
        for connection in held:
            try:
                connection.send(b" ")
                alive.append(connection)
            except OSError:
                connection.close()
        held = alive
        while len(held) < arguments.slow:
            try:
                connection = socket.create_connection(("127.0.0.1", gateway.ports["clear"]), timeout=5)
                connection.sendall(head)
                held.append(connection)
            except OSError:
                break
    for connection in held:
        connection.close()


def leave(gateway, stop, _):
    """Callers that send everything and do not wait for the answer."""
    body = bodies.allowed(1 << 10)
    request = (b"POST /v1/activate HTTP/1.1\r\nHost: all.test\r\nContent-Type: application/json\r\n"
               b"Content-Length: %d\r\n\r\n" % len(body)) + body
    while not stop.wait(0.02):
        try:
            with socket.create_connection(("127.0.0.1", gateway.ports["clear"]), timeout=5) as connection:
                connection.sendall(request)
        except OSError:
            continue


def put_away(gateway, stop, _):
    """Audit files that were put aside, as whoever keeps them elsewhere would take them."""
    folder = pathlib.Path(gateway.command[-1]).parent / "audit"
    while not stop.wait(1):
        for path in folder.glob("*.*.jsonl"):
            path.unlink()


def reload(gateway, stop, _):
    while not stop.wait(5):
        try:
            request = urllib.request.Request(f"http://127.0.0.1:{gateway.ports['admin']}/-/reload", method="POST")
            urllib.request.urlopen(request, timeout=30).read()
        except OSError:
            continue


if __name__ == "__main__":
    main()
