// A bound that a loaded machine keeps, since it is of CPU time; `npm run measure` prints figures.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SecretKey } from '../dist/index.js';

test('a signature takes at most 50 milliseconds', () => {
  const key = SecretKey.fromSeed(new Uint8Array(32).fill(7));
  const times = Array.from({ length: 60 }, (_, i) => {
    const start = process.cpuUsage();
    key.sign(`0x${i.toString(16).padStart(64, '0')}`);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1_000;
  });
  const median = times.sort((a, b) => a - b)[30];
  assert.ok(median <= 50, `median ${median} ms of CPU`);
});
