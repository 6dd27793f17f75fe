// What a reader may look for: whatever it is, one place to go, or a sentence why there is none.

import type { Hex } from "@cairn/client";
import { ApiError, call } from "../api/rpc.ts";
import { bytes } from "../router.ts";
import { batchesBefore } from "./batches.ts";

const ADDRESS = /^0x[0-9a-f]{40}$/;
const NAMED = /^(tx|transaction|account|key|batch|block)[\s:#]+(\S+)$/;

/** Batches that are looked through for a state or a transaction of L1. */
const LOOKED_AT = 50;

export type Found = { to: (string | number)[] } | { choices: [string, (string | number)[]][] } | { why: string };

export async function search(text: string, sealed: number): Promise<Found> {
  const wanted = text.trim().toLowerCase();
  const [, kind, rest] = NAMED.exec(wanted) ?? [];
  if (kind && rest) return named(kind, rest);
  const [hash, key] = [bytes(wanted, 32), bytes(wanted, 40)];
  if (key) return { to: ["keys", key] };
  if (hash) return byHash(hash, sealed);
  if (ADDRESS.test(wanted)) {
    return { why: "This is an address of L1. Accounts here have keys of 40 bytes, and ids." };
  }
  if (/^\d{1,15}$/.test(wanted)) return byNumber(Number(wanted));
  return { why: "Look for a transaction's hash (0x and 64 digits), a key (0x and 80), or a number." };
}

function named(kind: string, rest: string): Found {
  const places: Record<string, string> = { tx: "tx", transaction: "tx", key: "keys" };
  const place = places[kind] ?? (kind === "batch" ? "batches" : `${kind}s`);
  return { to: [place, rest] };
}

async function byHash(hash: Hex, sealed: number): Promise<Found> {
  const transaction = await call("cairn_transaction", { hash });
  if (transaction) return { to: ["tx", hash] };
  const batches = await batchesBefore(sealed, LOOKED_AT);
  const batch = batches.find(({ stateAfter, stateBefore, l1, publication }) =>
    [
      stateAfter,
      stateBefore,
      l1?.chainHash,
      l1?.withdrawalsRoot,
      l1?.committed.transaction,
      l1?.proven?.transaction,
      ...(publication?.blobs ?? []),
    ].includes(hash),
  );
  if (batch) return { to: ["batches", batch.number] };
  return {
    why:
      "The operator knows no transaction with this hash, and none of the last " +
      `${batches.length} batches has it as a state, a blob or a transaction of L1.`,
  };
}

/** A number may be of a batch, a block or an account. */
async function byNumber(number: number): Promise<Found> {
  const there = async (asked: Promise<object | null>) => {
    try {
      return (await asked) !== null;
    } catch (error) {
      if (error instanceof ApiError && ["unknown", "invalid_params"].includes(error.reason)) {
        return false;
      }
      throw error;
    }
  };
  const [batch, block, account] = await Promise.all([
    there(call("cairn_batch", { number })),
    there(call("cairn_block", { number })),
    there(call("cairn_account", { id: number })),
  ]);
  const choices: [string, (string | number)[]][] = [];
  if (batch) choices.push([`Batch ${number}`, ["batches", number]]);
  if (block) choices.push([`Block ${number}`, ["blocks", number]]);
  if (account) choices.push([`Account ${number}`, ["accounts", number]]);
  const [only] = choices;
  if (!only) return { why: `There is no sealed batch, no block and no account ${number}.` };
  return choices.length === 1 ? { to: only[1] } : { choices };
}
