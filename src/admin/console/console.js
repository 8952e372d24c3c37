// The operators' page. It asks this gateway alone, builds every node itself and keeps no value of any payload
// but the one that is being tried, and that one only while the tab shows it.
"use strict";

// === Small tools ===

const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "text") node.textContent = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const fill = (node, ...children) => node.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
/// Where the chosen thing stands above the list, as on a telephone, whoever chose it is taken there.
const reveal = (id) => { if (matchMedia("(max-width: 62rem)").matches) $(id).scrollIntoView({ block: "start", behavior: "smooth" }); };

function draw(tag, props, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const regions = new Intl.DisplayNames(["en"], { type: "region" });
const country = (code) => {
  if (!/^[A-Z]{2}$/.test(code || "")) return code && code !== "none" && code !== "unknown" ? code : "unknown";
  try { return regions.of(code); } catch { return code; }
};
const OUTCOMES = ["allow", "redact", "block"];
const DONE = { allow: "allowed", redact: "redacted", block: "blocked", refused: "refused" };
const DOES = { allow: "allows", redact: "redacts", block: "blocks" };
const mark = (outcome, words = DONE) => el("span", { class: `mark ${outcome === "refused" ? "block" : outcome}`, text: words[outcome] || outcome });
const clock = (time) => new Date(time).toLocaleTimeString("en-GB");
const chips = (items) => el("ul", { class: "chips" }, ...items);
const ruleChip = (id) => el("li", {}, el("a", { href: `#rules/${encodeURIComponent(id)}`, text: id }));

function ago(seconds) {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

function pairs(rows) {
  const told = rows.filter(([, value]) => value !== undefined && value !== null && value !== "");
  const list = el("dl", { class: "pairs" });
  for (const [title, value] of told) if (title) list.append(el("dt", { text: title }), el("dd", {}, value));
  // A sentence that stands for itself has no title.
  const notes = told.filter(([title]) => !title).map(([, value]) => el("p", { class: "note" }, value));
  const both = document.createDocumentFragment();
  if (list.childElementCount) both.append(list);
  both.append(...notes);
  return both;
}

// === Asking the gateway ===

let token = sessionStorage.getItem("token") || "";
const headers = (more = {}) => (token ? { ...more, Authorization: `Bearer ${token}` } : more);

const send = (path, options = {}) => fetch(path, { ...options, headers: headers(options.headers), credentials: "omit" });

/// What was asked for goes on once the token is there. What nobody clicked on does not ask for it.
async function ask(path, options = {}, quietly = false) {
  let answer = await send(path, options);
  if (answer.status === 401 && !quietly && (await signIn())) answer = await send(path, options);
  if (answer.status === 401) throw new Error("A token is needed.");
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const wrong = (body.diagnostics || []).map((it) => `${it.file}:${it.line}: ${it.message}`);
    throw new Error([body.detail || `HTTP ${answer.status}`, ...wrong].join("\n"));
  }
  return body;
}
const post = (path, value) => ask(path, {
  method: "POST", body: value === undefined ? "" : JSON.stringify(value),
  headers: value === undefined ? {} : { "Content-Type": "application/json" },
});

/// Whether somebody has entered a token, for all who wait for one.
let signing = null;
let cancelled = false;
function signIn() {
  if (!signing) {
    let done;
    signing = Object.assign(new Promise((resolve) => { done = resolve; }), { done });
    $("sign-in").showModal();
  }
  return signing;
}
$("token-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const before = token;
  token = $("token").value.trim();
  const answer = await send("/-/about").catch(() => null);
  if (!answer?.ok) {
    token = before;
    $("token-error").textContent = answer?.status === 401 ? "No operator has this token." : "The gateway does not answer.";
    return;
  }
  sessionStorage.setItem("token", token);
  begun(await answer.json());
  $("sign-in").close("entered");
});
$("token-cancel").addEventListener("click", () => $("sign-in").close());
$("sign-in").addEventListener("close", () => {
  const entered = $("sign-in").returnValue === "entered";
  $("sign-in").returnValue = $("token").value = $("token-error").textContent = "";
  cancelled = !entered;
  const waiting = signing;
  signing = null;
  waiting?.done(entered);
  if (entered) show();
});

/// Asks once more before what cannot be taken back by looking away.
function sure(question, detail, yes) {
  $("sure-question").textContent = question;
  $("sure-detail").textContent = detail;
  $("sure-yes").textContent = yes;
  $("sure").returnValue = "";
  $("sure").showModal();
  return new Promise((resolve) => { $("sure").addEventListener("close", () => resolve($("sure").returnValue === "yes"), { once: true }); });
}

// === The pages ===

const PAGES = ["border", "decisions", "rules", "try", "reloads", "health"];
let page = "border";
const opened = { rules: loadRules, reloads: loadReloads, health: loadHealth, decisions: drawStream, border: drawBorder };

function show() {
  const [name, rest] = location.hash.slice(1).split("/");
  page = PAGES.includes(name) ? name : "border";
  for (const other of PAGES) $(`page-${other}`).hidden = other !== page;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${page}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${$(`t-${page}`).textContent} · Bordergate`;
  if (page === "rules" && rest) chosenRule = decodeURIComponent(rest);
  opened[page]?.();
}
addEventListener("hashchange", show);

$("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
});
if (localStorage.getItem("theme")) document.documentElement.dataset.theme = localStorage.getItem("theme");

// === What comes in once a second ===

let about = { data_centres: [], routes: [], purposes: [], roles: [] };
const ticks = [];
const MINUTE = 60e3;
let latest = null;
let ways = 0;
const records = [];
const RECORDS_MAX = 200;
let paused = false;

let isFilled = false;
const begin = async () => begun(await ask("/-/about"));
function begun(now) {
  about = now;
  $("reload").hidden = !about.roles.includes("operate") && !about.roles.includes("rules");
  fillChoices();
  // What somebody has written stays when they sign in.
  if (!isFilled) resetTry();
  isFilled = true;
}

async function watch() {
  for (let wait = 500; ; wait = Math.min(wait * 2, 8000)) {
    try {
      const answer = await fetch("/-/live", { headers: headers(), credentials: "omit" });
      if (answer.status === 401 && !cancelled) signIn();
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        text += value;
        const events = text.split("\n\n");
        text = events.pop();
        for (const event of events) {
          const data = event.split("\n").find((line) => line.startsWith("data: "));
          if (data) tick(JSON.parse(data.slice(6)));
        }
        wait = 500;
      }
    } catch { /* told below, and tried again */ }
    live(false, cancelled ? "not signed in" : "not connected");
    await new Promise((wake) => setTimeout(wake, wait));
  }
}

function live(on, text, trouble = "") {
  $("live").className = `live ${on ? "on" : "off"}${trouble ? " warn" : ""}`;
  // Said anew, it would be read out anew.
  if ($("live-text").textContent === text + trouble) return;
  fill($("live-text"), el("span", { class: "usual", text }), trouble);
}

const counts = ({ time, flows, pulse }) => ({ at: Date.parse(time), counts: new Map(flows.map((it) => [`${it.origin} ${it.destination} ${it.outcome}`, it.transfers])), pulse });

/// The first of a connection brings what there was before it, and takes the place of what is known: the same again,
/// or that of another process.
function tick({ numbers, records: fresh, before }) {
  latest = numbers;
  if (before) ticks.splice(0, Infinity, ...before.map(counts));
  ticks.push(counts(numbers));
  while (ticks.length > 2 && ticks[1].at <= ticks.at(-1).at - MINUTE) ticks.shift();
  const { generation, stale, routes, audit } = numbers.health;
  const trouble = stale ? "files refused" : routes?.stale ? "routes refused" : audit.failing ? "audit failing" : "";
  live(true, `generation ${generation}${trouble && ", "}`, trouble);
  // Other routes may lead to other data centres.
  if (routes && routes.generation !== ways) {
    if (ways) ask("/-/about").then((now) => { about = now; fillChoices(); }).catch(() => {});
    ways = routes.generation;
  }
  if (!paused) {
    if (before) records.length = 0;
    records.unshift(...fresh.reverse());
    records.length = Math.min(records.length, RECORDS_MAX);
  }
  requestAnimationFrame(() => {
    if (document.hidden) return;
    if (page === "border") drawBorder();
    if (page === "decisions" && !paused && fresh.length) drawStream();
    if (page === "health") drawHealth();
  });
}

// === The border ===

for (const choice of document.querySelectorAll("[name=window]")) choice.addEventListener("change", drawBorder);
addEventListener("resize", () => { if (page === "border") drawBorder(); });

function counted() {
  const now = ticks.at(-1);
  if (!now) return { flows: [], seconds: 0, pulse: null, before: null };
  const all = document.querySelector("[name=window]:checked").value === "all";
  const before = all ? null : ticks[0];
  const flows = [];
  for (const [key, count] of now.counts) {
    const [origin, destination, outcome] = key.split(" ");
    const transfers = count - (before?.counts.get(key) || 0);
    if (transfers > 0) flows.push({ origin, destination, outcome, transfers });
  }
  return { flows, seconds: before ? Math.max(1, (now.at - before.at) / 1000) : 0, pulse: now.pulse, before: before?.pulse, all };
}

/// The duration below which this part of the exchanges lay, in milliseconds.
function quantile(part, now, before) {
  const total = now.exchanges - (before?.exchanges || 0);
  if (total < 1) return null;
  let below = 0, bound = 0;
  for (const [index, [upper, count]] of now.buckets.entries()) {
    const at = count - (before?.buckets[index]?.[1] || 0);
    if (at >= part * total) return (bound + (upper - bound) * ((part * total - below) / Math.max(1, at - below))) * 1000;
    [below, bound] = [at, upper];
  }
  return bound * 1000;
}
const milliseconds = (value) => (value === null ? "–" : value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`);

function drawBorder() {
  const { flows, seconds, pulse, before, all } = counted();
  if (!pulse) return;
  const sum = (outcome) => flows.filter((it) => !outcome || it.outcome === outcome).reduce((total, it) => total + it.transfers, 0);
  const total = sum();
  const part = (count) => (total ? `${((count / total) * 100).toFixed(count && count / total < 0.1 ? 1 : 0)} %` : "–");
  const sums = [
    all ? ["transfers", short.format(total)] : ["transfers a second", total ? (total / seconds).toFixed(total / seconds < 10 ? 1 : 0) : "0"],
    ["allowed", part(sum("allow")), "allow"], ["redacted", part(sum("redact")), "redact"], ["blocked", part(sum("block")), "block"],
    ["half answered within", milliseconds(quantile(0.5, pulse, before))], ["99 in 100 within", milliseconds(quantile(0.99, pulse, before))],
  ];
  $("sums").replaceChildren(...sums.map(([title, value, kind]) => el("div", { class: kind }, el("dt", { text: title }), el("dd", { text: value }))));
  $("border-sub").textContent = total
    ? `${number.format(total)} transfers ${all ? "since the gateway started" : `in the last ${Math.round(seconds)} seconds`}.`
    : all ? "Nothing has come to the border yet." : `Nothing came to the border in the last ${Math.round(seconds)} seconds.`;
  drawFlows(flows, total);
  drawFlowRows(flows);
}

function drawFlowRows(flows) {
  const rows = new Map();
  for (const flow of flows) {
    const key = `${flow.origin} ${flow.destination}`;
    if (!rows.has(key)) rows.set(key, { ...flow, allow: 0, redact: 0, block: 0 });
    rows.get(key)[flow.outcome] += flow.transfers;
  }
  const sorted = [...rows.values()].sort((a, b) => b.allow + b.redact + b.block - a.allow - a.redact - a.block);
  $("flow-rows").replaceChildren(...sorted.map((row) => el("tr", {},
    el("th", { scope: "row", text: country(row.origin) }), el("td", { text: country(row.destination) }),
    ...OUTCOMES.map((outcome) => el("td", { class: "n", text: number.format(row[outcome]) })))));
}

const ORIGINS_MAX = 12;

/// Lanes run from each origin to the border. What is blocked ends there; the rest goes on to its data centre.
function drawFlows(flows, total) {
  const svg = $("flows");
  const width = Math.max(320, svg.parentElement.clientWidth - 32);
  const narrow = width < 620;
  const byOrigin = new Map();
  for (const flow of flows) byOrigin.set(flow.origin, (byOrigin.get(flow.origin) || 0) + flow.transfers);
  const ranked = [...byOrigin].sort((a, b) => b[1] - a[1]);
  const shown = new Set(ranked.slice(0, ranked.length > ORIGINS_MAX ? ORIGINS_MAX - 1 : ORIGINS_MAX).map(([code]) => code));
  const merged = new Map();
  for (const flow of flows) {
    const origin = shown.has(flow.origin) ? flow.origin : "others";
    const key = `${origin} ${flow.destination} ${flow.outcome}`;
    const known = merged.get(key) || { ...flow, origin, transfers: 0 };
    known.transfers += flow.transfers;
    merged.set(key, known);
  }
  const origins = [...shown, ...(ranked.length > shown.size ? ["others"] : [])];
  const centres = new Map(about.data_centres.map((it) => [it.jurisdiction, []]));
  for (const it of about.data_centres) centres.get(it.jurisdiction).push(it);
  for (const flow of merged.values()) if (!centres.has(flow.destination)) centres.set(flow.destination, []);

  // A name and its count have two lines, however thin the lanes beside them.
  const gap = 12, lines = 34;
  const height = Math.max(narrow ? 300 : 340, origins.length * 54 + 60);
  const top = 34, bottom = 16;
  const left = !narrow ? 178 : origins.some((code) => code.length > 2) ? 92 : 58, right = narrow ? 84 : 210;
  const x0 = left, x1 = width - right, border = Math.round(x0 + (x1 - x0) * 0.44);
  const room = height - top - bottom - gap * Math.max(0, origins.length - 1);
  let scale = total ? Math.min(room / total, 90 / Math.max(...byOrigin.values(), 1)) : 0;
  const thickness = (count) => Math.max(1.5, count * scale);

  const parts = [draw("title", { id: "flows-title" }, "Transfers by origin, outcome and destination")];
  const bands = [], labels = [];
  const order = [...centres.keys()];
  const into = new Map(order.map((code) => [code, []]));
  const lane = new Map(origins.map((code) => [code, []]));
  for (const flow of merged.values()) lane.get(flow.origin)?.push(flow);
  const heightOf = (code) => lane.get(code).reduce((sum, it) => sum + thickness(it.transfers), 0);
  const spanOf = (code) => Math.max(lines, heightOf(code));
  const used = () => origins.reduce((sum, code) => sum + spanOf(code), 0);
  for (let tries = 0; tries < 40 && used() > room; tries++) scale *= 0.9;
  let next = top + Math.max(0, (room - used()) / 2);
  for (const code of origins) {
    let y = next + (spanOf(code) - heightOf(code)) / 2;
    const from = y;
    next += spanOf(code) + gap;
    const rank = (it) => OUTCOMES.indexOf(it.outcome) * 100 + order.indexOf(it.destination);
    for (const flow of lane.get(code).sort((a, b) => rank(a) - rank(b))) {
      const t = thickness(flow.transfers);
      if (flow.outcome === "block") {
        bands.push([flow, `M${x0},${y}H${border}V${y + t}H${x0}Z`]);
        parts.push(draw("rect", { class: "stop", x: border - 4, y, width: 4, height: t }));
      } else {
        into.get(flow.destination).push({ flow, y, t });
      }
      y += t;
    }
    parts.push(draw("rect", { class: "node", x: x0 - 4, y: from, width: 4, height: Math.max(2, y - from) }));
    const middle = (from + y) / 2;
    const name = code === "others" ? "others" : narrow ? code : country(code);
    labels.push(draw("text", { class: "name", x: x0 - 14, y: middle - 2, "text-anchor": "end" }, name.length > 21 ? code : name));
    labels.push(draw("text", { class: "faint", x: x0 - 14, y: middle + 14, "text-anchor": "end" }, short.format(byOrigin.get(code) || ranked.filter(([it]) => !shown.has(it)).reduce((s, it) => s + it[1], 0))));
  }
  const slot = (height - top - bottom) / Math.max(1, order.length);
  order.forEach((code, index) => {
    const arriving = into.get(code);
    const full = arriving.reduce((sum, it) => sum + it.t, 0);
    let at = top + slot * (index + 0.5) - full / 2;
    const box = Math.max(46, full + 16);
    parts.push(draw("rect", { class: "centre", x: x1, y: top + slot * (index + 0.5) - box / 2, width: right - 2, height: box, rx: 10 }));
    for (const { flow, y: start, t } of arriving.sort((a, b) => a.y - b.y)) {
      // What was redacted goes on narrower: something stayed behind.
      const out = flow.outcome === "redact" ? Math.max(1, t * 0.6) : t;
      const s = start + (t - out) / 2, e = at + (t - out) / 2;
      const mid = (border + x1) / 2;
      bands.push([flow, `M${x0},${start}H${border}V${s}C${mid},${s} ${mid},${e} ${x1},${e}V${e + out}C${mid},${e + out} ${mid},${s + out} ${border},${s + out}V${start + t}H${x0}Z`]);
      at += t;
    }
    const middle = top + slot * (index + 0.5);
    const here = centres.get(code);
    const city = here.map((it) => it.city || it.id).join(", ");
    labels.push(draw("text", { class: "name", x: x1 + 12, y: middle - 2 }, narrow ? code : city || country(code)));
    labels.push(draw("text", { class: "faint", x: x1 + 12, y: middle + 14 }, narrow ? short.format(arriving.reduce((s, it) => s + it.flow.transfers, 0)) : `${country(code)} · ${short.format(arriving.reduce((s, it) => s + it.flow.transfers, 0))}`));
  });
  for (const [flow, path] of bands) {
    const band = draw("path", { class: `band ${flow.outcome}`, d: path });
    band.append(draw("title", {}, `${country(flow.origin)} to ${country(flow.destination)}: ${number.format(flow.transfers)} ${DONE[flow.outcome]}`));
    parts.push(band);
  }
  parts.push(draw("line", { class: "border", x1: border, x2: border, y1: top - 12, y2: height - bottom + 6 }));
  labels.push(draw("text", { class: "faint", x: border, y: top - 18, "text-anchor": "middle" }, "border"));
  if (!total) ["transfers", "show here", "as they come"].forEach((words, line) => labels.push(
    draw("text", { class: "faint", x: narrow ? border / 2 : (x0 + border) / 2, y: height / 2 + line * 16, "text-anchor": "middle" }, words)));
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren(...parts, ...labels);
}

// === Decisions ===

let chosen = null;
$("pause").addEventListener("click", () => {
  paused = !paused;
  $("pause").setAttribute("aria-pressed", paused);
  $("pause").textContent = paused ? "Go on" : "Pause";
});
$("decision-find").addEventListener("input", drawStream);
for (const choice of document.querySelectorAll("[name=outcome]")) choice.addEventListener("change", drawStream);

const decisive = (record) => record.blocked_by || record.redacted_by || [];
function words(record) {
  record.words ??= [record.origin, country(record.origin), record.destination, country(record.destination), record.purpose, record.reason, record.data_centre, record.trace_id,
    ...(record.rules || []), ...(record.tags || []).map((it) => it.tag)].join(" ").toLowerCase();
  return record.words;
}
const STREAM_MAX = 60;

function drawStream() {
  const find = $("decision-find").value.trim().toLowerCase();
  const outcome = document.querySelector("[name=outcome]:checked").value;
  const matching = records.filter((it) => (!outcome || it.effect === outcome) && (!find || words(it).includes(find))).slice(0, STREAM_MAX);
  const focused = document.activeElement?.closest?.("#stream button")?.dataset.trace;
  $("stream").replaceChildren(...matching.map((record) => el("li", {}, el("button", {
    type: "button", "data-trace": record.trace_id, "aria-pressed": String(record.trace_id === chosen), onclick: () => { choose(record); reveal("decision-detail"); },
  }, el("time", { datetime: record.time, text: clock(record.time) }), mark(record.effect),
    el("span", { class: "way", text: `${country(record.origin)} → ${country(record.destination)}` }),
    el("span", { class: "what", text: [decisive(record).slice(0, 2).join(", "), record.reason || record.purpose].filter(Boolean).join(": ") })))));
  if (!matching.length) $("stream").replaceChildren(el("li", {}, el("p", { class: "empty pad", text: records.length ? "None of those here. The page keeps a sample; the audit has every record: " : "No transfer yet." }, records.length ? el("code", { text: `bordergate audit show ${/^[0-9a-f]{32}$/.test(find) ? find : "TRACE"} FILES` }) : null)));
  if (focused) document.querySelector(`#stream button[data-trace="${focused}"]`)?.focus({ preventScroll: true });
}

function choose(record) {
  chosen = record.trace_id;
  for (const button of document.querySelectorAll("#stream button")) button.setAttribute("aria-pressed", String(button.dataset.trace === chosen));
  const by = decisive(record);
  const rest = (record.rules || []).filter((id) => !by.includes(id));
  const durations = record.durations || {};
  fill($("decision-detail"),
    el("h2", {}, `${country(record.origin)} → ${country(record.destination)}`), mark(record.effect),
    el("p", { class: "reason", text: record.reason || (record.effect === "refused" ? "Refused before it was judged." : "Nothing stood in its way.") }),
    by.length ? el("div", {}, el("h3", { text: record.effect === "block" ? "Blocked by" : "Redacted by" }), chips(by.map(ruleChip))) : null,
    el("h3", { text: "The transfer" }),
    pairs([["purpose", record.purpose], ["recipient", [record.recipient?.id, record.recipient?.class?.replaceAll("_", " ")].filter(Boolean).join(", ")], ["route", record.route],
      ["answered", record.status], ["failed", record.error], ["read", record.coverage], ["on the ground of", (record.mechanisms || []).join(", ")],
      ["took", `${((durations.total_us || 0) / 1000).toFixed(1)} ms, ${((durations.inspection_us || 0) / 1000).toFixed(2)} ms of it inspection`],
      ["at", new Date(record.time).toLocaleString("en-GB")], ["trace", el("code", { text: record.trace_id })]]),
    (record.tags || []).length ? el("h3", { text: "Personal data in it" }) : null,
    el("ol", { class: "field-list" }, ...(record.tags || []).map((tag) => {
      const became = record.effect === "block" ? "block" : tag.redacted ? "redact" : "allow";
      return el("li", { class: became }, el("span", { class: "cat", text: tag.tag }), el("code", { text: (tag.pointers || []).join(" ") }),
        el("span", { class: "by", text: tag.count > 1 ? `${tag.count} times` : "" }));
    })),
    el("details", {}, el("summary", { text: `${rest.length} rules had a say as well` }), chips(rest.map(ruleChip))),
    el("p", { class: "actions" }, el("button", { type: "button", onclick: () => tryLike(record) }, "Try one like it")));
}

// === Rules ===

let rules = [];
let chosenRule = null;
const findRules = () => drawRules();
$("rule-find").addEventListener("input", findRules);
$("rule-hit").addEventListener("change", findRules);
for (const choice of document.querySelectorAll("[name=layer]")) choice.addEventListener("change", findRules);
setInterval(() => { if (page === "rules" && !document.hidden && !cancelled) loadRules(true).catch(() => {}); }, 5000);

async function loadRules(quietly) {
  const answer = await ask("/-/rules", {}, quietly === true).catch((error) => { if (!quietly) $("rules-sub").textContent = error.message; return null; });
  if (!answer) return;
  const same = rules.length === answer.rules.length && rules.hash === answer.hash;
  rules = Object.assign(answer.rules, { hash: answer.hash });
  $("rules-sub").textContent = `${number.format(rules.length)} rules of generation ${answer.generation}, from ${answer.source}.`;
  if (quietly === true && same) {
    for (const [index, button] of shownButtons) button.querySelector(".hits").replaceWith(hits(rules[index]));
  } else drawRules();
}
/// Parts of one provision have one id.
const nameOf = (rule) => (rule.part ? `${rule.id}/${rule.part}` : rule.id);
const isChosen = (rule) => nameOf(rule) === chosenRule;
const hits = (rule) => rule.mode === "off" ? el("span", { class: "hits", text: "off" }) : el("span", { class: "hits" }, ...(rule.mode === "warn" ? ["warns only "] : []), ...(rule.transfers ? [el("b", { text: short.format(rule.transfers) }), ` · ${ago(Date.now() / 1000 - rule.last)}`] : ["–"]));
const shownButtons = new Map();

function drawRules() {
  const find = $("rule-find").value.trim().toLowerCase();
  const layer = document.querySelector("[name=layer]:checked").value;
  shownButtons.clear();
  const items = [];
  rules.forEach((rule, index) => {
    if (layer && rule.layer !== layer) return;
    if ($("rule-hit").checked && !rule.transfers) return;
    if (find && !`${nameOf(rule)} ${rule.title} ${rule.statute} ${rule.reason}`.toLowerCase().includes(find)) return;
    const button = el("button", { type: "button", "aria-pressed": String(isChosen(rule)), onclick: () => { chooseRule(rule, button); reveal("rule-detail"); } },
      el("span", { class: "id" }, rule.id, rule.part ? el("small", { text: ` ${rule.part}` }) : null), el("span", { class: "title", text: rule.title }),
      hits(rule), el("span", { class: "statute", text: rule.statute }));
    shownButtons.set(index, button);
    items.push(el("li", {}, button));
  });
  $("rule-list").replaceChildren(...items);
  if (!items.length) $("rule-list").append(el("li", {}, el("p", { class: "empty pad", text: "No rule like that." })));
  const rule = rules.find(isChosen) || rules.find((it) => it.id === chosenRule);
  if (rule) {
    const button = shownButtons.get(rules.indexOf(rule));
    chooseRule(rule, button);
    button?.scrollIntoView({ block: "nearest" });
  }
}

function chooseRule(rule, button) {
  chosenRule = nameOf(rule);
  const parts = rules.filter((it) => it.id === rule.id);
  const conditions = el("div", { class: "conditions" });
  drawConditions(rule, conditions);
  for (const other of shownButtons.values()) other.setAttribute("aria-pressed", String(other === button));
  $("rule-detail").replaceChildren(
    el("h2", { text: rule.part ? `${rule.id} (${rule.part})` : rule.id }), rule.mode === "enforce" ? mark(rule.effect || "annotates", DOES) : mark("", { "": rule.mode === "off" ? "switched off" : "warns only" }),
    el("p", { class: "reason", text: rule.title }),
    parts.length > 1 ? el("p", { class: "note" }, `One of ${parts.length} parts: `, ...parts.flatMap((it, at) => [at ? ", " : "",
      it === rule ? el("b", { text: it.part || "the first" }) : el("a", { href: `#rules/${encodeURIComponent(nameOf(it))}`, text: it.part || "the first" })])) : null,
    conditions,
    pairs([["says", rule.reason], ["mode", rule.mode === "off" ? "off: nothing is judged by it" : rule.mode === "warn" ? "warn: annotates what it would do" : ""], ["statute", rule.statute], ["layer", rule.layer], ["written in", el("code", { text: `${rule.file}:${rule.line}` })],
      ["decided", `${number.format(rule.transfers)} transfers`], ["last", rule.last ? new Date(rule.last * 1000).toLocaleString("en-GB") : "never"]]),
    el("p", { class: "actions" }, el("a", { href: "#decisions", onclick: () => { $("decision-find").value = rule.id; } }, "Its latest decisions")));
}

/// A condition in the words of its file; one with parts is a heading.
const condition = (it) => el("li", {}, it.parts?.length ? it.words : el("code", { text: it.words }), it.parts?.length ? el("ul", {}, ...it.parts.map(condition)) : null);
/// The same by rule and generation: they are read from the rule's file once.
const told = new Map();
async function drawConditions(rule, box) {
  const key = `${rules.hash} ${rule.id}`;
  if (!told.has(key)) {
    const answer = await ask(`/-/rules?id=${encodeURIComponent(rule.id)}`, {}, true).catch(() => null);
    if (!answer) return;
    told.set(key, answer.rules);
  }
  const it = told.get(key).find((one) => nameOf(one) === nameOf(rule));
  if (!it?.applies) return;
  const all = (title, list) => (list.length ? [el("h3", { text: title }), el("ul", {}, ...list.map(condition))] : []);
  fill(box, ...all(it.applies.length > 1 ? "Applies when all of these hold" : "Applies when", it.applies),
    ...all("Unless", it.unless ? [it.unless] : []), ...all("Requires", it.requires ? [it.requires] : []));
}

// === Trying ===

const JSON_TYPE = "application/json";
/// What stands there until somebody writes something of his own.
const SAMPLES = {
  "application/x-www-form-urlencoded": "email=aoife%40example.ie&birthday=1996-04-12&note=Call+me+on+%2B353+87+123+4567",
  "application/xml": "<user>\n  <email>aoife@example.ie</email>\n  <birthday>1996-04-12</birthday>\n</user>",
  "text/csv": "email,birthday,note\naoife@example.ie,1996-04-12,Call me on +353 87 123 4567",
  "text/plain": "Write to aoife@example.ie, or call me on +353 87 123 4567.",
};
SAMPLES[JSON_TYPE] = JSON.stringify({ user: { email: "aoife@example.ie", birthday: "1996-04-12" }, ticket: { text: "Call me on +353 87 123 4567" } }, null, 2);
const CONTEXT = JSON.stringify({ subject: { age: 31, minor: false, verified: true } }, null, 2);

const routeOf = (id) => about.routes.find((it) => it.id === id);
function fillChoices() {
  const [route, purpose] = [$("try-route").value, $("try-purpose").value];
  const end = (it) => about.data_centres.find((centre) => centre.id === it.data_centre);
  $("try-route").replaceChildren(...about.routes.map((it) => el("option", { value: it.id, text: `${it.id} → ${end(it)?.city || it.data_centre}, ${end(it)?.jurisdiction}` })));
  if (routeOf(route)) $("try-route").value = route;
  fillPurposes(purpose);
}
/// The first says nothing, so that the route's stands.
function fillPurposes(chosen) {
  const own = routeOf($("try-route").value)?.purpose;
  $("try-purpose").replaceChildren(el("option", { value: "", text: own ? `the route's: ${own.replaceAll("_", " ")}` : "none stated" }),
    ...about.purposes.map((it) => el("option", { value: it, text: it.replaceAll("_", " ") })));
  if (about.purposes.includes(chosen)) $("try-purpose").value = chosen;
}
function resetTry() {
  $("try-origin").value = "IE";
  $("try-type").value = JSON_TYPE;
  $("try-payload").value = SAMPLES[JSON_TYPE];
  $("try-context").value = CONTEXT;
  fillPurposes(routeOf($("try-route").value)?.purpose ? "" : "customer_support");
  $("try-error").textContent = $("try-note").textContent = "";
}
$("try-route").addEventListener("change", () => fillPurposes($("try-purpose").value));
$("try-reset").addEventListener("click", resetTry);
$("try-type").addEventListener("change", () => {
  const sample = SAMPLES[$("try-type").value.trim()];
  if (sample && Object.values(SAMPLES).includes($("try-payload").value)) $("try-payload").value = sample;
});
$("ask").addEventListener("submit", (event) => { event.preventDefault(); judge(); });

function tryLike(record) {
  location.hash = "#try";
  $("try-origin").value = record.origin || "";
  const isThere = Boolean(routeOf(record.route));
  if (isThere) $("try-route").value = record.route;
  fillPurposes(record.purpose);
  // What is presumed of somebody invented is not so of whoever this was.
  $("try-context").value = "{}";
  const tags = (record.tags || []).flatMap((it) => (it.pointers || []).slice(0, 1).map((pointer) => `${pointer} (${it.tag})`));
  $("try-note").textContent = `Taken over: origin, purpose${isThere ? " and route" : `; the route ${record.route || ""} is none of now`}. A record has neither the payload nor what the caller stated of the person: `
    + `write them below.${tags.length ? ` It had ${tags.slice(0, 6).join(", ")}${tags.length > 6 ? ", …" : ""}.` : ""}`;
  $("try-payload").focus();
}

/// Where a text ceases to be JSON (RFC 8259), and what is expected there. Browsers tell it in words of their own, and
/// not all of them where.
function mistake(text) {
  const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;
  const OTHER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
  let at = 0;
  const space = () => { while (/[ \t\r\n]/.test(text[at] || "")) at++; };
  const takes = (mark) => { space(); return text[at] === mark && Boolean(++at); };
  const need = (holds, what) => { if (!holds) throw new SyntaxError(what); };
  const token = (pattern) => { pattern.lastIndex = at; const found = pattern.test(text); if (found) at = pattern.lastIndex; return found; };
  const list = (end, item) => {
    if (takes(end)) return;
    do item(); while (takes(","));
    need(takes(end), `\`,\` or \`${end}\``);
  };
  const member = () => { space(); need(token(STRING), "a name in double quotes"); need(takes(":"), "`:`"); value(); };
  const value = () => {
    if (takes("{")) list("}", member);
    else if (takes("[")) list("]", value);
    else if (text[at] === '"') need(token(STRING), "a text that ends on its line and has no stray `\\`");
    else need(token(OTHER), "a value");
  };
  try {
    value();
    space();
    need(at === text.length, "nothing more");
  } catch (error) {
    const lines = text.slice(0, at).split("\n");
    return `line ${lines.length}, column ${lines.at(-1).length + 1}: ${error instanceof SyntaxError ? `${error.message} is expected` : "nested too deep"}`;
  }
  return null;
}
function parse(id, name) {
  const text = $(id).value || "{}";
  try { return JSON.parse(text); }
  catch { throw new Error(`The ${name} is not JSON: ${mistake(text)}`); }
}
/// The payload with its type, byte for byte as it was written.
function payload() {
  const type = $("try-type").value.trim() || JSON_TYPE;
  const text = $("try-payload").value;
  if (text && /^[^;]*[/+]json\s*(;|$)/i.test(type)) parse("try-payload", "payload");
  const bytes = Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte));
  return { payload_base64: btoa(bytes.join("")), content_type: type };
}

async function judge() {
  $("try-error").textContent = "";
  try {
    const context = parse("try-context", "context");
    const stated = { origin: $("try-origin").value.trim().toUpperCase(), route: $("try-route").value, purpose: $("try-purpose").value };
    const value = { ...context, ...payload() };
    for (const [name, text] of Object.entries(stated)) if (text) value[name] = text;
    const [why, answer] = await Promise.all([post("/-/explain", value), post("/-/decide", value)]);
    drawVerdict(why, answer);
  } catch (error) {
    $("try-error").textContent = error.message;
  }
}

/// What the answer rests on, where that is less than somebody may think.
function basis(why) {
  const lines = [];
  if (why.facts === "stated_alone") {
    lines.push(el("p", { class: "basis" }, "What is on file is not counted: ", about.signed_in ? "asking for it takes the role operate." : "asking for it takes the token. ",
      about.signed_in ? null : el("button", { type: "button", onclick: async () => { if (await signIn()) judge(); } }, "Enter the token")));
  }
  if (why.facts === "unavailable") lines.push(el("p", { class: "basis", text: "Nobody could say what is on file." }));
  if (why.unknown?.length) lines.push(el("p", { class: "basis", text: `Nothing in the rules knows ${why.unknown.join(", ")}.` }));
  return lines;
}
function drawVerdict(why, answer) {
  const fields = why.subjects.flatMap((it) => it.fields);
  const by = why.blocked_by || [];
  const proposals = why.lawful?.proposals || [];
  const box = $("verdict");
  box.className = `verdict ${why.outcome}`;
  fill(box,
    el("h2", { text: { allow: "It may go.", redact: "It may go, with less in it.", block: "It stays here." }[why.outcome] }),
    el("p", { class: "reason", text: why.reason }),
    ...basis(why),
    by.length ? chips(by.map(ruleChip)) : null,
    el("h3", { text: fields.length ? "What becomes of each field" : "No personal data was found" }),
    el("ol", { class: "field-list" }, ...fields.map((it) => el("li", { class: it.outcome }, el("code", { text: it.pointer }),
      el("span", { class: "cat", text: it.category }), el("span", { class: "by", text: [DONE[it.outcome], ...(it.rules || [])].join(" · ") })))),
    proposals.length ? el("h3", { text: "What would make it lawful" }) : null,
    el("ol", { class: "ways" }, ...proposals.map((it) => el("li", {},
      it.needs.length > 1 ? el("p", { text: "All of these:" }) : null,
      el("ul", {}, ...it.needs.map((need) => el("li", { text: [need, ...(need.or || [])].map((any) => any.words.replaceAll("`", "")).join(", or ") }))),
      el("p", {}, "Then ", mark(it.outcome), it.redacted?.length ? ` without ${it.redacted.join(", ")}` : ""),
      el("button", { type: "button", onclick: () => adopt(it) }, "Try with these facts")))),
    !proposals.length && why.outcome === "block" ? el("p", { class: "empty", text: "No facts were found that would make it lawful." }) : null,
    answer.body !== undefined && answer.body !== null && why.outcome !== "block" ? el("h3", { text: "What would leave" }) : null,
    answer.body !== undefined && answer.body !== null && why.outcome !== "block" ? el("pre", { tabindex: "0", text: typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body, null, 2) }) : null);
}

function merge(into, facts) {
  for (const [name, value] of Object.entries(facts || {})) {
    if (Array.isArray(value)) into[name] = [...(Array.isArray(into[name]) ? into[name] : []), ...value];
    else if (value && typeof value === "object") into[name] = merge({ ...(into[name] || {}) }, value);
    else into[name] = value;
  }
  return into;
}
function adopt(proposal) {
  try {
    const context = proposal.needs.reduce((all, need) => merge(all, need.facts), parse("try-context", "context"));
    $("try-context").value = JSON.stringify(context, null, 2);
    $("try-more").open = true;
    judge();
  } catch (error) { $("try-error").textContent = error.message; }
}

// === Reloads ===

$("reload").addEventListener("click", async () => {
  $("reload").disabled = true;
  $("reload-error").textContent = "";
  await post("/-/reload").catch((error) => { $("reload-error").textContent = error.message; });
  $("reload").disabled = false;
  if (!cancelled) loadReloads();
});

const BY = { promote: "promoted", rollback: "rolled back", start: "at the start", change: "because files changed", hangup: "by SIGHUP", operator: "by an operator", push: "pushed", stale: "because the rules are not trusted any more" };
async function loadReloads() {
  const [history, status] = await Promise.all([ask("/-/history"), ask("/-/status")]).catch(() => [null, null]);
  if (!history) return;
  const serving = status.rules;
  const routes = status.routes;
  $("reloads-sub").textContent = `Generation ${serving.generation} of the rules serves since ${new Date(serving.loaded_at).toLocaleString("en-GB")}, from ${serving.source}.${routes ? ` Generation ${routes.generation} of the routes since ${new Date(routes.loaded_at).toLocaleString("en-GB")}, from ${routes.path}.` : ""}${routes?.restart_needed.length ? ` A restart is needed for: ${routes.restart_needed.join(", ")}.` : ""}`;
  drawFiles(serving.files);
  drawShadow().catch(() => {});
  const failures = { rules: serving.stale && serving.last_failure, routes: routes?.stale && routes.last_failure };
  const items = history.reloads.map((it) => {
    const now = it.errors && failures[it.of]?.hash === it.hash ? failures[it.of] : null;
    if (now) failures[it.of] = null;
    const what = it.of === "routes" ? "routes" : "rules";
    return el("li", { class: it.errors ? "refused" : "" },
      el("h2", { text: it.errors ? `${what === "routes" ? "Routes" : "Rules"} refused: ${it.errors} ${it.errors === 1 ? "error" : "errors"}` : `Generation ${it.generation}${what === "routes" ? " of the routes" : ""}` }),
      el("p", { text: `${new Date(it.at).toLocaleString("en-GB")}, ${it.who ? `by ${it.who}` : BY[it.by] || it.by}, in ${it.elapsed_ms} ms. ${it.errors ? `Generation ${it.generation} of the ${what} went on serving.` : `Hash ${it.hash.slice(0, 12)}`}` }),
      now ? el("pre", { tabindex: "0", text: now.diagnostics.map(problem).join("\n") }) : null,
      ...it.files.map(diff));
  });
  if (!items.length) items.push(el("li", {}, el("h2", { text: `Generation ${serving.generation}` }), el("p", { text: "The rules have not changed since the gateway started." })));
  $("timeline").replaceChildren(...items);
}
const problem = (one) => `${one.file}:${one.line}: ${one.message}${one.remedy ? `\n    ${one.remedy}` : ""}`;
// The files of the rules one by one; those that are not in order first.
function drawFiles(files) {
  const wrong = files.filter((it) => it.problems);
  const size = (bytes) => (bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} KiB`);
  const row = (it) => el("li", {}, el("code", { text: it.name }),
    el("span", { text: it.serving ? `${it.rules} ${it.rules === 1 ? "rule" : "rules"}${it.off ? `, ${it.off} off` : ""}` : "not serving" }), el("span", { text: size(it.bytes) }),
    el("span", {}, el("code", { text: it.hash.slice(0, 12) })), el("span", { text: ago((Date.now() - new Date(it.changed_at)) / 1000) }),
    it.problems ? el("pre", { tabindex: "0", text: it.problems.map(problem).join("\n") }) : null);
  const rest = files.filter((it) => !it.problems);
  const open = $("files").querySelector("details")?.open || false;
  fill($("files"), el("article", { class: "card wide" },
    el("header", {}, el("h2", { text: "Files of the rules" }), el("span", { class: `mark ${wrong.length ? "block" : "allow"}`, text: wrong.length ? `${wrong.length} with problems` : `${files.length} in order` })),
    wrong.length ? el("ol", { class: "files" }, ...wrong.map(row)) : null,
    el("details", { open }, el("summary", { text: `${rest.length} in order` }), el("ol", { class: "files" }, ...rest.map(row)))));
}
// The rules to come: what they decide otherwise, and the change over to them.
async function drawShadow() {
  const { shadow, pinned, compared } = await ask("/-/shadow");
  const may = about.roles.includes("rules");
  const call = (path, question, detail, yes) => async () => {
    $("reload-error").textContent = $("reload-note").textContent = "";
    if (!(await sure(question, detail, yes))) return;
    await post(path).then(
      (now) => { $("reload-note").textContent = now.changed ? `Generation ${now.generation} serves now.` : `These rules serve already, as generation ${now.generation}.`; },
      (error) => { $("reload-error").textContent = error.message; });
    if (!cancelled) loadReloads();
  };
  const promote = call("/-/rules/promote", "Promote the rules to come?", "They decide from the next request on, in this gateway, until it is restarted.", "Promote");
  const rollback = call("/-/rules/rollback", "Roll back?", "The rules that served before these decide again from the next request on, in this gateway.", "Roll back");
  const box = $("shadow");
  if (!shadow && !pinned) { box.replaceChildren(); return; }
  const wrong = (shadow?.diagnostics || []).map((it) => `${it.file}:${it.line}: ${it.message}`);
  box.replaceChildren(el("article", { class: "card wide" },
    el("header", {}, el("h2", { text: pinned ? "Other rules than the directory's serve" : "Rules to come" }),
      el("span", { class: `mark ${compared ? (compared.differing ? "redact" : "allow") : ""}`, text: compared ? `${number.format(compared.differing)} of ${number.format(compared.judged)} decided otherwise` : "none are judged beside" })),
    shadow ? pairs([["from", shadow.source], ["judged beside", `${shadow.sample_percent} % of the transfers`], ["left out, being busy", compared?.skipped ? number.format(compared.skipped) : ""]]) : null,
    wrong.length ? el("pre", { text: wrong.join("\n") }) : null,
    el("ol", { class: "differences" }, ...(compared?.differences || []).slice(0, 40).map((it) => el("li", {}, el("details", {},
      el("summary", {}, mark(it.live), " → ", mark(it.shadow), el("span", { class: "way" }, `${country(it.origin)} → ${country(it.destination)}`), el("span", { class: "why", text: it.rules.join(", ") }), el("b", { text: number.format(it.transfers) })),
      el("ul", {}, ...it.examples.map((one) => el("li", {}, `${clock(one.time)} ${one.purpose || "no purpose"} `, el("code", { text: one.trace_id }), one.shadow.redacted.length ? ` would redact ${one.shadow.redacted.join(", ")}` : ""))))))),
    el("p", { class: "actions" },
      may && compared ? el("button", { type: "button", class: "primary", onclick: promote }, "Promote") : null,
      may ? el("button", { type: "button", onclick: rollback }, "Roll back") : null)));
}
function diff(file) {
  const lines = file.lines.map((line) => el("span", { class: { "+": "plus", "-": "minus", "@": "place" }[line[0]] || "", text: line || " " }));
  return el("details", { class: "diff", open: file.lines.length <= 14 }, el("summary", {}, el("code", { text: file.name }), el("span", { class: "count", text: `+${file.added} −${file.removed}` })), el("pre", { tabindex: "0" }, ...lines));
}

// === Health ===

let status = null;
async function loadHealth() {
  status = await ask("/-/status").catch(() => null);
  drawHealth();
}
function card(title, state, text, rows) {
  return el("article", { class: "card" }, el("header", {}, el("h2", { text: title }), el("span", { class: `mark ${state}`, text })), pairs(rows));
}
function certificates(all) {
  const soon = Date.now() + 14 * 86400e3;
  const ends = all.some((it) => it.expires_at && new Date(it.expires_at) < soon);
  const refused = all.filter((it) => it.error).length;
  const until = (it) => (it.expires_at ? `good until ${new Date(it.expires_at).toLocaleDateString("en-GB")}` : "read");
  return card("Certificates", refused ? "block" : ends ? "redact" : "allow", refused ? "a change refused" : ends ? "run out soon" : "good",
    all.flatMap((it) => [[it.name, until(it)], ["", it.error]]));
}
function drawHealth() {
  if (!latest) return;
  const { health, pulse } = latest;
  const { audit, facts, geoip } = health;
  const cards = [];
  cards.push(card("Rules", health.stale ? "block" : "allow", health.stale ? "files refused" : "serving", [
    ["generation", health.generation], ["since", new Date(health.loaded_at).toLocaleString("en-GB")], ["from", status?.rules.source], ["files", status?.rules.files.length], ["key", status && (status.rules.keys.path ? status.rules.keys.current : "of this process alone")], ["key ring", status?.rules.keys.error], ["warnings", status?.rules.warnings?.length]]));
  const routes = status?.routes;
  if (routes) {
    const waits = routes.restart_needed.join(", ");
    cards.push(card("Routes", routes.stale ? "block" : waits ? "redact" : "allow", routes.stale ? "file refused" : waits ? "restart needed" : "serving", [
      ["generation", routes.generation], ["since", new Date(routes.loaded_at).toLocaleString("en-GB")], ["from", routes.path], ["routes", routes.routes], ["data centres", routes.data_centres], ["workloads", routes.workloads || ""],
      ["only after a restart", waits], ["trouble", routes.stale ? routes.last_failure?.diagnostics.map(problem).join(" ") : ""]]));
  }
  const bundle = status?.rules.bundle;
  if (bundle) {
    const failure = bundle.last_failure;
    const at = (time) => time && new Date(time).toLocaleString("en-GB");
    cards.push(card("Signed bundle", bundle.untrusted ? "block" : failure ? "redact" : "allow", bundle.untrusted ? "not trusted" : failure ? `last one ${failure.kind}` : "trusted", [
      ["from", bundle.url || "operators, by push"], ["version", bundle.version], ["signed by", bundle.signed_by.join(", ")], ["made", at(bundle.created)], ["expires", at(bundle.expires)],
      ["confirmed", at(bundle.confirmed_at)], ["none below version", bundle.version_min], ["trouble", bundle.untrusted || failure?.message]]));
  }
  cards.push(card("Audit", audit.failing ? "block" : audit.target === "none" ? "redact" : "allow", audit.failing ? "failing" : audit.target === "none" ? "off" : "writing", [
    ["to", audit.target], ["required", audit.required ? "no record, no transfer" : "no"], ["written", number.format(audit.written)], ["lost", audit.dropped ? number.format(audit.dropped) : "none"],
    ["last line", audit.sequence ? number.format(audit.sequence) : ""], ["sealed by", audit.seal_key || "nobody: lines are chained only"], ["trouble", audit.last_error]]));
  cards.push(card("Facts on file", !facts ? "" : facts.available ? "allow" : "block", !facts ? "none" : facts.available ? "answering" : "unavailable", facts
    ? [["reservations open", number.format(facts.held)], ["", facts.available ? "Each counts people for a transfer that is under way." : ""], ["cause", facts.cause?.replaceAll("_", " ")], ["trouble", facts.detail]]
    : [["", "What is known of people comes with each request."]]));
  cards.push(card("Country database", !geoip ? "" : geoip.error ? "block" : "allow", !geoip ? "none" : geoip.error ? "refused" : "serving", geoip ? [["file", geoip.path], ["is", geoip.database], ["since", new Date(geoip.loaded_at).toLocaleString("en-GB")], ["trouble", geoip.error]] : [["", "Nobody is placed by their address."]]));
  const before = ticks[0]?.pulse;
  for (const centre of about.data_centres) {
    const [count, seconds] = pulse.upstreams[centre.id] || [0, 0];
    const [count0, seconds0] = before?.upstreams[centre.id] || [0, 0];
    const answers = count - count0;
    const fares = health.data_centres?.find((it) => it.id === centre.id);
    const isDown = fares?.state === "not_answering";
    cards.push(card(centre.city || centre.id, isDown ? "block" : answers ? "allow" : "", isDown ? "not answering" : answers ? "answering" : "quiet", [
      ["data centre", centre.id], ["since", isDown ? new Date(fares.failing_since).toLocaleString("en-GB") : ""], ["trouble", isDown ? fares.last_error : ""], ["failed", fares?.failed ? number.format(fares.failed) : ""], ["jurisdiction", country(centre.jurisdiction)], ["answers in the last minute", number.format(answers)],
      ["taking on average", answers ? milliseconds(((seconds - seconds0) / answers) * 1000) : ""], ["since the start", number.format(count)]]));
  }
  const errors = Object.entries(pulse.errors).sort((a, b) => b[1] - a[1]).slice(0, 6);
  if (status?.certificates) cards.push(certificates(status.certificates));
  cards.push(card("Exchanges", errors.length ? "redact" : "allow", errors.length ? "some failed" : "none failed", [["under way", pulse.in_flight], ["so far", number.format(pulse.exchanges)], ...errors.map(([name, count]) => [name, number.format(count)])]));
  $("cards").replaceChildren(...cards);
  const may = about.roles.map((it) => ({ read: "look", operate: "reload and change what is on file", rules: "change which rules serve" })[it]);
  const who = about.signed_in ? `You are signed in as ${about.who} and may ${may.join(", ")}.`
    : !about.changes_need_token ? "You are on this machine, which may do everything without signing in."
      : token ? "You showed the token and may change things." : "You may look, being on this machine; changes need the token.";
  $("health-sub").textContent = `Version ${about.version}, ${health.state}. ${who}`;
}

// === Begin ===

begin().catch(() => {}).finally(() => { show(); watch(); });
