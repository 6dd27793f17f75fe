import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { bytes, link, parts, whole } = await load("router.ts");

test("a path is what stands after the mark", () => {
  assert.deepEqual(parts("#/batches/3"), ["batches", "3"]);
  assert.deepEqual(parts(""), []);
  assert.deepEqual(parts("#//tx//0x1/"), ["tx", "0x1"]);
  assert.deepEqual(parts("#/a/%E0%A4%A/c"), ["a", "%E0%A4%A", "c"]);
  assert.equal(parts(`#/${"a/".repeat(100_000)}`).length, 4);
  assert.deepEqual(parts(link("tx", "a/b?<script>")), ["tx", "a/b?<script>"]);
});

test("a number is digits alone, and not beyond its bound", () => {
  assert.equal(whole("65536", 0xffff_ffff), 65_536);
  for (const bad of [undefined, "", "-1", "1.5", "1e3", "0x10", " 1", "4294967296"]) {
    assert.equal(whole(bad, 0xffff_ffff), undefined, String(bad));
  }
});

test("bytes are as many digits as they need, written small", () => {
  const hash = `0x${"Ab".repeat(32)}`;
  assert.equal(bytes(hash, 32), hash.toLowerCase());
  for (const bad of [undefined, "", "0x", hash.slice(2), `${hash}0`, `${hash}00`, hash.replace("A", "g"), `0X${hash.slice(2)}`]) {
    assert.equal(bytes(bad, 32), undefined, String(bad));
  }
});
