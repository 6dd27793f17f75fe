import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { costOnL1 } = await load("api/settlements.ts");
const { pace } = await load("explorer/batches.ts");

const settlement = (purpose, first, last, gas, blobGas = 0) => ({
  nonce: gas,
  purpose,
  first,
  last,
  mined: { gas, gasPrice: "10", blobGas, blobGasPrice: "3" },
});

test("a batch costs its commitments and its share of the proof", () => {
  const rows = [
    settlement("commit", 1, 1, 100, 50),
    // It reverted once: that was paid for as well.
    settlement("commit", 1, 1, 30),
    settlement("prove", 1, 2, 400),
    settlement("commit", 2, 2, 7),
  ];
  assert.equal(costOnL1(1, rows), 1_000n + 150n + 300n + 2_000n);
  assert.equal(costOnL1(2, rows), 70n + 2_000n);
  // Without both nothing is said.
  assert.equal(costOnL1(3, rows), undefined);
  assert.equal(costOnL1(1, rows.filter(({ purpose }) => purpose === "commit")), undefined);
});

test("the usual time is the middle of those that came so far", () => {
  const batch = (sealed, committed) => ({ openedMs: 0, sealedMs: sealed, l1: committed && { committed: { atMs: committed }, proven: null } });
  const found = pace([batch(10, 40), batch(20, 60), batch(30, null)]);
  assert.deepEqual(found, { batches: 3, seal: 20, commit: 40, prove: undefined, finalize: undefined });
});
