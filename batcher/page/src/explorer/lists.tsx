// All batches and all blocks, a part at a time.

import { useState } from "preact/hooks";
import { useLive } from "../api/ask.ts";
import { count } from "../format.ts";
import { Panel, Shown } from "../parts/panel.tsx";
import { BatchTable } from "./batchtable.tsx";
import { BlockTable } from "./blocktable.tsx";
import { useBatches, useBlocks } from "./last.ts";

const PAGE = 25;
/** Blocks come with their operations. */
const BLOCK_PAGE = 10;

export function Batches() {
  const { head } = useLive();
  const [from, setFrom] = useState<number>();
  const last = Math.min(from ?? Infinity, head?.sealed ?? 0);
  const batches = useBatches(PAGE, from);
  return (
    <>
      <h1>Batches</h1>
      <Panel title="Sealed batches" aside={<Pages last={last} page={PAGE} top={head?.sealed ?? 0} go={setFrom} />}>
        <Shown asked={batches}>
          {(rows) => <BatchTable batches={rows} caption={`Batches up to ${last}`} />}
        </Shown>
      </Panel>
    </>
  );
}

export function Blocks() {
  const { head } = useLive();
  const [from, setFrom] = useState<number>();
  const last = Math.min(from ?? Infinity, head?.block ?? 0);
  const blocks = useBlocks(BLOCK_PAGE, from);
  return (
    <>
      <h1>Blocks</h1>
      <Panel title="Blocks of all batches" aside={<Pages last={last} page={BLOCK_PAGE} top={head?.block ?? 0} go={setFrom} />}>
        <Shown asked={blocks}>
          {(rows) => <BlockTable blocks={rows} caption={`Blocks up to ${last}`} />}
        </Shown>
      </Panel>
    </>
  );
}

interface PagesProps {
  last: number;
  page: number;
  top: number;
  /** None follows the head. */
  go: (from: number | undefined) => void;
}

function Pages({ last, page, top, go }: PagesProps) {
  const newer = last + page >= top ? undefined : last + page;
  return (
    <span class="pages">
      <span class="soft">
        {top === 0 ? "none yet" : `${count(Math.max(1, last - page + 1))} to ${count(last)} of ${count(top)}`}
      </span>
      <button type="button" disabled={last >= top} onClick={() => go(newer)}>
        Newer
      </button>
      <button type="button" disabled={last <= page} onClick={() => go(last - page)}>
        Older
      </button>
    </span>
  );
}
