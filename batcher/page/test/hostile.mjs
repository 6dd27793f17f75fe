// A service that lies in every text it sends, and addresses that carry code: all of it must be shown as text, or not
// at all, and no view may take the page down.

import { rollupDomain } from "@cairn/client";
import { serve } from "../tools/serve.mjs";
import { browser, open, visit } from "./browser.mjs";
import { answers, play, transactions } from "./played.mjs";

const CODE = `<img src=x onerror="window.struck=1"><script>window.struck=1</script>"'>\u202e{{7*7}}`;
const honest = answers();
/** Every text of an answer becomes code, but those that a view needs to be found by. */
const lie = (value) => {
  if (typeof value === "string") return CODE;
  if (Array.isArray(value)) return value.map(lie);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, lie(one)]));
};
const methods = Object.fromEntries(
  Object.entries(honest).filter(([name]) => !name.startsWith("GET")).map(([name, answer]) => [name, (params) => lie(answer(params))]),
);
const played = await play({
  ...methods,
  cairn_head: () => ({ ...honest.cairn_head(), standing: CODE, halted: CODE }),
  cairn_admin_fleet: () =>
    lie({
      connected: false,
      workers: [{ name: "", standing: "", machine: "", threads: 1, memoryMb: 1, queues: [""], holds: [""], done: 1, failures: 1, heardS: 1 }],
      assignments: [{ name: "", queue: "", offers: 1, holders: [{ worker: "", seconds: 1 }], failures: [{ worker: "", reason: "" }], quarantined: true }],
    }),
  "GET /ready": () => [503, `${CODE}\n`.repeat(3)],
  "GET /metrics": () => [200, `settlement_alarm{what="${CODE.replaceAll('"', '\\"')}"} 1\ncairn_fleet_owed{queue="<b>"} 1\n`],
});
const served = await serve(`http://127.0.0.1:${played.address().port}`);
const origin = `http://127.0.0.1:${served.address().port}`;

const chromium = await browser();
const faults = [];
const { page, complaints, close } = await open(chromium, { width: 1600, scheme: "light" }, origin);
page.on("dialog", (dialog) => (faults.push(`dialog ${dialog.message()}`), dialog.dismiss()));

async function hold(where, shown = page) {
  const seen = await shown.evaluate(() => ({
    struck: "struck" in globalThis,
    foreign: document.querySelectorAll("main img, main script, main iframe, header img").length,
    hasHead: document.querySelector("header nav") !== null,
    text: document.body.innerText,
  }));
  if (seen.struck) faults.push(`${where}: code has run`);
  if (seen.foreign > 0) faults.push(`${where}: ${seen.foreign} elements were made of text`);
  if (!seen.hasHead) faults.push(`${where}: the page is gone`);
  return seen.text;
}

const paths = ["", "batches", "batches/5", "blocks", "blocks/7", "queue", "queue/0", "operator", `tx/${transactions[0]}`, "accounts/65536", "withdrawals/5/0"];
let shown = 0;
for (const path of paths) {
  await visit(page, origin, path);
  if ((await hold(path)).includes("onerror=")) shown += 1;
}
// The wallet, with a key: of a service that refuses with lies, then of one that answers with them.
const domain = rollupDomain({ chainId: honest.cairn_info().chainId, address: honest.cairn_info().rollup });
const refuse = () => {
  throw Object.assign(new Error(CODE), { answer: { code: 1003, message: CODE, data: { reason: CODE, retryable: false } } });
};
const owned = (account) => ({ accounts: [{ ...honest.cairn_account({ id: 65_536 }), ...account }], more: null });
await visit(page, origin, "wallet");
await hold("wallet of a rollup that is a lie");
for (const [what, answers, text] of [
  ["refusals", { cairn_accountsOf: refuse }, "onerror="],
  ["accounts that are lies", { cairn_accountsOf: () => owned(lie({ key: "", balance: "", token: "" })) }, "cannot be shown"],
  ["a fee that is a lie", { cairn_accountsOf: () => owned({}), cairn_estimateFee: () => ({ fee: CODE }) }, "account 65536"],
]) {
  const played = await play({ ...methods, cairn_head: honest.cairn_head, cairn_info: () => ({ ...honest.cairn_info(), domain }), ...answers });
  const served = await serve(`http://127.0.0.1:${played.address().port}`);
  const origin = `http://127.0.0.1:${served.address().port}`;
  const { page, complaints, close } = await open(chromium, { width: 1600, scheme: "light" }, origin);
  await visit(page, origin, "wallet");
  await page.fill("input[name=seed]", "07".repeat(32));
  await page.click("text=Use this seed");
  await page.locator("main", { hasText: text }).waitFor({ timeout: 10_000 }).catch(() => faults.push(`wallet, ${what}: "${text}" is not shown`));
  await hold(`wallet, ${what}`, page);
  if (text === "account 65536") {
    const send = page.locator("section.panel", { has: page.locator('h2:text-is("Send")') });
    await send.locator("input[name=to]").fill("65537");
    await send.locator("input[name=amount]").fill("5");
    await send.locator("button").click();
    await send.locator(".fault", { hasText: "expected a decimal number" }).waitFor();
    await hold(`wallet, ${what}, when something is sent`, page);
  }
  // Preact tells of a view that has failed, which the guard shows.
  faults.push(...complaints.filter((one) => !/WebSocket connection/.test(one)).map((one) => `wallet, ${what}: ${one}`));
  await close();
  for (const server of [served, played]) server.close(), server.closeAllConnections();
}

// The lies must have reached the page, or nothing was tried.
if (shown < 6) faults.push(`only ${shown} of ${paths.length} views have shown what the service said`);

await page.goto(`${origin}/#/operator`);
await page.fill("input[name=token]", "the token");
await page.click("text=Show tasks and workers");
await page.waitForSelector("text=quarantined");
if (!(await hold("fleet")).includes("onerror=")) faults.push("fleet: the worker's name is not shown");
await page.goto(`${origin}/#/batches`);
await page.goto(`${origin}/#/operator`);
await page.waitForSelector("input[name=token]");
const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href]));
if (kept.includes("token")) faults.push(`the token is kept: ${kept}`);

for (const path of [encodeURIComponent(CODE), `tx/${CODE}`, "batches/-1", "batches/1e9", `accounts/${"9".repeat(400)}`, "%E0%A4%A", "javascript:alert(1)", "__proto__", "constructor/x"]) {
  await page.goto(`${origin}/#/${path}`);
  await page.waitForSelector("h1:has-text('There is no such view')");
  await hold(`address ${path.slice(0, 40)}`);
}

for (const wanted of [CODE, "tx ../../x", `key ${CODE.replaceAll(" ", "")}`, "9".repeat(150)]) {
  await page.goto(`${origin}/#/`);
  await page.fill("input[type=search]", wanted);
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector(".found p, .found li") || document.querySelector("h1")?.textContent !== "Rollup");
  await hold(`search ${wanted.slice(0, 40)}`);
}
faults.push(...complaints.filter((one) => !/status of 503|WebSocket connection/.test(one)));
await close();

// Answers of a wrong shape: the view says that it cannot be shown, and the head stays.
for (const wrong of [null, 7, [], { stages: null }, "text"]) {
  const played = await play(Object.fromEntries(Object.keys(methods).map((name) => [name, () => wrong])));
  const served = await serve(`http://127.0.0.1:${played.address().port}`);
  const origin = `http://127.0.0.1:${served.address().port}`;
  const { page, close } = await open(chromium, { width: 1600, scheme: "light" }, origin);
  for (const path of ["", "batches/5", "operator", "accounts/65536", "queue", "wallet"]) {
    await page.goto(`${origin}/#/${path}`);
    await page.waitForSelector("main h1, main h2");
    await page.waitForTimeout(300);
    if (!(await page.$("header nav"))) faults.push(`${JSON.stringify(wrong)} at ${path}: the page is gone`);
  }
  await close();
  for (const server of [served, played]) server.close(), server.closeAllConnections();
}

await chromium.close();
for (const server of [served, played]) server.close(), server.closeAllConnections();
for (const fault of faults) console.error(fault);
console.log(`hostile: ${faults.length} faults`);
process.exitCode = faults.length > 0 ? 1 : 0;
