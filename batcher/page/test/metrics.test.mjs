import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { Metrics } = await load("api/metrics.ts");
const { incidents, judge } = await load("operator/alarms.ts");

const names = (text, ready = [200, "ready\n"]) => judge(new Metrics(text), ready).map(({ name }) => name);

test("Prometheus' text is read with its labels", () => {
  const metrics = new Metrics('# TYPE a gauge\na{b="x\\"y\\n",c="1"} 2.5\na{b="z"} 1e3\n\nnonsense\nd 7\n');
  assert.deepEqual(metrics.all("a")[0], { name: "a", labels: Object.assign(Object.create(null), { b: 'x"y\n', c: "1" }), value: 2.5 });
  assert.equal(metrics.sum("a"), 1002.5);
  assert.equal(metrics.sum("d"), 7);
  assert.equal(metrics.sum("e"), undefined);
  // A label may be named like what every object has.
  assert.equal(new Metrics('f{__proto__="x"} 1').all("f")[0].labels.__proto__, "x");
});

test("a text without end is read to a bound", () => {
  assert.equal(new Metrics("a 1\n".repeat(50_000)).samples.length, 20_000);
});

test("a well service raises nothing", () => {
  const well = 'settlement_alarm{what="l1"} 0\ncairn_paused 0\ncairn_priority_queue_deadline_used_ratio 0.09\ncairn_fleet_workers 2\ncairn_fleet_owed{queue="wrap"} 1\n';
  assert.deepEqual(names(well), []);
  assert.deepEqual(judge(undefined, undefined), []);
});

test("each thing that is wrong raises its alarm, the graver first", () => {
  const cases = [
    ["cairn_sequencer_halted 1", ["cairn_sequencer_halted"]],
    ["cairn_paused 1", ["cairn_paused"]],
    ['settlement_alarm{what="low_balance"} 1', ["settlement low_balance"]],
    ['cairn_role_lost{role="PROVER_ROLE"} 1', ["role PROVER_ROLE"]],
    ["cairn_priority_queue_deadline_used_ratio 0.1", ["queue deadline"]],
    ["cairn_oldest_uncommitted_batch_seconds 21600", ["uncommitted batch"]],
    ["cairn_oldest_uncommitted_batch_seconds 21599", []],
    ['cairn_fleet_workers 0\ncairn_fleet_owed{queue="wrap"} 3', ["no workers"]],
    ["cairn_replication_leads 0", ["standby"]],
    ["cairn_throttled 1\ncairn_frozen 1", ["cairn_frozen", "cairn_throttled"]],
  ];
  for (const [text, expected] of cases) assert.deepEqual(names(text), expected, text);
});

test("readiness speaks line by line, and names last while figures change", () => {
  const at = (seconds) => judge(new Metrics(""), [503, `no block of L1 was read for ${seconds} s\nhalted: x\n`]);
  assert.deepEqual(at(181).map(({ text }) => text), ["Not ready: no block of L1 was read for 181 s", "Not ready: halted: x"]);
  assert.equal(at(181)[0].name, at(185)[0].name);
});

test("incidents are counts since the start", () => {
  const found = new Map(incidents(new Metrics("tx_reverted_count 2\n")));
  assert.equal(found.get("L1 transactions that reverted"), 2);
  assert.equal(found.get("Reorganizations of L1"), 0);
});
