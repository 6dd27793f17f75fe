// fixtures/signing.json: what Rust computes is what this package computes.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { combine } from '../dist/combine.js';
import { decode, encode } from '../dist/curve.js';
import {
  checkProof,
  checkSignature,
  compress,
  decodeTransaction,
  digestFromHex,
  digestToHex,
  encodeTransaction,
  exitHash,
  hash,
  InputError,
  ProofError,
  publicKeyFromHex,
  publicKeyToHex,
  rollupDomain,
  rootFromPath,
  SecretKey,
  signatureFromHex,
  signExit,
  signTransaction,
  transactionHash,
  verify,
} from '../dist/index.js';
import { elements, fixture, littleEndian } from './support/fixtures.mjs';

const vectors = fixture('signing.json');

const bytes = (hex) => Buffer.from(hex.slice(2), 'hex');

/** The elements of a key's encoding, also of zero. */
const encodingOf = (hex) =>
  hex
    .slice(2)
    .match(/.{16}/g)
    .map((digits) => littleEndian(`0x${digits}`));

const isPoint = (key) => decode(publicKeyFromHex('key', key)) !== undefined;

test('hashes', () => {
  assert.equal(vectors.hashes.length, 50);
  for (const [tag, input, digest] of vectors.hashes) {
    assert.equal(digestToHex(hash(BigInt(tag), elements(input))), digest);
  }
});

test('compressions', () => {
  assert.equal(vectors.compressions.length, 40);
  for (const [left, right, digest] of vectors.compressions) {
    assert.equal(
      digestToHex(compress(digestFromHex('left', left), digestFromHex('right', right))),
      digest,
    );
  }
});

test('multiples of the generator', () => {
  assert.equal(vectors.points.length, 45);
  for (const [scalar, point] of vectors.points) {
    assert.equal(publicKeyToHex(encode(combine(littleEndian(scalar)))), point);
    assert.deepEqual(
      encode(decode(publicKeyFromHex('point', point))),
      publicKeyFromHex('point', point),
    );
  }
});

test('encodings of points, and what encodes none', () => {
  const verdicts = vectors.encodings.map(([encoding, isPoint]) => {
    const point = decode(encodingOf(encoding));
    assert.equal(point !== undefined, isPoint, encoding);
    if (point !== undefined) assert.deepEqual(encode(point), encodingOf(encoding));
    return isPoint;
  });
  assert.ok(verdicts.includes(true) && verdicts.includes(false));
});

test('the loop of a signature refuses where Rust refuses', () => {
  let refused = 0;
  for (const [s, e, key, sum] of vectors.combinations) {
    const point = decode(publicKeyFromHex('key', key));
    const got = combine(littleEndian(s), littleEndian(e), point);
    assert.equal(got === undefined ? null : publicKeyToHex(encode(got)), sum, `${s} ${e} ${key}`);
    if (sum === null) refused++;
  }
  // R = 0 twice; operands that coincide up to sign in the first addition, and in the second.
  assert.equal(refused, 6);
});

test('keys of seeds', () => {
  assert.equal(vectors.keys.length, 68);
  for (const [seed, key] of vectors.keys) {
    assert.equal(SecretKey.fromSeed(bytes(seed)).publicKey, key);
  }
});

/** A signature's bytes, if they are canonical. */
function parsed(text) {
  try {
    return signatureFromHex(text);
  } catch (error) {
    assert.ok(error instanceof InputError);
    return undefined;
  }
}

test('signatures that hold, and all that do not', () => {
  const verdicts = { true: 0, false: 0 };
  for (const [key, digest, text, holds] of vectors.signatures) {
    const signature = parsed(text);
    const isKey = !/^0x0*$/.test(key);
    if (!isKey) assert.throws(() => verify(key, digest, signature), InputError);
    else
      assert.equal(
        signature !== undefined && verify(key, digest, signature),
        holds,
        `${key} ${digest} ${text}`,
      );
    verdicts[holds]++;
  }
  assert.deepEqual(verdicts, { true: 18, false: 162 });
});

test('what verify is given need not be canonical', () => {
  const [key, digest, text] = vectors.signatures[0];
  const good = signatureFromHex(text);
  assert.equal(verify(key, digest, good), true);
  const bad = [
    { ...good, s: good.s + (1n << 320n) },
    { ...good, s: -1n },
    { ...good, e: [good.e[0] + 0xffff_ffff_0000_0001n, good.e[1]] },
    { ...good, e: [-1n, good.e[1]] },
  ];
  for (const signature of bad) {
    assert.throws(() => checkSignature(signature), InputError);
    assert.equal(verify(key, digest, signature), false);
  }
});

test('a thousand transactions: domain, hash, signature and bytes', () => {
  assert.equal(vectors.transactions.length, 1_000);
  const counts = { signed: 0, refused: 0 };
  vectors.transactions.forEach(([seed, chainId, address, domain, hash, expected], index) => {
    assert.equal(rollupDomain({ chainId, address }), domain);
    const { transaction, signature } = decodeTransaction(expected);
    assert.equal(transactionHash(domain, transaction), hash);
    const key = SecretKey.fromSeed(bytes(seed));
    const isPaidToNobody =
      ['transferToNew', 'changeKey'].includes(transaction.type) && !isPoint(transaction.key);
    if (isPaidToNobody) {
      counts.refused++;
      assert.throws(() => signTransaction(key, domain, transaction), /no point/);
      assert.deepEqual(key.sign(hash), signature);
      assert.equal(encodeTransaction(transaction, signature), expected);
    } else {
      counts.signed++;
      const signed = signTransaction(key, domain, transaction);
      assert.deepEqual(signed, { transaction, signature, hash, bytes: expected });
    }
    // Verification takes as long as signing: some are enough, all kinds are among them.
    if (index % 25 < 4) assert.ok(verify(key.publicKey, hash, signature));
  });
  assert.ok(counts.signed > 500 && counts.refused > 100, JSON.stringify(counts));
});

test('bytes that are a transaction, and all that are none', () => {
  const verdicts = { true: 0, false: 0 };
  for (const [text, isTransaction] of vectors.transaction_bytes) {
    verdicts[isTransaction]++;
    if (isTransaction) {
      const { transaction, signature } = decodeTransaction(text);
      assert.equal(encodeTransaction(transaction, signature), text, 'one encoding');
    } else {
      assert.throws(() => decodeTransaction(text), InputError, text);
    }
  }
  assert.ok(verdicts.true > 50 && verdicts.false > 50, JSON.stringify(verdicts));
  const [good] = vectors.transaction_bytes[0];
  for (const bad of [
    good.slice(0, -2),
    `${good}00`,
    '0x',
    good.slice(2),
    good.replace('0x', '0X'),
    7,
    null,
  ]) {
    assert.throws(() => decodeTransaction(bad), InputError);
  }
});

test('exits', () => {
  assert.equal(vectors.exits.length, 16);
  for (const [seed, domain, id, recipient, digest, signature] of vectors.exits) {
    assert.equal(exitHash(domain, id, recipient), digest);
    assert.equal(signExit(SecretKey.fromSeed(bytes(seed)), domain, id, recipient), signature);
  }
});

test('proofs of accounts, present and absent', () => {
  assert.equal(vectors.proofs.length, 30);
  for (const proof of vectors.proofs) {
    const account = checkProof(proof, proof.id, proof.state);
    assert.equal(rootFromPath(proof.id, account, proof.siblings), proof.root);
    assert.equal(account.balance, BigInt(proof.balance));
  }
});

test('a proof that is changed anywhere does not hold', () => {
  const proof = vectors.proofs[5];
  const other = vectors.proofs[6];
  const swapped = [...proof.siblings];
  [swapped[0], swapped[1]] = [swapped[1], swapped[0]];
  const changed = [
    { ...proof, key: other.key },
    { ...proof, token: proof.token ^ 1 },
    { ...proof, nonce: proof.nonce ^ 1 },
    { ...proof, balance: String(BigInt(proof.balance) ^ 1n) },
    { ...proof, siblings: swapped },
    { ...proof, nextId: proof.nextId + 1 },
    { ...proof, nextToken: proof.nextToken + 1 },
  ];
  for (const bad of changed) {
    assert.throws(() => checkProof(bad, proof.id, proof.state), ProofError);
  }
  assert.throws(() => checkProof(proof, proof.id, `0x${'01'.repeat(32)}`), ProofError);
  assert.throws(() => checkProof(other, proof.id, proof.state), ProofError, 'of another account');
  const malformed = [
    { ...proof, siblings: proof.siblings.slice(1) },
    { ...proof, siblings: null },
    { ...proof, siblings: [...proof.siblings.slice(1), `0x${'ff'.repeat(32)}`] },
    { ...proof, key: `0x${'ff'.repeat(40)}` },
    { ...proof, key: null },
    { ...proof, balance: '1.5' },
    { ...proof, balance: 7 },
    { ...proof, nextId: 2 ** 32 + 1 },
    { ...proof, nextId: 'many' },
  ];
  for (const bad of malformed) {
    assert.throws(() => checkProof(bad, proof.id, proof.state), InputError);
  }
});
