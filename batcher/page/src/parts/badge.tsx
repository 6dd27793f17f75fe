import type { BatchView } from "@cairn/client";
// One word for how something stands. Colour says nothing that the word does not.


export type Tone = "good" | "wait" | "bad" | "plain";

export function Badge({ tone, children }: { tone: Tone; children: string }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

/** How far a batch has come. */
export function batchStage(batch: BatchView): [string, Tone] {
  if (batch.finalized) return ["finalized", "good"];
  if (batch.l1?.proven) return ["proven", "good"];
  if (batch.l1 && batch.proofMadeMs) return ["committed, proof made", "wait"];
  if (batch.l1) return ["committed, proving", "wait"];
  if (batch.proofMadeMs) return ["proof made", "wait"];
  return [batch.publication ? "proving" : "sealed", "wait"];
}

export function BatchBadge({ batch }: { batch: BatchView }) {
  const [word, tone] = batchStage(batch);
  return <Badge tone={tone}>{word}</Badge>;
}
