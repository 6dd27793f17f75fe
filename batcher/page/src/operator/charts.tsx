import type { BatchView, SettlementView } from "@cairn/client";
import { costOnL1 } from "../api/settlements.ts";
import { Chart } from "../parts/chart.tsx";

interface ChartsProps {
  batches: BatchView[];
  settlements: SettlementView[];
}

export function Charts({ batches, settlements }: ChartsProps) {
  const rows = [...batches].reverse();
  const xs = rows.map(({ number }) => number);
  const seconds = (batch: BatchView, until: number | null | undefined) =>
    until ? Math.max(0, until - batch.openedMs) / 1000 : null;
  return (
    <div class="charts">
      <Chart
        title="Throughput"
        unit="operations a second, while a batch was open"
        places="Batch"
        xs={xs}
        series={[{ label: "operations/s", values: rows.map(rate) }]}
      />
      <Chart
        title="Time to finality"
        unit="seconds since a batch's first block"
        places="Batch"
        xs={xs}
        series={[
          { label: "committed", values: rows.map((row) => seconds(row, row.l1?.committed.atMs)) },
          { label: "proven", values: rows.map((row) => seconds(row, row.l1?.proven?.atMs)) },
          { label: "finalized", values: rows.map((row) => seconds(row, row.finalizedMs)) },
        ]}
      />
      <Chart
        title="Cost on L1"
        unit="gwei an operation, commitment and share of the proof"
        places="Batch"
        xs={xs}
        series={[{ label: "gwei/operation", values: rows.map((row) => gwei(row, settlements)) }]}
      />
    </div>
  );
}

function rate({ operations, openedMs, sealedMs }: BatchView): number | null {
  return sealedMs > openedMs ? (operations * 1000) / (sealedMs - openedMs) : null;
}

/** Of batches whose commitment and proof are both among the settlements. */
function gwei(batch: BatchView, settlements: SettlementView[]): number | null {
  const cost = costOnL1(batch.number, settlements);
  return cost === undefined ? null : Number(cost) / 1e9 / Math.max(1, batch.operations);
}
