// The first view: where the chain ends at each level of certainty, and what has just come.

import type { Head, Info } from "@cairn/client";
import { useAsk, useLive } from "../api/ask.ts";
import { call } from "../api/rpc.ts";
import { count } from "../format.ts";
import { Facts, Panel, Shown } from "../parts/panel.tsx";
import { Ago, Go, Hex } from "../parts/text.tsx";
import { BatchTable } from "./batchtable.tsx";
import { BlockTable } from "./blocktable.tsx";
import { useBatches } from "./last.ts";

const SHOWN = 10;

export function Overview() {
  const { head, blocks } = useLive();
  const batches = useBatches(SHOWN);
  const areBlocksKnown = blocks.length > 0 || head?.block === 0;
  const info = useAsk("info", (signal) => call("cairn_info", {}, signal));
  return (
    <>
      <h1>Rollup</h1>
      {head && <Certainty head={head} />}
      <div class="columns">
        <Panel title="Batches" aside={<Go to={["batches"]}>All batches</Go>}>
          <Shown asked={batches}>
            {(rows) => <BatchTable batches={rows} caption="The last batches" />}
          </Shown>
        </Panel>
        <Panel title="Blocks" aside={<Go to={["blocks"]}>All blocks</Go>}>
          {areBlocksKnown ? (
            <BlockTable blocks={blocks.slice(0, SHOWN)} caption="The last blocks" />
          ) : (
            <p class="note">Loading…</p>
          )}
        </Panel>
      </div>
      <Panel title="This rollup">
        <Shown asked={info}>{(value) => <About info={value} head={head} />}</Shown>
      </Panel>
    </>
  );
}

/** The head at each level of certainty, from the weakest to the strongest. */
function Certainty({ head }: { head: Head }) {
  const steps: [string, string, number | undefined, string][] = [
    ["Block", "blocks", head.block, "the operator's word"],
    ["Sealed", "batches", head.sealed, "nothing is added to it"],
    ["Committed", "batches", head.committed, "its data is on L1"],
    ["Proven", "batches", head.proven, "withdrawals can be claimed"],
    ["Finalized", "batches", head.finalized, "L1 will not take it back"],
  ];
  return (
    <ol class="certainty" aria-label="Where the chain ends at each level of certainty">
      {steps.map(([name, place, number, meaning]) => (
        <li key={name}>
          <span class="label">{name === "Block" ? "Last block" : `${name} batch`}</span>
          {number ? (
            <a class="value" href={`#/${place}/${number}`}>
              {count(number)}
            </a>
          ) : (
            <span class="value">none</span>
          )}
          <span class="soft">{meaning}</span>
        </li>
      ))}
    </ol>
  );
}

function About({ info, head }: { info: Info; head: Head | undefined }) {
  return (
    <Facts
      rows={[
        ["Chain of L1", count(info.chainId)],
        ["Rollup contract", <Hex of={info.rollup} whole />],
        ["Custody contract", <Hex of={info.custody} whole />],
        ["Receipts are signed by", <Hex of={info.receiptSigner} whole />],
        ["Data may go to", info.dataModes.join(", ")],
        ["L1 was read to", head && <L1 head={head} />],
        ["Accounts", head && `ids below ${count(head.nextId)}; ${count(head.nextToken)} tokens`],
        ["Operator's version", info.version],
      ]}
    />
  );
}

function L1({ head }: { head: Head }) {
  return (
    <>
      block {count(head.l1Block)}, <Ago ms={head.l1Timestamp * 1000} />
      {head.l1Paused && <strong class="fault">, its contracts are paused</strong>}
    </>
  );
}
