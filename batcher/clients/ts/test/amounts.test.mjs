import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  AMOUNT_LIMIT,
  AmountError,
  fromQuanta,
  InputError,
  isShortAmount,
  isShortFee,
  toQuanta,
} from '../dist/index.js';
import { fixture } from './support/fixtures.mjs';

const usdc = { decimals: 6, quantumExponent: 0 };
const ether = { decimals: 18, quantumExponent: 10 };
const coarse = { decimals: 2, quantumExponent: 4 };

test('amounts that can be sent are read and written', () => {
  for (const [text, token, quanta] of [
    ['1.5', usdc, 1_500_000n],
    ['0', usdc, 0n],
    ['0.000001', usdc, 1n],
    ['1', ether, 100_000_000n],
    ['0.00000001', ether, 1n],
    ['1200', coarse, 12n],
    ['46116860184273.87903', { decimals: 15, quantumExponent: 10 }, AMOUNT_LIMIT - 1n],
  ]) {
    assert.equal(toQuanta(text, token), quanta, text);
    assert.equal(fromQuanta(quanta, token), text);
  }
  assert.equal(toQuanta('1.50', usdc), 1_500_000n, 'zeros at the end say nothing');
});

test('amounts between two quanta are refused, and the nearest named', () => {
  for (const [text, token, below, above] of [
    ['1.0000005', usdc, '1', '1.000001'],
    ['0.0000000001', ether, '0', '0.00000001'],
    ['1250', coarse, '1200', '1300'],
    ['0.5', coarse, '0', '100'],
  ]) {
    assert.throws(
      () => toQuanta(text, token),
      (error) => {
        assert.ok(error instanceof AmountError);
        assert.deepEqual([error.below, error.above], [below, above]);
        assert.ok(error.message.includes(below) && error.message.includes(above), error.message);
        return true;
      },
    );
  }
});

test('amounts that are too large are refused, and the largest named', () => {
  const most = fromQuanta(AMOUNT_LIMIT - 1n, usdc);
  assert.equal(toQuanta(most, usdc), AMOUNT_LIMIT - 1n);
  for (const text of ['4611686018427.387904', '9'.repeat(80)]) {
    assert.throws(
      () => toQuanta(text, usdc),
      (error) => error instanceof AmountError && error.below === most,
    );
  }
  assert.throws(
    () => toQuanta(`${most}5`, usdc),
    (error) => error instanceof AmountError && error.below === most && error.above === undefined,
  );
});

test('what is no amount is refused', () => {
  const texts = [
    '',
    '.5',
    '5.',
    '-1',
    '+1',
    '1e3',
    '1,5',
    '01',
    '0x1',
    ' 1',
    '1 ',
    '1.5.',
    '٣',
    '1'.repeat(81),
    5,
    null,
  ];
  for (const text of texts) assert.throws(() => toQuanta(text, usdc), InputError, String(text));
  for (const token of [
    { decimals: -1, quantumExponent: 0 },
    { decimals: 6, quantumExponent: 37 },
    { decimals: 1.5 },
  ]) {
    assert.throws(() => toQuanta('1', token), InputError);
  }
});

test('what the short form holds is what Rust says', () => {
  const { amounts, fees } = fixture('encodings.json').packed;
  for (const { value, bits } of amounts) {
    assert.equal(isShortAmount(BigInt(value)), bits !== null, value);
  }
  for (const { value, bits } of fees) assert.equal(isShortFee(BigInt(value)), bits !== null, value);
  assert.ok([...amounts, ...fees].some(({ bits }) => bits === null));
  assert.equal(isShortAmount(AMOUNT_LIMIT), false);
  assert.equal(isShortAmount(-1n), false);
});
