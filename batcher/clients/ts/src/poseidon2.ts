// The Poseidon2 permutations over Goldilocks, widths 8 and 12: x^7, 4 + 22 + 4 rounds
// (docs/spec.md, section 1).

import { MODULUS as P, reduce } from './goldilocks.js';
import * as constants from './poseidon2-constants.js';

interface Parameters {
  readonly initial: readonly (readonly bigint[])[];
  readonly internal: readonly bigint[];
  readonly final: readonly (readonly bigint[])[];
  readonly diagonal: readonly bigint[];
}

const WIDTH_8: Parameters = {
  initial: constants.EXTERNAL_INITIAL_8,
  internal: constants.INTERNAL_8,
  final: constants.EXTERNAL_FINAL_8,
  diagonal: constants.DIAGONAL_8,
};

const WIDTH_12: Parameters = {
  initial: constants.EXTERNAL_INITIAL_12,
  internal: constants.INTERNAL_12,
  final: constants.EXTERNAL_FINAL_12,
  diagonal: constants.DIAGONAL_12,
};

/** The permutation of 8 or 12 elements; the results are canonical. */
export function permute(input: readonly bigint[]): bigint[] {
  const parameters = input.length === 8 ? WIDTH_8 : WIDTH_12;
  const state = [...input];
  externalMatrix(state);
  for (const round of parameters.initial) externalRound(state, round);
  for (const constant of parameters.internal) internalRound(state, constant, parameters.diagonal);
  for (const round of parameters.final) externalRound(state, round);
  return state.map(reduce);
}

function seventhPower(x: bigint): bigint {
  const square = (x * x) % P;
  return (((((square * square) % P) * square) % P) * x) % P;
}

function externalRound(state: bigint[], round: readonly bigint[]): void {
  for (let i = 0; i < state.length; i++) state[i] = seventhPower(state[i]! + round[i]!);
  externalMatrix(state);
}

/**
 * Blocks of the matrix are M, twice M on the diagonal. The sums are not reduced: they are some bits
 * longer.
 */
function externalMatrix(state: bigint[]): void {
  const sums = [0n, 0n, 0n, 0n];
  for (let i = 0; i < state.length; i += 4) {
    // M = [[2, 3, 1, 1], [1, 2, 3, 1], [1, 1, 2, 3], [3, 1, 1, 2]]
    const a = state[i]!,
      b = state[i + 1]!,
      c = state[i + 2]!,
      d = state[i + 3]!;
    const sum = a + b + c + d;
    state[i] = sum + a + b + b;
    state[i + 1] = sum + b + c + c;
    state[i + 2] = sum + c + d + d;
    state[i + 3] = sum + d + a + a;
    for (let j = 0; j < 4; j++) sums[j] = sums[j]! + state[i + j]!;
  }
  for (let i = 0; i < state.length; i++) state[i] = state[i]! + sums[i & 3]!;
}

function internalRound(state: bigint[], constant: bigint, diagonal: readonly bigint[]): void {
  state[0] = seventhPower(state[0]! + constant);
  let sum = 0n;
  for (const element of state) sum += element;
  for (let i = 0; i < state.length; i++) state[i] = (state[i]! * diagonal[i]! + sum) % P;
}
