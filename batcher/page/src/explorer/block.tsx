import type { BlockEntry, BlockView } from "@cairn/client";
import { useAsk } from "../api/ask.ts";
import { call } from "../api/rpc.ts";
import { count, plural } from "../format.ts";
import { Facts, Panel, Shown } from "../parts/panel.tsx";
import { Table } from "../parts/table.tsx";
import { Go, Hex, Moment } from "../parts/text.tsx";

/** Operations that are drawn: a block may have thousands. */
const DRAWN = 500;

export function BlockPage({ number }: { number: number }) {
  const block = useAsk(`block ${number}`, (signal) => call("cairn_block", { number }, signal));
  return (
    <>
      <h1>Block {count(number)}</h1>
      <Shown asked={block}>{(value) => <Whole block={value} />}</Shown>
    </>
  );
}

function Whole({ block }: { block: BlockView }) {
  const { number, operations = [] } = block;
  const entries = operations.slice(0, DRAWN).map((entry, position) => ({ entry, position }));
  return (
    <>
      <Panel
        title="Block"
        aside={
          <span class="pages">
            {number > 1 && <Go to={["blocks", number - 1]}>Block {count(number - 1)}</Go>}
            <Go to={["blocks", number + 1]}>Block {count(number + 1)}</Go>
          </span>
        }
      >
        <Facts
          rows={[
            ["Batch", <Go to={["batches", block.batch]}>{count(block.batch)}</Go>],
            ["Made", <Moment ms={block.madeMs} />],
            ["L1's time of its batch", <Moment ms={block.timestamp * 1000} />],
            ["Operations", count(block.operationCount)],
            ["State after it", <Hex of={block.state} whole />],
          ]}
        />
      </Panel>
      <Panel title="Operations" aside={<span class="soft">in order of execution</span>}>
        <Table
          caption={`Operations of block ${number}`}
          rows={entries}
          name={({ position }) => position}
          empty="It has no operations."
          columns={[
            { head: "Place", cell: ({ position }) => count(position) },
            { head: "Kind", cell: ({ entry }) => ("priority" in entry ? "from L1's queue" : "transaction") },
            { head: "Name", cell: ({ entry }) => <Entry entry={entry} /> },
          ]}
        />
        {operations.length > DRAWN && (
          <p class="note">{plural(operations.length - DRAWN, "more operation")} are in cairn_block.</p>
        )}
      </Panel>
    </>
  );
}

function Entry({ entry }: { entry: BlockEntry }) {
  return "priority" in entry ? (
    <Go to={["queue", entry.priority]}>operation {count(entry.priority)}</Go>
  ) : (
    <Hex of={entry.transaction} to={["tx", entry.transaction]} />
  );
}
