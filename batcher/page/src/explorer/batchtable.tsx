import type { BatchView } from "@cairn/client";
import { count, duration } from "../format.ts";
import { BatchBadge } from "../parts/badge.tsx";
import { Table } from "../parts/table.tsx";
import { Ago, Go } from "../parts/text.tsx";

/** Batches in rows. */
export function BatchTable({ batches, caption }: { batches: BatchView[]; caption: string }) {
  return (
    <Table
      caption={caption}
      rows={batches}
      name={(batch) => batch.number}
      empty="No batch is sealed yet. The first is sealed when it is old or full enough, or by cairn admin seal."
      columns={[
        { head: "Batch", cell: ({ number }) => <Go to={["batches", number]}>{count(number)}</Go> },
        { head: "Stage", cell: (batch) => <BatchBadge batch={batch} /> },
        { head: "Operations", isFigure: true, cell: ({ operations }) => count(operations) },
        { head: "Data", cell: ({ publication }) => publication?.dataMode ?? "–" },
        { head: "Sealed", cell: ({ sealedMs }) => <Ago ms={sealedMs} /> },
        {
          head: "To proven",
          isFigure: true,
          cell: ({ openedMs, l1 }) => (l1?.proven ? duration(l1.proven.atMs - openedMs) : "–"),
        },
      ]}
    />
  );
}
