// The operator's account on L1: its balance, prices, and its last transactions.

import type { SettlementView } from "@cairn/client";
import type { Asked } from "../api/ask.ts";
import type { Metrics } from "../api/metrics.ts";
import { paid } from "../api/settlements.ts";
import { Standing } from "../explorer/spent.tsx";
import { count, ether } from "../format.ts";
import { Facts, Panel, Shown } from "../parts/panel.tsx";
import { Table } from "../parts/table.tsx";
import { balance } from "./alarms.ts";

const SHOWN = 8;

interface MoneyProps {
  metrics: Metrics | undefined;
  settlements: Asked<SettlementView[]>;
}

export function Money({ metrics, settlements }: MoneyProps) {
  const price = (name: string) => {
    const value = metrics?.sum(name);
    return value === undefined || !Number.isFinite(value) ? "not known" : ether(BigInt(Math.trunc(value)));
  };
  return (
    <Panel title="The operator on L1">
      <Facts
        rows={[
          ["Balance", (metrics && balance(metrics)) ?? "not known"],
          ["Base fee a gas", price("cairn_basefee_wei")],
          ["Base fee a blob gas", price("cairn_blob_basefee_wei")],
          ["Transactions on their way", count(metrics?.sum("pending_txs") ?? 0)],
        ]}
      />
      <Shown asked={settlements}>
        {(rows) => (
          <Table
            caption="The operator's last transactions on L1"
            rows={rows.slice(0, SHOWN)}
            name={({ nonce }) => nonce}
            empty="The operator has sent nothing to L1 yet."
            columns={[
              { head: "Nonce", isFigure: true, cell: ({ nonce }) => count(nonce) },
              { head: "For", cell: ({ purpose, first, last }) => `${purpose} ${first === last ? (first ?? "") : `${first} to ${last}`}` },
              { head: "Stands", cell: (row) => <Standing row={row} /> },
              { head: "Paid", isFigure: true, cell: (row) => (row.mined ? ether(paid(row)) : "–") },
            ]}
          />
        )}
      </Shown>
    </Panel>
  );
}
