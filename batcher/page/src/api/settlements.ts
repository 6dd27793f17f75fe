// What the operator's transactions on L1 have cost.

import type { SettlementView } from "@cairn/client";
import { wei } from "../format.ts";

/** Wei that a transaction of L1 has cost. */
export function paid({ mined }: SettlementView): bigint {
  if (!mined) return 0n;
  const gas = BigInt(Math.trunc(mined.gas)) * wei(mined.gasPrice);
  return gas + BigInt(Math.trunc(mined.blobGas)) * wei(mined.blobGasPrice);
}

/** Whether it was for this batch, alone or among others. */
export function isFor({ first, last }: SettlementView, batch: number): boolean {
  return first != null && last != null && first <= batch && batch <= last;
}

/** Wei for the commitment, and the batch's share of its proof: all batches of a proof pay alike. */
export function costOnL1(batch: number, settlements: SettlementView[]): bigint | undefined {
  const mined = settlements.filter((row) => row.mined && isFor(row, batch));
  const commits = mined.filter(({ purpose }) => purpose === "commit");
  const proofs = mined.filter(({ purpose }) => purpose === "prove");
  if (commits.length === 0 || proofs.length === 0) return undefined;
  const sum = (rows: bigint[]) => rows.reduce((all, one) => all + one, 0n);
  const share = (row: SettlementView) => paid(row) / BigInt((row.last ?? 0) - (row.first ?? 0) + 1);
  return sum(commits.map(paid)) + sum(proofs.map(share));
}
