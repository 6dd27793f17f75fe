// The whole page on a whole service: starts `cairn run --dev` in a folder of its own, goes from deposit to claim by
// clicks, then walks all views, and ends the service.
//
//   node test/live.mjs PATH-OF-CAIRN [--screenshots FOLDER] [--minutes N]
//
// CAIRN_CONTRACTS names verifier-contracts, as for `cairn` itself.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { screenshots: { type: "string" }, minutes: { type: "string", default: "15" } },
});
const [cairn] = positionals;
if (!cairn) throw new Error("usage: node test/live.mjs PATH-OF-CAIRN [--screenshots FOLDER] [--minutes N]");

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function isReady(url) {
  try {
    return (await fetch(`${url}/ready`)).ok;
  } catch {
    return false;
  }
}

/** Runs a script beside this one; whether it ended well. */
async function run(script, environment, ...more) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const pictures = values.screenshots ? ["--screenshots", values.screenshots] : [];
  const program = spawn(process.execPath, [path, ...pictures, ...more], {
    stdio: "inherit",
    env: { ...process.env, ...environment },
  });
  const [code] = await once(program, "exit");
  return code === 0;
}

const folder = await mkdtemp(`${tmpdir()}/cairn-page-`);
const [port, l1Port] = [await freePort(), await freePort()];
const log = await open(`${folder}/log`, "w");
const service = spawn(cairn, ["run", "--dev", "--data-dir", `${folder}/data`, "--port", String(port), "--l1-port", String(l1Port)], {
  stdio: ["ignore", log.fd, log.fd],
});
const ended = once(service, "exit");
let isGood = false;
try {
  const url = `http://127.0.0.1:${port}`;
  // The first start of a machine makes circuits and a key.
  const end = Date.now() + Number(values.minutes) * 60_000;
  while (!(await isReady(url))) {
    if (service.exitCode !== null || Date.now() > end) throw new Error("cairn run --dev does not become ready");
    await new Promise((done) => setTimeout(done, 500));
  }
  const environment = { CAIRN_URL: url, CAIRN_L1_URL: `http://127.0.0.1:${l1Port}` };
  isGood = await run("wallet.mjs", environment, "--minutes", values.minutes);
  isGood = (await run("browse.mjs", environment)) && isGood;
} catch (error) {
  console.error(error.message);
} finally {
  service.kill("SIGTERM");
  await ended;
  await log.close();
}
if (!isGood) console.error((await readFile(`${folder}/log`, "utf8")).slice(-4_000));
await rm(folder, { recursive: true, force: true });
process.exitCode = isGood ? 0 : 1;
