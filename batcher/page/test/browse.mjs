// Walks all views in a browser, at two widths and in both schemes, and holds each against: no error, nothing that the
// policy blocks, no request to elsewhere, no serious finding of axe, nothing wider than the window.
//
//   CAIRN_URL=http://127.0.0.1:8650 node test/browse.mjs [--screenshots FOLDER] [--proxy] [--views NAME,NAME]
//
// Without CAIRN_URL a played service answers. --proxy serves dist from here in front of a service that has no page.

import { mkdir } from "node:fs/promises";
import { parseArgs } from "node:util";
import { serve } from "../tools/serve.mjs";
import { browser, inaccessible, open, overflow, SCHEMES, visit, WIDTHS } from "./browser.mjs";
import { play } from "./played.mjs";

const { values: options } = parseArgs({ options: { screenshots: { type: "string" }, proxy: { type: "boolean" }, views: { type: "string" } } });
const servers = [];
const at = (server) => `http://127.0.0.1:${server.address().port}`;
let origin = process.env.CAIRN_URL?.replace(/\/$/, "");
const isReal = origin !== undefined;
if (!isReal) {
  servers.push(await play());
  origin = at(servers[0]);
}
if (!isReal || options.proxy) {
  servers.push(await serve(origin));
  origin = at(servers.at(-1));
}
if (options.screenshots) await mkdir(options.screenshots, { recursive: true });

async function call(method, params = {}) {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const response = await fetch(origin, { method: "POST", headers: { "content-type": "application/json" }, body });
  const { result, error } = await response.json();
  if (error) throw new Error(`${method}: ${error.message}`);
  return result;
}

/** Paths of all views that this service has something for, with a name for the picture. */
async function views() {
  const head = await call("cairn_head");
  if (head.sealed < 1) throw new Error("the service has no sealed batch: send it some transfers first (cairn load)");
  const batch = await call("cairn_batch", { number: Math.min(5, head.sealed) });
  let transaction;
  for (let number = batch.lastBlock; number >= batch.firstBlock && !transaction; number -= 1) {
    const { operations } = await call("cairn_block", { number });
    transaction = operations.find((entry) => entry.transaction)?.transaction;
  }
  const all = [
    ["overview", ""],
    ["batches", "batches"],
    ["batch", `batches/${batch.number}`],
    ["blocks", "blocks"],
    ["block", `blocks/${batch.lastBlock}`],
    ["queue", "queue"],
    ["operator", "operator"],
    ["wallet", "wallet"],
    ["nowhere", "no/such/view"],
  ];
  if (transaction) {
    const { from } = await call("cairn_transaction", { hash: transaction });
    const account = await call("cairn_account", { id: from });
    all.push(["transaction", `tx/${transaction}`], ["account", `accounts/${from}`], ["key", `keys/${account.key}`]);
  }
  const [queued] = await call("cairn_queue", { from: 0, count: 1 }).catch(() => []);
  if (queued) all.push(["queued", "queue/0"]);
  const withdrawal = await call("cairn_withdrawalAt", { batch: batch.number, index: 0 }).catch(() => undefined);
  if (withdrawal) all.push(["withdrawal", `withdrawals/${batch.number}/0`]);
  return all;
}

/** The service's own words of refusal are no error of the page: a browser reports a 503 of /ready as one. */
const isExpected = (complaint) => /status of 503/.test(complaint) || (!isReal && /WebSocket connection/.test(complaint));

const wanted = options.views?.split(",");
const paths = (await views()).filter(([name]) => wanted?.includes(name) ?? true);
if (paths.length === 0) throw new Error(`there is no view of these: ${options.views}`);
const chromium = await browser();
const faults = [];
for (const width of WIDTHS) {
  for (const scheme of SCHEMES) {
    const { page, complaints, close } = await open(chromium, { width, scheme }, origin);
    for (const [name, path] of paths) {
      await visit(page, origin, path);
      const where = `${name} at ${width} px, ${scheme}`;
      for (const { id, impact, nodes } of await inaccessible(page)) {
        faults.push(`${where}: axe ${impact} ${id}: ${nodes.slice(0, 3).join(" | ")}`);
      }
      const wider = await overflow(page);
      if (wider > 0) faults.push(`${where}: ${wider} px wider than the window`);
      faults.push(...complaints.splice(0).filter((one) => !isExpected(one)).map((one) => `${where}: ${one}`));
      if (options.screenshots) {
        await page.screenshot({ path: `${options.screenshots}/${name}-${width}-${scheme}.png`, fullPage: width < 1000 });
      }
    }
    await close();
  }
}

// By keyboard alone: to the search, to a batch by its number, and the way past the head.
{
  const { page, complaints, close } = await open(chromium, { width: 1600, scheme: "light" }, origin);
  await visit(page, origin, "");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  const focused = await page.evaluate(() => document.activeElement?.id);
  if (focused !== "content") faults.push(`keyboard: the skip link leads to ${focused}`);
  await page.focus("input[type=search]");
  await page.keyboard.type("batch 1");
  await page.keyboard.press("Enter");
  await page.waitForSelector("h1:has-text('Batch 1')");
  await page.focus("input[type=search]");
  await page.keyboard.type("nothing that there is");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".found p");
  const link = await page.textContent(".standing");
  const expected = isReal ? "live" : "asking every 3 s";
  if (!link?.includes(expected)) faults.push(`the page says "${link}", expected "${expected}"`);
  faults.push(...complaints.filter((one) => !isExpected(one)).map((one) => `keyboard: ${one}`));
  await close();
}

await chromium.close();
servers.forEach((server) => server.close());
servers.forEach((server) => server.closeAllConnections());
for (const fault of faults) console.error(fault);
console.log(`${paths.length} views, ${WIDTHS.length} widths, ${SCHEMES.length} schemes: ${faults.length} faults`);
process.exitCode = faults.length > 0 ? 1 : 0;
