// The batches and blocks at the head, or before a place, asked for again when there are others.

import type { BatchView, BlockView } from "@cairn/client";
import { type Asked, useAsk, useLive } from "../api/ask.ts";
import { call, callMany, present } from "../api/rpc.ts";
import { batchesBefore, type Pace, pace } from "./batches.ts";

/** Batches whose stages say how long they usually take. */
const PACED = 20;

/** Before it is known where the chain ends, nothing is known: not that there are none. */
const UNKNOWN = { value: undefined, error: undefined };

/** The sealed batches up to `from`, or the last ones. */
export function useBatches(most: number, from = Infinity): Asked<BatchView[]> {
  const { head, batchNews } = useLive();
  const asked = useAsk(
    `batches ${from} ${most} ${Boolean(head)}`,
    (signal) => batchesBefore(Math.min(from, head?.sealed ?? 0), most, signal),
    10_000,
    [head?.sealed, head?.committed, head?.proven, head?.finalized, batchNews].join(),
  );
  return head ? asked : UNKNOWN;
}

/** The blocks up to `from`, or the last ones. */
export function useBlocks(most: number, from = Infinity): Asked<BlockView[]> {
  const { head } = useLive();
  const last = Math.min(from, head?.block ?? 0);
  const asked = useAsk(
    `blocks ${from} ${most} ${Boolean(head)}`,
    async (signal) => {
      const numbers = Array.from({ length: Math.min(most, last) }, (_, at) => ({ number: last - at }));
      return present(await callMany("cairn_block", numbers, signal));
    },
    undefined,
    `${last}`,
  );
  return head ? asked : UNKNOWN;
}

/** How long stages usually take, looked at again when `news` changes. */
export function usePace(news: string): Asked<Pace> {
  const question = async (signal: AbortSignal) => {
    const { sealed } = await call("cairn_head", {}, signal);
    return pace(await batchesBefore(sealed, PACED, signal));
  };
  return useAsk("pace", question, 30_000, news);
}
