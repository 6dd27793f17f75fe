// Every state that something sent can be in, in words, with the time that is expected until the next.

import type { Life, QueuedView } from "@cairn/client";
import type { Pace } from "../explorer/batches.ts";
import { duration } from "../format.ts";
import type { Standing } from "./session.ts";

export interface State {
  tone: "good" | "wait" | "bad";
  word: string;
  text: string;
  to?: (string | number)[];
  /** The operator may not have it: the same bytes can be sent again. */
  canRepeat?: boolean;
}

const usually = (ms: number | undefined): string => (ms === undefined ? "" : `, usually ${duration(ms)}`);

export function lifeInWords(life: Life | undefined, pace: Pace | undefined): State {
  if (!life) {
    const text = "The operator does not know it any more. The same again is no second payment.";
    return { tone: "bad", word: "unknown", text, canRepeat: true };
  }
  switch (life.stage) {
    case "accepted":
      return { tone: "wait", word: "accepted", text: "The operator has it on disk; a block takes it, usually within a second." };
    case "inBlock":
      return {
        tone: "wait",
        word: "executed",
        text: `Confirmed by the operator's word. Its batch is still open${usually(pace?.seal)} from its beginning.`,
      };
    case "batched":
      return { tone: "wait", word: "in a batch", text: `Its batch is sealed and goes to L1${usually(pace?.commit)}.` };
    case "committed":
      return { tone: "wait", word: "committed", text: `L1 has its data; the proof is made${usually(pace?.prove)} from the seal.` };
    case "proven":
      return {
        tone: "good",
        word: "proven",
        text: `L1 has verified it: a withdrawal can be claimed. It is final with more confirmations${usually(pace?.finalize)}.`,
      };
    case "finalized":
      return { tone: "good", word: "finalized", text: "L1 will not take it back." };
    case "dropped":
      return { tone: "bad", word: "dropped", text: `It never will be executed: ${life.dropped?.message ?? "no reason is given"}.` };
  }
}

/** What was submitted, and is not known to the operator. */
export function missingInWords(standing: Standing, refusal: string | undefined): State {
  if (standing === "accepted") return lifeInWords(undefined, undefined);
  if (standing === "refused") return { tone: "bad", word: "refused", text: `Nothing has changed: ${refusal}` };
  const text = "The operator has not answered: it may have it or not. The same again is no second payment.";
  return { tone: "wait", word: "no answer", text, canRepeat: true };
}

/** What L1's queue has at a place; `executed` is the place that is executed next. */
export function queuedInWords(index: number, row: QueuedView | undefined, executed: number, pace: Pace | undefined): State {
  const to = ["queue", index];
  if (row?.batch != null) {
    return { tone: "good", word: "executed", text: `It is in batch ${row.batch}, which is sealed.`, to };
  }
  if (executed > index) {
    return { tone: "good", word: "executed", text: `A block has it: it counts here. Its batch is open${usually(pace?.seal)}.`, to };
  }
  if (row) return { tone: "wait", word: "queued", text: "L1 has queued it; the operator waits for confirmations of L1.", to };
  return { tone: "wait", word: "mined", text: "L1 has mined it; the operator has not read that block yet." };
}
