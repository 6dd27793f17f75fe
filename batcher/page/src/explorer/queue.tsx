// L1's queue: deposits, forced transactions and new tokens, which the operator must execute in time.

import type { QueuedView } from "@cairn/client";
import { useState } from "preact/hooks";
import { useAsk, useLive } from "../api/ask.ts";
import { call } from "../api/rpc.ts";
import { count, decimal, duration } from "../format.ts";
import { Badge } from "../parts/badge.tsx";
import { Facts, Panel, Shown } from "../parts/panel.tsx";
import { Table } from "../parts/table.tsx";
import { Ago, Go, Hex, Moment } from "../parts/text.tsx";
import { KINDS } from "./life.tsx";

const PAGE = 25;

export function QueuePage() {
  const [top, setTop] = useState<number>();
  const lag = useAsk("lag", (signal) => call("cairn_lag", {}, signal), 5_000);
  const priority = lag.value?.stages.find(({ stage }) => stage === "priority");
  const length = priority && priority.head + priority.behind;
  return (
    <>
      <h1>L1's queue</h1>
      <Panel title="How it stands">
        <Shown asked={lag}>
          {() => (
            <Facts
              rows={[
                ["Operations that L1 has queued", count(length ?? 0)],
                ["Executed", count(priority?.head ?? 0)],
                ["Waiting", count(priority?.behind ?? 0)],
                ["Age of the oldest that waits", priority?.oldestMs == null ? "none waits" : duration(priority.oldestMs)],
              ]}
            />
          )}
        </Shown>
      </Panel>
      {length !== undefined && <Operations last={Math.min(top ?? Infinity, length)} length={length} go={setTop} />}
    </>
  );
}

interface OperationsProps {
  /** The operations before this place. */
  last: number;
  length: number;
  go: (top: number | undefined) => void;
}

function Operations({ last, length, go }: OperationsProps) {
  const first = Math.max(0, last - PAGE);
  const asked = useAsk(
    `queue ${first} ${last}`,
    async (signal) => {
      const rows = await call("cairn_queue", { from: first, count: last - first }, signal);
      return rows.reverse();
    },
    10_000,
  );
  return (
    <Panel
      title="Operations"
      aside={
        <span class="pages">
          <button type="button" disabled={last >= length} onClick={() => go(last + PAGE >= length ? undefined : last + PAGE)}>
            Newer
          </button>
          <button type="button" disabled={first === 0} onClick={() => go(first)}>
            Older
          </button>
        </span>
      }
    >
      <Shown asked={asked}>
        {(rows) => (
          <Table
            caption="Operations of L1's queue, the latest first"
            rows={rows}
            name={({ index }) => index}
            empty="L1 has queued nothing yet."
            columns={[
              { head: "Place", cell: ({ index }) => <Go to={["queue", index]}>{count(index)}</Go> },
              { head: "Kind", cell: kind },
              { head: "Token", isFigure: true, cell: ({ token }) => count(token) },
              { head: "Quanta", isFigure: true, cell: ({ amount }) => (amount == null ? "–" : decimal(amount)) },
              { head: "For", cell: (row) => <For row={row} /> },
              { head: "Queued", cell: ({ queued }) => <Ago ms={queued.atMs} /> },
              { head: "Executed", cell: (row) => <Executed row={row} /> },
            ]}
          />
        )}
      </Shown>
    </Panel>
  );
}

export function QueuedPage({ index }: { index: number }) {
  const { head } = useLive();
  const asked = useAsk(
    `queued ${index}`,
    async (signal) => {
      const rows = await call("cairn_queue", { from: index, count: 1 }, signal);
      return rows.find((row) => row.index === index) ?? null;
    },
    10_000,
    `${head?.sealed}`,
  );
  return (
    <>
      <h1>Operation {count(index)} of L1's queue</h1>
      <Shown asked={asked}>
        {(row) => (row ? <Whole row={row} /> : <p class="note">L1 has not queued so many operations.</p>)}
      </Shown>
    </>
  );
}

function Whole({ row }: { row: QueuedView }) {
  return (
    <Panel title="Operation" aside={<Executed row={row} />}>
      <Facts
        rows={[
          ["Kind", kind(row)],
          ["Token", count(row.token)],
          ["Quanta", row.amount && decimal(row.amount)],
          ["A quantum is", row.quantumExponent == null ? undefined : `10^${row.quantumExponent} base units`],
          ["Account", row.account == null ? undefined : <AccountOf row={row} id={row.account} />],
          ["To", row.to == null ? undefined : <Go to={["accounts", row.to]}>account {row.to}</Go>],
          ["Recipient on L1", row.recipient && <Hex of={row.recipient} whole />],
          ["Key", row.key && <Hex of={row.key} to={["keys", row.key]} />],
          ["Paid for by", <Hex of={row.origin} whole />],
          ["Queued", <Moment ms={row.queued.atMs} />],
          ["L1's block", count(row.queued.block)],
          ["L1's transaction", <Hex of={row.queued.transaction} whole />],
        ]}
      />
    </Panel>
  );
}

const kind = (row: QueuedView): string => {
  if (row.kind === "deposit") return "Deposit";
  if (row.kind === "registerToken") return "New token";
  return `Forced: ${(KINDS[row.transaction ?? ""] ?? row.transaction ?? "transaction").toLowerCase()}`;
};

/** A deposit for the highest id asks for an account of its own. */
const ANY = 0xffff_ffff;

function AccountOf({ row, id }: { row: QueuedView; id: number }) {
  if (row.kind === "deposit" && id === ANY) return <>a new one of the key</>;
  return (
    <>
      <Go to={["accounts", id]}>{id}</Go>
      {row.kind === "deposit" && " if it has this key and token, else a new one"}
    </>
  );
}

function For({ row }: { row: QueuedView }) {
  if (row.kind === "forced" && row.account != null) {
    return <Go to={["accounts", row.account]}>account {row.account}</Go>;
  }
  return row.key ? <Hex of={row.key} to={["keys", row.key]} /> : <>–</>;
}

function Executed({ row }: { row: QueuedView }) {
  if (row.batch == null) return <Badge tone="wait">waits for a sealed batch</Badge>;
  return <Go to={["batches", row.batch]}>batch {count(row.batch)}</Go>;
}
