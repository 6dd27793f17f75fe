// The stages of a transaction in words, with the time that each usually takes.

import type { Life, OnL1, Stage } from "@cairn/client";
import { count, duration } from "../format.ts";
import type { Tone } from "../parts/badge.tsx";
import type { Step } from "../parts/steps.tsx";
import { Go, Hex } from "../parts/text.tsx";
import type { Pace } from "./batches.ts";

export const STAGES: Record<Stage, string> = {
  accepted: "accepted, waits for a block",
  inBlock: "in a block",
  batched: "in a sealed batch",
  committed: "committed on L1",
  proven: "proven on L1",
  finalized: "finalized",
  dropped: "dropped",
};

export const KINDS: Record<string, string> = {
  transfer: "Transfer to an account",
  transferToNew: "Transfer to a new account",
  withdraw: "Withdrawal to L1",
  changeKey: "Change of the account's key",
};

export function stageTone(stage: Stage): Tone {
  if (stage === "dropped") return "bad";
  return stage === "finalized" || stage === "proven" ? "good" : "wait";
}

/** The life as steps; what is to come says what it usually takes. */
export function lifeSteps(life: Life, pace: Pace | undefined): Step[] {
  const accepted: Step = {
    name: "Accepted",
    isDone: true,
    atMs: life.acceptedMs,
    detail: "The operator has it on disk.",
  };
  if (life.dropped) {
    const { atMs, message, reason } = life.dropped;
    return [
      accepted,
      { name: "Dropped", isDone: true, atMs, detail: `It never will be executed (${reason}): ${message}` },
    ];
  }
  const { inBlock, committed, proven } = life;
  return [
    accepted,
    {
      name: "In a block",
      isDone: inBlock != null,
      atMs: inBlock?.atMs,
      detail: inBlock ? (
        <>
          Executed, by the operator's word: <Go to={["blocks", inBlock.block]}>block {count(inBlock.block)}</Go>,
          place {count(inBlock.position)}, <Go to={["batches", inBlock.batch]}>batch {count(inBlock.batch)}</Go>.
        </>
      ) : (
        "It waits in the mempool, usually for less than a second."
      ),
    },
    {
      name: "Batch sealed",
      isDone: life.batchedMs != null,
      atMs: life.batchedMs,
      detail: usually(life.batchedMs == null, "after the batch was opened", pace?.seal, pace),
    },
    {
      name: "Committed",
      isDone: committed != null,
      atMs: committed?.atMs,
      detail: committed ? (
        <Place of={committed} />
      ) : (
        usually(true, "after the batch was sealed", pace?.commit, pace)
      ),
    },
    {
      name: "Proven",
      fromMs: life.batchedMs,
      isDone: proven != null,
      atMs: proven?.atMs,
      detail: proven ? (
        <Place of={proven} />
      ) : (
        usually(true, "after the batch was sealed", pace?.prove, pace)
      ),
    },
    {
      name: "Finalized",
      isDone: life.finalized,
      atMs: life.finalizedMs,
      detail: life.finalized
        ? "Its proof has enough confirmations: L1 will not take it back."
        : usually(true, "after it was proven", pace?.finalize, pace),
    },
  ];
}

function usually(isOpen: boolean, since: string, ms: number | undefined, pace: Pace | undefined) {
  if (!isOpen) return undefined;
  if (ms === undefined || !pace) return "How long it takes is not known yet: no batch has come so far.";
  return `Usually ${duration(ms)} ${since} (the middle of the last ${count(pace.batches)} batches).`;
}

function Place({ of }: { of: OnL1 }) {
  return (
    <>
      Block {count(of.block)} of L1, transaction <Hex of={of.transaction} whole />
    </>
  );
}
