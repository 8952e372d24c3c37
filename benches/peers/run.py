#!/usr/bin/env python3
"""Bordergate beside HAProxy, nginx and Envoy on this machine.

Each proxy forwards the same requests to the same data centre (nginx answering `{}`), one worker each. What is
compared is the processor time of all threads of a proxy, user and system, for one request: unlike the rate,
it does not depend on who else has the cores. Rounds are interleaved: every proxy has its turn in every round,
and the median of the rounds counts, so that a machine that gets slower gets slower for all.

    benches/peers/run.py [--rounds N] [--seconds S] [--workers N] [--only WORD] [--out FOLDER]
"""

import argparse
import http.client
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import bodies
import report

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


class Proxy:
    """One proxy process with its children."""

    def __init__(self, name, command, ports):
        self.name, self.command, self.ports = name, command, ports
        self.centre = None
        self.process = None

    def start(self, log):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                        start_new_session=True)
        deadline = time.monotonic() + 30
        for port in self.ports.values():
            while not is_open(port):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"{self.name} does not start: {' '.join(map(str, self.command))}, see {log.name}")
                time.sleep(0.05)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def pids(self):
        return [self.process.pid, *children(self.process.pid)]

    def cpu_seconds(self):
        return sum(cpu_seconds(pid) for pid in self.pids())

    def resident_bytes(self):
        return sum(resident_bytes(pid) for pid in self.pids())


def is_open(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def stat(pid):
    """The fields of /proc/PID/stat after the name, which may hold anything: field 3 of proc(5) is the first."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


def children(parent):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if int(stat(entry.name)[1]) == parent:
                    found += [int(entry.name), *children(int(entry.name))]
            except (OSError, IndexError):
                continue
    return found


def cpu_seconds(pid):
    fields = stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_bytes(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def program(name):
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
    return found or sys.exit(f"{name} is not installed; `make bench-peers` installs it")


def fill(template, into, **values):
    text = (HERE / template).read_text()
    for key, value in values.items():
        text = text.replace(f"@{key.upper()}@", str(value))
    name = f"{values.get('name', '')}{template}"
    (into / name).write_text(text)
    return into / name


def surroundings(folder, workers, upstream):
    """What the configurations of all proxies have in common."""
    (folder / "audit").mkdir()
    certificates = folder / "certificates"
    subprocess.run(["bash", ROOT / "certs/make.sh", certificates], check=True, stdout=subprocess.DEVNULL)
    both = (certificates / "server.pem").read_text() + (certificates / "server.key.pem").read_text()
    (certificates / "both.pem").write_text(both)
    return {"folder": folder, "workers": workers, "upstream": upstream, "certificates": certificates}


def ours(name, inspection, binary, common):
    clear, tls, admin = free_ports(3)
    shutil.copytree(ROOT / "rules", common["folder"] / f"rules-{inspection}", dirs_exist_ok=True)
    path = fill("bordergate.yaml", common["folder"], name=f"{inspection}-", port=clear, port_tls=tls,
                port_admin=admin, inspection=inspection, **common)
    # One port in clear takes both protocols.
    return Proxy(name, [str(binary), "serve", "--config", str(path)],
                 {"clear": clear, "h2": clear, "tls": tls, "admin": admin})


def proxies(folder, workers, upstream, binary):
    common = surroundings(folder, workers, upstream)

    def peer(name, template, command):
        clear, h2, tls = free_ports(3)
        path = fill(template, folder, port=clear, port_h2=h2, port_tls=tls, **common)
        return Proxy(name, [str(word).replace("@", str(path)) for word in command],
                     {"clear": clear, "h2": h2, "tls": tls})

    all_of_them = [
        ours("bordergate", "true", binary, common),
        ours("bordergate, inspection off", "false", binary, common),
        peer("haproxy", "haproxy.cfg", [program("haproxy"), "-db", "-f", "@"]),
        peer("nginx", "nginx.conf", [program("nginx"), "-p", folder, "-c", "@"]),
    ]
    envoy = sorted((ROOT / "target/tools/envoy").glob("*/envoy"))
    if envoy:
        command = [envoy[-1], "--concurrency", workers, "-c", "@", "--log-level", "error",
                   "--disable-hot-restart"]
        all_of_them.append(peer("envoy", "envoy.yaml", command))
    return all_of_them


SECONDS_MAX = 60
OURS = ("bordergate", "bordergate, inspection off")

# Name, body, port, options of h2load, host, status that is expected, and who takes part.
def workloads(folder, allowed=bodies.allowed, redacted=lambda length: bodies.redacted(length, 10)):
    def file(name, body):
        (folder / name).write_bytes(body)
        return folder / name
    kib, kib16 = file("1k.json", allowed(1 << 10)), file("16k.json", allowed(16 << 10))
    kib256, mib4 = file("256k.json", allowed(256 << 10)), file("4m.json", allowed(4 << 20))
    ten = file("ten.json", redacted(1 << 10))
    h1, h2 = ["--h1", "-c", "32"], ["-c", "1", "-m", "100"]
    return [
        ("1 KiB", kib, "clear", h1, "all.test", 2, None),
        ("16 KiB", kib16, "clear", h1, "all.test", 2, None),
        # A number of them in place of a time: h2load does not always end a turn in the middle of a long body.
        ("256 KiB", kib256, "clear", [*h1, "-n", "1000"], "all.test", 2, None),
        ("4 MiB", mib4, "clear", ["--h1", "-c", "4", "-n", "24"], "all.test", 2, None),
        ("1 KiB, TLS 1.3", kib, "tls", h1, "all.test", 2, None),
        ("1 KiB, HTTP/2, 100 streams", kib, "h2", h2, "all.test", 2, None),
        ("1 KiB, ten redactions", ten, "clear", h1, "all.test", 2, OURS[:1]),
        ("1 KiB, blocked", ten, "clear", h1, "marketing.test", 4, OURS[:1]),
    ]


def load(proxy, workload, seconds):
    """One turn: processor microseconds for one request, and requests in a second."""
    name, body, port, options, host, expected, _ = workload
    scheme = "https" if port == "tls" else "http"
    turn = [] if "-n" in options else ["-D", str(seconds)]
    command = [program("h2load"), *turn, "-t", "1", *options, "-d", str(body),
               "-H", "content-type: application/json", "-H", f":authority: {host}",
               f"{scheme}://127.0.0.1:{proxy.ports[port]}/v1/activate"]
    before = proxy.cpu_seconds()
    run = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    spent = proxy.cpu_seconds() - before
    codes = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", run.stdout)
    rate = re.search(r"finished in ([\d.]+)[mu]?s, ([\d.]+) req/s", run.stdout)
    if not codes or not rate:
        sys.exit(f"{proxy.name}, {name}: h2load says\n{run.stdout}\n{run.stderr}")
    counts = {2: int(codes[1]), 3: int(codes[2]), 4: int(codes[3]), 5: int(codes[4])}
    if counts[expected] == 0 and sum(counts.values()) == 0 and seconds < SECONDS_MAX:
        # So busy a machine that nobody was answered in time: a longer turn.
        return load(proxy, workload, seconds * 4)
    if counts[expected] != sum(counts.values()) or counts[expected] == 0:
        sys.exit(f"{proxy.name}, {name}: answered {counts}, expected {expected}xx alone")
    return spent / counts[expected] * 1e6, float(rate[2])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--only", default="", help="workloads whose name holds this")
    parser.add_argument("--without", default="", help="leaves out the proxy of this name")
    parser.add_argument("--train", action="store_true",
                        help="ours alone and with other bodies: what `deploy/build.sh` has a binary do to be watched")
    parser.add_argument("--binary", default=ROOT / "target/release/bordergate", type=pathlib.Path)
    parser.add_argument("--out", default=ROOT / "target/peers", type=pathlib.Path)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="peers-") as name:
        folder = pathlib.Path(name)
        log = open(arguments.out / "proxies.log", "w")
        [upstream] = free_ports(1)
        centre = Proxy("upstream", [program("nginx"), "-p", name, "-c",
                                    str(fill("upstream.conf", folder, folder=folder, upstream=upstream))],
                       {"clear": upstream})
        if arguments.train:
            common = surroundings(folder, arguments.workers, upstream)
            running = [centre, ours("bordergate", "true", arguments.binary, common)]
        else:
            running = [centre, *proxies(folder, arguments.workers, upstream, arguments.binary)]
        running = [proxy for proxy in running if proxy.name != arguments.without]
        try:
            for proxy in running:
                proxy.start(log)
            for proxy in running:
                proxy.centre = upstream
            if arguments.train:
                for workload in workloads(folder, bodies.stock, bodies.orders):
                    print(workload[0], load(running[1], workload, arguments.seconds), file=sys.stderr)
                for name, body in bodies.kinds(2 << 20):
                    (folder / name).write_bytes(body)
                    subprocess.run([arguments.binary, "scan", folder / name], stdout=subprocess.DEVNULL, check=True)
                return
            figures = measure(running[1:], folder, arguments)
        finally:
            for proxy in reversed(running):
                proxy.stop()
    figures["machine"] = machine(running)
    (arguments.out / "peers.json").write_text(json.dumps(figures, indent=2) + "\n")
    (arguments.out / "peers.svg").write_text(report.chart(figures))
    print(report.table(figures))


def measure(running, folder, arguments):
    figures = {"workers": arguments.workers, "rounds": arguments.rounds, "seconds": arguments.seconds,
               "workloads": {}}
    for workload in workloads(folder):
        name, takes_part = workload[0], workload[6]
        if arguments.only not in name:
            continue
        turns = {proxy.name: [] for proxy in running if takes_part is None or proxy.name in takes_part}
        for round_ in range(-1, arguments.rounds):
            # Nobody is always first; the round before the first warms up.
            order = running[round_ % len(running):] + running[:round_ % len(running)]
            for proxy in order:
                if proxy.name in turns:
                    turn = load(proxy, workload, 1 if round_ < 0 else arguments.seconds)
                    if round_ >= 0:
                        turns[proxy.name].append(turn)
        figures["workloads"][name] = {
            proxy: {"cpu_us": statistics.median(cpu for cpu, _ in turns),
                    "cpu_us_min": min(cpu for cpu, _ in turns),
                    "rate": statistics.median(rate for _, rate in turns)}
            for proxy, turns in turns.items()}
        print(report.line(name, figures["workloads"][name]), file=sys.stderr, flush=True)
    figures["resident_mib"] = {proxy.name: proxy.resident_bytes() / (1 << 20) for proxy in running}
    if not arguments.only:
        figures["latency"] = latency(running, folder, figures, arguments)
        figures["idle_kib"] = {proxy.name: idle_kib(proxy) for proxy in running}
        for name, one in figures["latency"].items():
            print(f"{name}: p50 {one['p50']:.0f} µs, p99 {one['p99']:.0f} µs", file=sys.stderr)
    return figures


class Reloads(threading.Thread):
    """Changes a law and has the rules reloaded, twenty times a second at most, until it is left."""

    PAUSE = 0.05

    def __init__(self, port, rules):
        super().__init__()
        self.port, self.law = port, rules / "law/eu.yaml"
        self.text = self.law.read_text().partition("\n# reviewed")[0]
        self.done, self.over, self.failure = 0, threading.Event(), None

    def run(self):
        admin = http.client.HTTPConnection("127.0.0.1", self.port)
        while not self.over.wait(self.PAUSE):
            self.law.write_text(f"{self.text}\n# reviewed {time.monotonic_ns()}\n")
            admin.request("POST", "/-/reload")
            answer = admin.getresponse()
            answer.read()
            if answer.status != 200:
                self.failure = f"a reload is answered {answer.status}"
                break
            self.done += 1
        admin.close()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()
        if self.failure:
            # From this thread: what the other raises ends only itself.
            sys.exit(self.failure)


def latency(running, folder, figures, arguments):
    """p50 and p99 in µs at half of what we can do at 1 KiB: of the data centre itself, of each proxy, and of
    us while a law is changed and all rules are loaded again and again, a hundred times at least."""
    rate = figures["workloads"]["1 KiB"]["bordergate"]["rate"] / 2
    by_name = {proxy.name: proxy for proxy in running}
    subjects = {"direct": running[0].centre, **{name: by_name[name].ports["clear"] for name in by_name}}
    reloading = "bordergate, reloading"
    samples = {name: [] for name in [*subjects, reloading]}
    ours, reloads = by_name["bordergate"], 0
    while len(samples[reloading]) < max(arguments.rounds, 3) or reloads < 100:
        for name, port in subjects.items():
            samples[name].append(percentiles(port, folder, rate, arguments.seconds))
        with Reloads(ours.ports["admin"], folder / "rules-true") as loop:
            samples[reloading].append(percentiles(ours.ports["clear"], folder, rate, arguments.seconds))
        reloads += loop.done
    samples[f"{reloading} {reloads} times"] = samples.pop(reloading)
    return {name: {"p50": statistics.median(one[0] for one in all_), "p99": statistics.median(one[1] for one in all_),
                   "rate": rate} for name, all_ in samples.items()}


def percentiles(port, folder, rate, seconds):
    log = folder / "latency.log"
    log.unlink(missing_ok=True)
    per_caller = max(1, round(rate / 32))
    subprocess.run([program("h2load"), "--h1", "-D", str(seconds), "-t", "1", "-c", "32", f"--rps={per_caller}",
                    f"--log-file={log}", "-d", str(folder / "1k.json"), "-H", "content-type: application/json",
                    "-H", ":authority: all.test", f"http://127.0.0.1:{port}/v1/activate"],
                   check=True, capture_output=True, timeout=seconds + 60)
    times = sorted(int(line.split()[2]) for line in log.read_text().splitlines() if len(line.split()) == 3)
    return times[len(times) // 2], times[len(times) * 99 // 100]


def idle_kib(proxy, count=2000):
    """Resident memory for each connection that has had one request and waits for the next, while one other goes
    on: what a proxy sets free, its allocator gives back in the course of work."""
    body = bodies.allowed(1 << 10)
    request = (b"POST /v1/activate HTTP/1.1\r\nHost: all.test\r\nContent-Type: application/json\r\n"
               b"Content-Length: %d\r\n\r\n" % len(body)) + body

    def ask(connection, times=1):
        for _ in range(times):
            connection.sendall(request)
            if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
                sys.exit(f"{proxy.name}: a connection was not answered")

    def connect():
        return socket.create_connection(("127.0.0.1", proxy.ports["clear"]))

    busy = connect()
    ask(busy, 300)
    before = proxy.resident_bytes()
    kept = [connect() for _ in range(count)]
    for connection in kept:
        ask(connection)
    # Eight seconds: an allocator lets some pass before it believes that pages are free.
    for _ in range(8):
        time.sleep(1)
        ask(busy, 300)
    held = proxy.resident_bytes() - before
    for connection in [busy, *kept]:
        connection.close()
    return held / count / 1024


def machine(running):
    def first_line(command):
        run = subprocess.run(command, capture_output=True, text=True)
        return (run.stdout + run.stderr).strip().splitlines()[0]
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    versions = {"haproxy": first_line([program("haproxy"), "-v"]), "nginx": first_line([program("nginx"), "-v"])}
    for proxy in running:
        if proxy.name == "envoy":
            versions["envoy"] = first_line([proxy.command[0], "--version"]).split("version:")[-1].strip()
    return {"cpu": model[1] if model else platform.machine(), "cores": os.cpu_count(),
            "kernel": platform.release(), "versions": versions}


if __name__ == "__main__":
    main()
