import type { Lag, StageLag } from "@cairn/client";
import { count, duration, plural } from "../format.ts";
import { Table } from "../parts/table.tsx";

const STAGES: Record<string, string> = {
  mempool: "Into a block",
  priority: "L1's queue, executed",
  sealing: "Into a sealed batch",
  publishing: "Data placed",
  proving: "Proof made",
  committing: "Committed on L1",
  settling: "Proven on L1",
  finalizing: "Finalized",
};

export function Backlog({ lag }: { lag: Lag }) {
  const most = Math.max(...lag.stages.map(({ oldestMs }) => oldestMs ?? 0), 1);
  return (
    <>
      {lag.throttled && <p class="note fault">Intake refuses transactions: {lag.throttled}</p>}
      <Table
        caption="Backlog of each stage, in the order of the pipeline"
        rows={lag.stages}
        name={({ stage }) => stage}
        empty="The service names no stages."
        columns={[
          { head: "Stage", cell: ({ stage }) => STAGES[stage] ?? stage },
          { head: "Done up to", isFigure: true, cell: ({ head }) => count(head) },
          { head: "Waiting", isFigure: true, cell: ({ behind, unit }) => waiting(behind, unit) },
          { head: "Oldest", isFigure: true, cell: ({ oldestMs }) => (oldestMs == null ? "–" : duration(oldestMs)) },
          { head: "Age", cell: (row) => <Age row={row} most={most} /> },
        ]}
      />
    </>
  );
}

const waiting = (behind: number, unit: string): string => behind === 0 ? "0" : plural(behind, unit.replace(/s$/, ""));

function Age({ row, most }: { row: StageLag; most: number }) {
  return (
    <meter
      min={0}
      max={most}
      value={row.oldestMs ?? 0}
      aria-label={`Age of the oldest: ${row.oldestMs == null ? "none waits" : duration(row.oldestMs)}`}
    />
  );
}
