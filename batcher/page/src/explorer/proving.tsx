// How a batch's proof was made: each task's time, as a bar and a figure.

import type { BatchView } from "@cairn/client";
import { count, duration } from "../format.ts";
import { Panel } from "../parts/panel.tsx";

export function Proving({ batch: { proof, operations } }: { batch: BatchView }) {
  if (!proof) return null;
  const longest = Math.max(...proof.stages.map(({ wallS }) => wallS), 1e-9);
  const cpu = proof.stages.reduce((sum, { cpuS }) => sum + cpuS, 0);
  const isAlone = proof.first === proof.last;
  return (
    <Panel title="Proving" aside={<span class="soft">tasks may overlap</span>}>
      <ul class="bars">
        {proof.stages.map(({ name, wallS, cpuS }) => (
          <li key={name}>
            <span>{name}</span>
            <meter min={0} max={longest} value={wallS} aria-label={`${name}: time`} />
            <span class="figure">{duration(wallS * 1000)}</span>
            <span class="figure soft">{duration(cpuS * 1000)} CPU</span>
          </li>
        ))}
      </ul>
      <p class="note">
        {duration(proof.madeMs - proof.startedMs)} from start to proof, {duration(cpu * 1000)} of CPU
        {isAlone
          ? `, ${duration((cpu * 1000) / Math.max(1, operations))} an operation.`
          : `, for batches ${count(proof.first)} to ${count(proof.last)} together.`}
      </p>
    </Panel>
  );
}
