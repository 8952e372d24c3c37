"""The figures of a run as a table and as a chart."""

PEERS = ["haproxy", "nginx", "envoy"]
COLOURS = {"bordergate": "#0f766e", "bordergate, inspection off": "#5eead4", "haproxy": "#f59e0b",
           "nginx": "#84cc16", "envoy": "#a855f7"}


def line(name, figures):
    return f"{name}: " + ", ".join(f"{proxy} {one['cpu_us']:.1f} µs ({one['rate']:.0f}/s)"
                                   for proxy, one in figures.items())


def table(figures):
    proxies = list(COLOURS)
    rows = ["| CPU µs a request | " + " | ".join(proxies) + " | ÷ haproxy | ÷ nginx | ÷ envoy |",
            "| --- |" + " ---: |" * (len(proxies) + 3)]
    for name, one in figures["workloads"].items():
        cells = [f"{one[proxy]['cpu_us']:.1f}" if proxy in one else "" for proxy in proxies]
        ours = one["bordergate"]["cpu_us"]
        cells += [f"{ours / one[peer]['cpu_us']:.2f}" if peer in one else "" for peer in PEERS]
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    resident = figures["resident_mib"]
    rows.append("| resident afterwards, MiB | "
                + " | ".join(f"{resident[proxy]:.0f}" if proxy in resident else "" for proxy in proxies)
                + " | | | |")
    if "idle_kib" in figures:
        idle = figures["idle_kib"]
        rows.append("| idle connection, KiB | "
                    + " | ".join(f"{idle[proxy]:.1f}" if proxy in idle else "" for proxy in proxies) + " | | | |")
    if "latency" in figures:
        rows += ["", "| at half of saturation, 1 KiB | p50 µs | p99 µs |", "| --- | ---: | ---: |"]
        rows += [f"| {name} | {one['p50']:.0f} | {one['p99']:.0f} |" for name, one in figures["latency"].items()]
    machine = figures["machine"]
    rows += ["", f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}; "
             f"{figures['workers']} worker(s) each, medians of {figures['rounds']} interleaved rounds of "
             f"{figures['seconds']} s. " + "; ".join(machine["versions"].values()) + "."]
    return "\n".join(rows)


def chart(figures):
    """Bars of each workload that peers took part in, as multiples of HAProxy's."""
    workloads = [(name, one) for name, one in figures["workloads"].items() if "haproxy" in one]
    bar, gap, left, width = 12, 18, 190, 760
    scale_max = max([5.0, *(one[proxy]["cpu_us"] / one["haproxy"]["cpu_us"]
                             for _, one in workloads for proxy in one)])
    scale = (width - left - 70) / scale_max
    top = 60
    parts, y = [], top
    for name, one in workloads:
        shown = [proxy for proxy in COLOURS if proxy in one]
        middle = y + len(shown) * bar / 2 + 4
        parts.append(f'<text x="{left - 10}" y="{middle:.0f}" text-anchor="end">{name}</text>')
        for proxy in shown:
            ratio = one[proxy]["cpu_us"] / one["haproxy"]["cpu_us"]
            length = min(ratio, scale_max) * scale
            parts.append(f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{bar - 2}" '
                         f'fill="{COLOURS[proxy]}"/>')
            parts.append(f'<text x="{left + length + 4:.1f}" y="{y + 9}" font-size="9">'
                         f'{ratio:.2f} · {one[proxy]["cpu_us"]:.0f} µs</text>')
            y += bar
        y += gap
    legend, x = [], 10
    for proxy, colour in COLOURS.items():
        legend.append(f'<rect x="{x}" y="32" width="10" height="10" fill="{colour}"/>'
                      f'<text x="{x + 14}" y="41">{proxy}</text>')
        x += 14 + 7 * len(proxy) + 20
    one_x = left + scale
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y}" font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{y}" fill="#ffffff"/>',
        '<text x="10" y="20" font-size="14" font-weight="bold">Processor time of a request, HAProxy = 1 '
        '(shorter is better)</text>',
        *legend,
        f'<line x1="{one_x:.1f}" y1="{top - 6}" x2="{one_x:.1f}" y2="{y - gap + 6}" stroke="#999999" '
        'stroke-dasharray="3 3"/>',
        *parts,
        "</svg>", ""])
