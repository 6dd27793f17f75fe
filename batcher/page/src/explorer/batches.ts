// Batches, and what the last of them say about how long each stage takes.

import type { BatchView } from "@cairn/client";
import { callMany, present } from "../api/rpc.ts";
import { median } from "../format.ts";

/** Batches from `last` downwards. */
export async function batchesBefore(
  last: number,
  most: number,
  signal?: AbortSignal,
): Promise<BatchView[]> {
  const length = Math.min(most, Math.max(0, last));
  const numbers = Array.from({ length }, (_, at) => ({ number: last - at }));
  return present(await callMany("cairn_batch", numbers, signal));
}

/** How long stages have taken, milliseconds, in the middle of the batches that have passed them. */
export interface Pace {
  batches: number;
  seal?: number | undefined;
  commit?: number | undefined;
  prove?: number | undefined;
  finalize?: number | undefined;
}

export function pace(batches: BatchView[]): Pace {
  const of = (from: (batch: BatchView) => number | null | undefined, to: typeof from) =>
    median(
      batches.flatMap((batch) => {
        const [start, end] = [from(batch), to(batch)];
        return start == null || end == null ? [] : [Math.max(0, end - start)];
      }),
    );
  return {
    batches: batches.length,
    seal: of(({ openedMs }) => openedMs, ({ sealedMs }) => sealedMs),
    commit: of(({ sealedMs }) => sealedMs, ({ l1 }) => l1?.committed.atMs),
    prove: of(({ sealedMs }) => sealedMs, ({ l1 }) => l1?.proven?.atMs),
    finalize: of(({ l1 }) => l1?.proven?.atMs, ({ finalizedMs }) => finalizedMs),
  };
}

const REASONS: Record<string, string> = {
  data: "its data fills what it may take",
  chunks: "its operations fill the chunks that it may take",
  age: "it would have missed its time to finality",
  price: "L1 was cheap",
  priority: "an operation of L1's queue waited",
  asked: "the operator asked for it",
};

export const sealReason = (word: string): string => REASONS[word] ?? word;
