import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const format = await load("format.ts");

test("figures keep every digit that is money", () => {
  assert.equal(format.decimal("4611686018427387903"), "4,611,686,018,427,387,903");
  assert.equal(format.decimal("-12345"), "-12,345");
  // What is no number is shown as it is, and never becomes one.
  for (const text of ["", "1e5", "0x10", "<b>1</b>", "9".repeat(81)]) assert.equal(format.decimal(text), text);
  assert.equal(format.wei("nothing"), 0n);
});

test("wei has the unit that needs the fewest digits", () => {
  assert.equal(format.ether(0n), "0 wei");
  assert.equal(format.ether(999_999n), "999,999 wei");
  assert.equal(format.ether(1_500_000_000n), "1.5 gwei");
  assert.equal(format.ether(2_500_000_000_000_000_000n), "2.5 ETH");
  assert.equal(format.usd(500_000_000_000_000_000n, 3_000), "$1500.00");
  assert.equal(format.usd(1_000_000_000_000n, 3_000), "$0.003");
});

test("durations are read at a glance", () => {
  const cases = [
    [0, "0 ms"],
    [999, "999 ms"],
    [1_000, "1 s"],
    [59_940, "59.9 s"],
    [60_000, "1 min 0 s"],
    [3_599_600, "1 h 0 min"],
    [3_600_000, "1 h 0 min"],
    [86_400_000, "1 d 0 h"],
    [-5_000, "−5 s"],
  ];
  for (const [ms, text] of cases) assert.equal(format.duration(ms), text);
});

test("a hash shows its ends, a moment that is none shows what it was", () => {
  assert.equal(format.short(`0x${"ab".repeat(32)}`), "0xabababab…ababab");
  assert.equal(format.short("0x1234"), "0x1234");
  assert.equal(format.moment(8.7e15), "8700000000000000");
  assert.equal(format.median([]), undefined);
  assert.equal(format.median([5, 1, 3]), 3);
});
