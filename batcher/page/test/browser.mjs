// A browser for the tests, and what every one of them holds a view against.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const AXE = require.resolve("axe-core/axe.min.js");

export const WIDTHS = [400, 1600];
export const SCHEMES = ["light", "dark"];

/** Debian's chromium, or the one that CAIRN_CHROMIUM names. */
export async function browser() {
  const places = [process.env.CAIRN_CHROMIUM, "/usr/bin/chromium"].filter(Boolean);
  const executablePath = places.find(existsSync);
  if (!executablePath) throw new Error(`chromium is missing (${places.join(", ")}): install it, or set CAIRN_CHROMIUM`);
  // Root has no sandbox in a container; the page is our own.
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
}

/**
 * A page of a width and a scheme, with all that it complains of: errors of scripts, what the policy has blocked, and
 * requests to any other place.
 */
export async function open(browser, { width, scheme }, origin) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme });
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!["data:", "blob:"].includes(url.protocol) && url.host !== new URL(origin).host) {
      complaints.push(`request to ${url.href}`);
    }
  });
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  return { page, complaints, close: () => context.close() };
}

/** Goes to a view and waits until it has what it shows. */
export async function visit(page, origin, path) {
  await page.goto(`${origin}/#/${path}`);
  await page.waitForSelector("main h1");
  await page.waitForFunction(() => !document.querySelector("main")?.textContent?.includes("Loading…"), undefined, { timeout: 20_000 });
}

/** What is wrong with a view for those who do not see it: axe's findings that are serious or critical. */
export async function inaccessible(page) {
  // axe runs in the page's own world without a script element, which the policy would refuse.
  const { readFile } = await import("node:fs/promises");
  await page.evaluate(await readFile(AXE, "utf8"));
  const findings = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map((node) => `${node.html.slice(0, 160)} ${node.any.map((a) => a.message).join(" ")}`) }));
  });
  return findings.filter(({ impact }) => impact === "serious" || impact === "critical");
}

/** How far a view is wider than its window. */
export const overflow = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
