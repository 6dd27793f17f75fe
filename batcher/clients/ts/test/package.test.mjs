import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { generate } from '../tools/types.mjs';
import { fixture } from './support/fixtures.mjs';

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');

test('src/rpc-types.ts is that of fixtures/openrpc.json (else: npm run types)', () => {
  assert.equal(read('src/rpc-types.ts'), generate(fixture('openrpc.json')));
});

test('the generator refuses names that are code', () => {
  const document = fixture('openrpc.json');
  const named = (name) => ({ ...document, methods: [{ ...document.methods[0], name }] });
  assert.throws(() => generate(named("x': any } //")), /not a method/);
  const schemas = { 'A { } ; evil()': { type: 'string' } };
  assert.throws(() => generate({ ...document, components: { schemas } }), /not a name/);
  assert.throws(
    () => generate({ ...document, components: { schemas: { A: { type: 'date' } } } }),
    /no type/,
  );
});

test('the lock file names no server', () => {
  assert.doesNotMatch(read('package-lock.json'), /"resolved"/);
});

test('every version is pinned', () => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json'));
  for (const version of Object.values({ ...dependencies, ...devDependencies })) {
    assert.match(version, /^\d+\.\d+\.\d+$/);
  }
});
