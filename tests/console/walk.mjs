// Walks through the operators' page as somebody would: by mouse, by keyboard, in dark and light, at the
// width of a desk and of a telephone; asks axe about every page; says what went wrong and ends with 1.
//
// node walk.mjs ADMIN_URL PICTURES_FOLDER light|dark|act [TOKEN]
import { createRequire } from "node:module";
import fs from "node:fs";
import path from "node:path";

const tools = path.resolve(import.meta.dirname, "../../target/tools/browser");
const require = createRequire(path.join(tools, "index.js"));
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const [admin, pictures, what, token] = process.argv.slice(2);
fs.mkdirSync(pictures, { recursive: true });
const PAGES = ["border", "decisions", "rules", "try", "reloads", "health"];
const wrong = [];
const expect = (holds, what) => { if (!holds) wrong.push(what); };

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
try {
  if (what === "act") await act();
  else for (const [form, width, height] of [["desk", 1360, 900], ["phone", 390, 844]]) await look(what, form, width, height);
} finally {
  await browser.close();
}
for (const line of wrong) console.error(line);
console.log(JSON.stringify({ wrong: wrong.length }));
process.exit(wrong.length ? 1 : 0);

/// A page that reports what it should never have to.
async function open(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(60000);
  page.on("console", (message) => { if (message.type() === "error" && !message.text().includes("401")) wrong.push(`console: ${message.text()}`); });
  page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
  page.on("request", (request) => { if (!request.url().startsWith(admin) && !request.url().startsWith("data:")) wrong.push(`fetched ${request.url()}`); });
  await page.goto(`${admin}/-/console/`);
  if (token) {
    await page.getByLabel("Token").fill(token);
    await page.keyboard.press("Enter");
    await page.waitForSelector("#sign-in:not([open])", { state: "attached" });
  }
  await page.waitForFunction(() => document.querySelector("#live").classList.contains("on"));
  return page;
}

async function look(scheme, form, width, height) {
  // The page's policy lets nobody's script in; the inspector's comes in past it, here alone.
  const page = await open({ bypassCSP: true, viewport: { width, height }, colorScheme: scheme, isMobile: form === "phone", deviceScaleFactor: form === "phone" ? 2 : 1 });
  // Two numbers make a rate.
  await page.waitForTimeout(2500);
  for (const name of PAGES) {
    await page.goto(`${admin}/-/console/#${name}`);
    await page.waitForSelector(`#page-${name}:not([hidden])`);
    await page.waitForTimeout(700);
    if (!(await page.evaluate(() => Boolean(window.axe)))) await page.addScriptTag({ content: axe });
    if (name === "decisions") await page.locator("#stream button").first().click();
    if (name === "rules") await page.locator("#rule-list button").nth(5).click();
    if (name === "try") {
      await page.locator("#ask button[type=submit]").click();
      await page.waitForSelector("#verdict h2");
    }
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(overflow <= 0, `${scheme} ${form} ${name}: ${overflow} px wider than the screen`);
    await page.screenshot({ path: path.join(pictures, `${name}-${form}-${scheme}.png`), fullPage: form === "phone" && name !== "rules" });
    const found = await page.evaluate(async () => {
      const result = await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"] });
      return result.violations.map((it) => `${it.id}: ${it.help}: ${it.nodes.slice(0, 3).map((node) => node.target.join(" ")).join("; ")}`);
    });
    for (const violation of found) wrong.push(`${scheme} ${form} ${name}: axe: ${violation}`);
  }
  await page.context().close();
}

/// What is written beside the lanes stands within the picture, and nothing over anything else.
async function labels(page, form) {
  const crossed = await page.evaluate(() => {
    const box = document.querySelector("#flows").getBoundingClientRect();
    const texts = [...document.querySelectorAll("#flows text")].map((it) => [it.textContent, it.getBoundingClientRect()]);
    const found = texts.filter(([, it]) => it.left < box.left || it.right > box.right).map(([text]) => `${text} is cut off`);
    // Lines of one label may touch.
    texts.forEach(([text, it], at) => texts.slice(at + 1).forEach(([other, its]) => {
      if (it.left < its.right && its.left < it.right && it.top + 3 < its.bottom && its.top + 3 < it.bottom) found.push(`${text} stands over ${other}`);
    }));
    return found;
  });
  for (const one of crossed) wrong.push(`${form}: ${one}`);
}

async function act() {
  const page = await open({ viewport: { width: 1360, height: 900 } });
  // What there was before the page was opened is there at once, and every decision once.
  await page.waitForFunction(() => !document.querySelector("#border-sub").textContent.startsWith("Waiting"));
  expect(/^[\d,]+ transfers in the last \d+ seconds\.$/.test(await page.locator("#border-sub").innerText()), `at once: ${await page.locator("#border-sub").innerText()}`);
  await labels(page, "desk");
  await page.setViewportSize({ width: 390, height: 844 });
  await page.evaluate(() => drawBorder());
  await labels(page, "phone");
  await page.setViewportSize({ width: 1360, height: 900 });
  await page.evaluate(() => { location.hash = "#decisions"; });
  await page.waitForSelector("#stream button");
  const rows = await page.evaluate(() => records.map((it) => `${it.trace_id} ${it.stage} ${it.time}`));
  expect(rows.length && new Set(rows).size === rows.length, `${rows.length} decisions are listed, ${new Set(rows).size} of them once`);
  await page.evaluate(() => { location.hash = "#border"; });
  // By keyboard alone: past the skip link and the brand to a page, and into it.
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement.className) === "skip", "the first stop is the skip link");
  for (let steps = 0; steps < 12; steps++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement.hash) === "#rules") break;
  }
  await page.keyboard.press("Enter");
  await page.waitForSelector("#rule-list button");
  const all = await page.locator("#rule-list button").count();
  expect(all > 200, `${all} rules are listed`);
  await page.getByLabel("Find a rule").fill("JR-EU-04");
  const few = await page.locator("#rule-list button").count();
  expect(few > 0 && few < all, `${few} of ${all} rules are found`);
  await page.locator("#rule-list button").first().focus();
  await page.keyboard.press("Enter");
  expect((await page.locator("#rule-detail").innerText()).includes("GDPR"), "a rule shows its statute");
  // It can be read whole, and the parts of one provision are told apart.
  await page.waitForSelector("#rule-detail .conditions li");
  const conditions = await page.locator("#rule-detail .conditions").innerText();
  expect(/Applies when/.test(conditions) && /Requires/.test(conditions) && conditions.includes("mechanism"), `its conditions are shown: ${conditions}`);
  await page.getByLabel("Find a rule").fill("JR-BR-01");
  const parts = await page.locator("#rule-list .id").allTextContents();
  expect(parts.length > 1 && new Set(parts).size === parts.length, `parts have names: ${parts}`);
  await page.locator("#rule-list button").last().click();
  expect((await page.locator("#rule-list [aria-pressed=true]").count()) === 1, "one part is chosen");
  expect(/One of \d+ parts/.test(await page.locator("#rule-detail").innerText()), "a part knows the others");

  // What is blocked tells what would make it lawful, and adopting it changes the answer.
  await page.goto(`${admin}/-/console/#try`);
  await page.locator("#try-route").selectOption({ index: 1 });
  expect(await page.locator("#try-context").isVisible(), "what is presumed of the person is in sight");
  await page.locator("#ask button[type=submit]").click();
  await page.waitForSelector("#verdict.block");
  const fields = await page.locator("#verdict .field-list li").count();
  expect(fields >= 2, `${fields} fields are shown`);
  // Needs of one way are asked for together.
  const together = await page.locator("#verdict .ways > li").evaluateAll((ways) => ways.every((way) => (way.querySelectorAll("ul > li").length > 1) === way.innerText.startsWith("All of these:")));
  expect(together, "several needs are said to be asked for together");
  await page.getByRole("button", { name: "Try with these facts" }).first().click();
  await page.waitForSelector("#verdict.redact, #verdict.allow");
  expect((await page.locator("#try-context").inputValue()).includes("mechanisms"), "the facts are in the context");
  await page.locator("#try-payload").fill("{");
  await page.locator("#ask button[type=submit]").click();
  await page.waitForFunction(() => document.querySelector("#try-error").textContent.includes("not JSON: line 1, column 2: a name in double quotes is expected"));
  // Other types are judged as they would be sent.
  await page.locator("#try-payload").fill("email,birthday\naoife@example.ie,1996-04-12\n");
  await page.locator("#try-type").fill("text/csv");
  await page.locator("#ask button[type=submit]").click();
  await page.waitForFunction(() => document.querySelector("#verdict").innerText.includes("/1/email") && !document.querySelector("#try-error").textContent);

  // The theme is kept.
  await page.locator("#theme").click();
  const theme = await page.evaluate(() => document.documentElement.dataset.theme);
  await page.reload();
  expect(await page.evaluate(() => document.documentElement.dataset.theme) === theme, "the theme is kept");

  // Decisions can be stopped and found.
  await page.goto(`${admin}/-/console/#decisions`);
  await page.waitForSelector("#stream button");
  await page.locator("[name=outcome][value=block]").check({ force: true });
  await page.waitForTimeout(300);
  const marks = await page.locator("#stream .mark").allInnerTexts();
  expect(marks.length > 0 && marks.every((it) => it === "blocked"), `only blocked ones: ${[...new Set(marks)]}`);
  await page.getByRole("button", { name: "Pause" }).click();
  // What is taken over into a trial is said, and what cannot be; what has left the sample is in the audit.
  await page.locator("#stream button").first().click();
  await page.getByRole("button", { name: "Try one like it" }).click();
  await page.waitForSelector("#page-try:not([hidden])");
  const note = await page.locator("#try-note").innerText();
  expect(note.includes("origin, purpose and route") && note.includes("neither the payload"), `what is taken over: ${note}`);
  expect(await page.locator("#try-context").inputValue() === "{}", "nothing is presumed of whoever it was");
  await page.goto(`${admin}/-/console/#decisions`);
  await page.getByLabel("Find among decisions").fill("0af7651916cd43dd8448eb211c80319c");
  expect((await page.locator("#stream").innerText()).includes("bordergate audit show 0af7651916cd43dd8448eb211c80319c"), "the audit is pointed at");
  await page.getByLabel("Find among decisions").fill("");

  // What changes which rules serve is asked about once.
  for (const [name, answer] of [["Cancel", false], ["Promote", true]]) {
    const asked = page.evaluate(() => sure("Promote?", "They decide.", "Promote"));
    await page.locator("#sure").getByRole("button", { name }).click();
    expect(await asked === answer, `${name} means ${answer}`);
  }

  // A token that is needed in the middle of something is asked for, and the something goes on; or not.
  await page.goto(`${admin}/-/console/#reloads`);
  const reload = page.getByRole("button", { name: "Reload rules and routes" });
  await page.waitForSelector("#timeline li");
  await page.evaluate(() => { token = ""; });
  await reload.click();
  await page.locator("#sign-in").getByRole("button", { name: "Cancel" }).click();
  await page.waitForFunction(() => document.querySelector("#reload-error").textContent === "A token is needed.");
  await reload.click();
  await page.getByLabel("Token").fill("not this one, surely");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("#token-error").textContent === "No operator has this token.");
  const reloaded = page.waitForResponse((it) => it.url().endsWith("/-/reload") && it.status() === 200);
  await page.getByLabel("Token").fill(token);
  await page.keyboard.press("Enter");
  await reloaded;

  // A reload from the page, and its place in the history.
  await page.goto(`${admin}/-/console/#reloads`);
  await page.getByRole("button", { name: "Reload rules and routes" }).click();
  await page.waitForSelector("#timeline li");

  // While everything moves, nothing stalls: frames come on time.
  await page.goto(`${admin}/-/console/#border`);
  const longest = await page.evaluate(() => new Promise((done) => {
    let last = performance.now(), worst = 0;
    const end = last + 4000;
    requestAnimationFrame(function frame(now) {
      worst = Math.max(worst, now - last);
      last = now;
      if (now < end) requestAnimationFrame(frame); else done(worst);
    });
  }));
  expect(longest < 1000, `a frame took ${Math.round(longest)} ms`);
  console.log(JSON.stringify({ longest_frame_ms: Math.round(longest), rules: all }));
  await page.context().close();
}
