// Money in and out by clicks: deposit, transfer, withdrawal, claim and a forced withdrawal, against a running service
// with real L1. The wallet that the page finds is anvil: it signs and sends for one of its own accounts.
//
//   CAIRN_URL=http://127.0.0.1:8650 CAIRN_L1_URL=http://127.0.0.1:8545 node test/wallet.mjs [--proxy] [--screenshots FOLDER]

import { mkdir } from "node:fs/promises";
import { parseArgs } from "node:util";
import { serve } from "../tools/serve.mjs";
import { browser, inaccessible, open, overflow, visit } from "./browser.mjs";

const { values: options } = parseArgs({
  options: { screenshots: { type: "string" }, proxy: { type: "boolean" }, minutes: { type: "string", default: "15" } },
});
const { CAIRN_URL, CAIRN_L1_URL } = process.env;
if (!CAIRN_URL || !CAIRN_L1_URL) throw new Error("set CAIRN_URL to a running service, and CAIRN_L1_URL to its anvil");
const patience = Number(options.minutes) * 60_000;
const proxy = options.proxy ? await serve(CAIRN_URL) : undefined;
const origin = proxy ? `http://127.0.0.1:${proxy.address().port}` : CAIRN_URL.replace(/\/$/, "");
if (options.screenshots) await mkdir(options.screenshots, { recursive: true });

async function rpc(url, method, params = []) {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  const { result, error } = await response.json();
  if (error) throw new Error(`${method}: ${error.message}`);
  return result;
}
const l1 = (method, params) => rpc(CAIRN_L1_URL, method, params);

// The last account of anvil is nobody's in `cairn run --dev`.
const account = (await l1("eth_accounts")).at(-1).toLowerCase();
const balance = async () => BigInt(await l1("eth_getBalance", [account, "latest"]));

const chromium = await browser();
const { page, complaints, close } = await open(chromium, { width: 1600, scheme: "light" }, origin);
await page.exposeFunction("askL1", async ({ method, params }) => {
  if (method === "eth_requestAccounts") return [account];
  return l1(method, params ?? []);
});
await page.addInitScript(() => {
  globalThis.ethereum = { request: (request) => globalThis.askL1(request) };
});

const faults = [];
const say = (what) => console.log(`${new Date().toISOString().slice(11, 19)} ${what}`);
const panel = (title) => page.locator("section.panel", { has: page.locator(`h2:text-is("${title}")`) });
/** What it costs by one click, and that it is done by the next. */
const agree = async (form, show, sign) => {
  await form.locator(`button:text-is("${show}")`).click();
  await form.locator(`button:text-is("${sign}")`).click();
};
/** The state of what was sent first under this name. */
const state = (what) => panel("What you have sent").locator("li", { hasText: what }).locator(".badge");
const reach = async (what, ...words) => {
  const end = Date.now() + patience;
  for (let seen; ; ) {
    const word = await state(what).first().textContent({ timeout: 60_000 });
    if (word !== seen) say(`${what}: ${word}`);
    seen = word;
    if (words.includes(word)) return;
    if (["dropped", "refused", "unknown"].includes(word)) throw new Error(`${what} is ${word}`);
    if (Date.now() > end) throw new Error(`${what} is ${word} after ${options.minutes} minutes, expected ${words}`);
    await page.waitForTimeout(500);
  }
};
const picture = async (name, width = 1600) => {
  await page.setViewportSize({ width, height: 900 });
  if (options.screenshots) await page.screenshot({ path: `${options.screenshots}/${name}-${width}.png`, fullPage: true });
  for (const { id, nodes } of await inaccessible(page)) faults.push(`${name} at ${width}: axe ${id}: ${nodes[0]}`);
  if ((await overflow(page)) > 0) faults.push(`${name} at ${width}: wider than the window`);
  await page.setViewportSize({ width: 1600, height: 900 });
};

try {
  await visit(page, origin, "wallet");
  await picture("wallet-locked");
  await page.click("text=Get the key from my wallet");
  await panel("Your accounts").waitFor();
  const key = await panel("Your key").locator(".hex").first().textContent();
  say(`the key is ${key}`);

  const deposit = panel("Deposit");
  await deposit.locator("select").selectOption({ label: "ETH" });
  await deposit.locator("input[name=amount]").fill("0.5000000001");
  await deposit.locator("button").click();
  await deposit.locator(".fault", { hasText: "no multiple" }).waitFor();
  await deposit.locator("input[name=amount]").fill("0.5");
  await deposit.locator("button").click();
  await reach("Deposit of 0.5 ETH", "executed");
  await panel("Your accounts").locator("td", { hasText: /^0\.5 ETH$/ }).waitFor({ timeout: 60_000 });

  const [payee] = await rpc(origin, "cairn_accounts", { from: 65_536, count: 1 });
  const send = panel("Send");
  await send.locator("input[name=to]").fill(String(payee.id));
  await send.locator("input[name=amount]").fill("0.1");
  await agree(send, "Show the fee", "Sign and send");
  await reach("Transfer of 0.1 ETH", "executed", "in a batch", "committed", "proven", "finalized");

  await send.locator("text=Withdrawal to L1").click();
  await send.locator("input[name=to]").fill(account);
  await send.locator("input[name=amount]").fill("0.2");
  await agree(send, "Show the fee", "Sign and send");
  await reach("Withdrawal of 0.2 ETH", "executed", "in a batch", "committed", "proven", "finalized");
  await picture("wallet-open");
  await picture("wallet-open", 400);

  // A word from anybody's page would do as well: the queue takes what the key has signed.
  const forced = panel("Forced withdrawal");
  await forced.locator("input[name=amount]").fill("0.05");
  await agree(forced, "Force it", "Sign and force it");
  await reach("Forced withdrawal of 0.05 ETH", "executed");

  await reach("Withdrawal of 0.2 ETH", "proven", "finalized");
  const claims = panel("Claim");
  const before = await balance();
  await claims.locator("li button", { hasText: "Claim" }).first().click({ timeout: 60_000 });
  await reach("Claim of 0.2 ETH", "done");
  const gained = (await balance()) - before;
  say(`L1 has paid ${gained} wei, less gas`);
  if (gained < 199_000_000_000_000_000n || gained > 200_000_000_000_000_000n) faults.push(`claimed 0.2 ETH, the balance grew by ${gained} wei`);
  await picture("wallet-claimed");

  await panel("Leaving after a freeze").locator("button", { hasText: "Sign the exit" }).click();
  await page.waitForSelector("text=Copy signed.csv");
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  if (kept !== '[{},{},""]') faults.push(`the page keeps something: ${kept}`);
} catch (error) {
  faults.push(error.message);
  await page.screenshot({ path: `${options.screenshots ?? "/tmp"}/wallet-fault.png`, fullPage: true });
}
faults.push(...complaints);
await close();
await chromium.close();
proxy?.close();
proxy?.closeAllConnections();
for (const fault of faults) console.error(fault);
console.log(`wallet: ${faults.length} faults`);
process.exitCode = faults.length > 0 ? 1 : 0;
