// The withdrawals of a batch, asked for when somebody wants them: each is proven against the batch's tree.

import type { BatchView, WithdrawalView } from "@cairn/client";
import { useState } from "preact/hooks";
import { callMany, present } from "../api/rpc.ts";
import { count, decimal } from "../format.ts";
import { Panel } from "../parts/panel.tsx";
import { Table } from "../parts/table.tsx";
import { Go, Hex } from "../parts/text.tsx";

const PAGE = 20;
const NO_WITHDRAWALS = /^0x0{64}$/;

export function Withdrawals({ batch }: { batch: BatchView }) {
  const [rows, setRows] = useState<WithdrawalView[]>();
  const [isAll, setAll] = useState(false);
  const [error, setError] = useState("");
  const root = batch.l1?.withdrawalsRoot ?? "";
  if (NO_WITHDRAWALS.test(root)) return null;
  const more = async () => {
    const known = rows ?? [];
    const indices = Array.from({ length: PAGE }, (_, at) => known.length + at);
    const asked = indices.map((index) => ({ batch: batch.number, index }));
    try {
      const found = present(await callMany("cairn_withdrawalAt", asked));
      setRows([...known, ...found]);
      setAll(found.length < PAGE);
      setError("");
    } catch (cause) {
      setError(cause instanceof Error ? cause.message : String(cause));
    }
  };
  return (
    <Panel title="Withdrawals" aside={<Hex of={root} />}>
      {rows && (
        <Table
          caption={`Withdrawals of batch ${batch.number}`}
          rows={rows}
          name={({ index }) => index}
          empty="It has none."
          columns={[
            {
              head: "Place",
              cell: ({ index }) => <Go to={["withdrawals", batch.number, index]}>{count(index)}</Go>,
            },
            { head: "Recipient on L1", cell: ({ recipient }) => <Hex of={recipient} /> },
            { head: "Token", isFigure: true, cell: ({ token }) => count(token) },
            { head: "Quanta", isFigure: true, cell: ({ amount }) => decimal(amount) },
          ]}
        />
      )}
      {error && (
        <p class="note fault" role="status">
          {error}
        </p>
      )}
      {!isAll && (
        <button type="button" onClick={() => void more()}>
          {rows ? "More withdrawals" : "Show withdrawals"}
        </button>
      )}
    </Panel>
  );
}
