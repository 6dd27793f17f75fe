// How long signing takes on this machine: npm run measure
//
// CPU time stands beside the clock's: on a machine that has more to do, the clock says little. The
// first key of a process makes the constants of the curve, and runs before the engine has compiled.

import { performance } from 'node:perf_hooks';

/** Milliseconds that a run takes: by the clock, and of CPU. */
async function timed(run) {
  const [start, { user, system }] = [performance.now(), process.cpuUsage()];
  const result = await run();
  const used = process.cpuUsage();
  return {
    result,
    clock: performance.now() - start,
    cpu: (used.user + used.system - user - system) / 1_000,
  };
}

/** Median, 95th percentile and most of 200 runs, after as many as the engine needs to compile. */
async function row(what, run, count = 200, before = 50) {
  const times = [];
  for (let i = 0; i < before + count; i++) times.push(await timed(() => run(i)));
  const of = (kind) => {
    const sorted = times
      .slice(before)
      .map((time) => time[kind])
      .sort((a, b) => a - b);
    return [count / 2, Math.floor(0.95 * count), count - 1].map((place) =>
      sorted[place].toFixed(1),
    );
  };
  const [[median, p95, most], [cpuMedian, cpuP95, cpuMost]] = [of('clock'), of('cpu')];
  return { what, median, p95, most, cpuMedian, cpuP95, cpuMost };
}

const transaction = (nonce) => ({
  type: 'withdraw',
  from: 65_536,
  nonce,
  token: 0,
  amount: 1_000n + BigInt(nonce),
  fee: 10n,
  recipient: `0x${'22'.repeat(20)}`,
});
const domain = `0x${'11'.repeat(31)}`;

const loaded = await timed(() => import('../dist/index.js'));
const { SecretKey, signTransaction, verify } = loaded.result;
const made = await timed(() => SecretKey.fromSeed(new Uint8Array(32).fill(7)));
const key = made.result;
const first = await timed(() => signTransaction(key, domain, transaction(0)));

const shown = ({ clock, cpu }) => `${clock.toFixed(0)} (CPU ${cpu.toFixed(0)})`;
console.log(`milliseconds, Node ${process.version}`);
console.log(
  `cold: import ${shown(loaded)}, first key ${shown(made)}, first signature ${shown(first)}`,
);
const { hash, signature } = first.result;
console.table([
  await row('sign a transaction', (i) => signTransaction(key, domain, transaction(i))),
  await row('verify a signature', () => verify(key.publicKey, hash, signature)),
  await row('key of a seed', (i) => SecretKey.fromSeed(new Uint8Array(32).fill(i))),
]);
