import type { BlockView } from "@cairn/client";
import { count } from "../format.ts";
import { Table } from "../parts/table.tsx";
import { Ago, Go, Hex } from "../parts/text.tsx";

/** Blocks in rows. */
export function BlockTable({ blocks, caption }: { blocks: BlockView[]; caption: string }) {
  return (
    <Table
      caption={caption}
      rows={blocks}
      name={(block) => block.number}
      empty="There is no block yet: blocks are made when transactions come."
      columns={[
        { head: "Block", cell: ({ number }) => <Go to={["blocks", number]}>{count(number)}</Go> },
        { head: "Batch", cell: ({ batch }) => <Go to={["batches", batch]}>{count(batch)}</Go> },
        { head: "Operations", isFigure: true, cell: (block) => count(block.operationCount) },
        { head: "Made", cell: ({ madeMs }) => <Ago ms={madeMs} /> },
        { head: "State", cell: ({ state }) => <Hex of={state} /> },
      ]}
    />
  );
}
