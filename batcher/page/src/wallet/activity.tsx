// What was sent from this view, each with its state in words and the time that it is expected to take.

import { useAsk } from "../api/ask.ts";
import { call } from "../api/rpc.ts";
import type { Head, Lag, Life, Queued } from "../api/types.ts";
import { batchesBefore, type Pace, pace } from "../explorer/batches.ts";
import { Badge } from "../parts/badge.tsx";
import { Panel } from "../parts/panel.tsx";
import { Go, Hex } from "../parts/text.tsx";
import { topic } from "./abi.ts";
import { Doing } from "./doing.tsx";
import { receiptOf } from "./provider.ts";
import { type Connection, type Sent, useSession } from "./session.ts";
import { lifeInWords, missingInWords, queuedInWords, type State } from "./states.ts";

/** Events that name a place of L1's queue: by it, custody's operations are found again. */
const QUEUED = [
  topic("Deposited(uint64,address,uint16,uint32,uint256,uint64[5])"),
  topic("PriorityOperationQueued(uint64,bytes,address)"),
];

export function Activity() {
  const { sent } = useSession();
  const expected = useAsk(`pace ${sent.length}`, async (signal) => {
    const head = await call<Head>("cairn_head", {}, signal);
    return pace(await batchesBefore(head.sealed, 20, signal));
  }, 30_000);
  if (sent.length === 0) return null;
  return (
    <Panel title="What you have sent" aside={<span class="soft">since you came to this view</span>}>
      <ul class="sent">
        {sent.map((row) => (
          <li key={row.hash}>
            <strong>{row.what}</strong>
            <StateOf sent={row} expected={expected.value} />
            {row.kind === "l2" ? <Hex of={row.hash} to={["tx", row.hash]} /> : <Hex of={row.hash} />}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

interface StateProps {
  sent: Sent;
  expected: Pace | undefined;
}

function StateOf({ sent, expected }: StateProps) {
  const { connection, submit } = useSession();
  const standing = sent.kind === "l2" ? sent.standing : "";
  const asked = useAsk(
    `state ${sent.hash} ${standing} ${expected?.batches}`,
    (signal) => stateOf(sent, connection, expected, signal),
    2_000,
  );
  if (asked.error) return <span class="fault">{asked.error.message}</span>;
  if (!asked.value) return <>…</>;
  const { tone, word, text, to, canRepeat } = asked.value;
  const repeat = async () => {
    if (sent.kind === "l2") await submit(sent.what, sent.signed);
    return "The operator has it.";
  };
  return (
    <>
      <span class="state">
        <Badge tone={tone}>{word}</Badge> <span>{text}</span> {to && <Go to={to}>more</Go>}
      </span>
      {canRepeat && <Doing action="Send the same again" run={repeat} />}
    </>
  );
}

async function stateOf(
  sent: Sent,
  connection: Connection | undefined,
  expected: Pace | undefined,
  signal: AbortSignal,
): Promise<State> {
  if (sent.kind === "l2") {
    const [life] = await call<(Life | null)[]>("cairn_transactions", { hashes: [sent.hash] }, signal);
    return life ? lifeInWords(life, expected) : missingInWords(sent.standing, sent.refusal);
  }
  const receipt = connection && (await receiptOf(connection.provider, sent.hash));
  if (!receipt) return { tone: "wait", word: "sent", text: "L1 has not mined it yet, usually some seconds." };
  if (!receipt.isGood) return { tone: "bad", word: "refused", text: "L1 has refused it: nothing has changed but its gas." };
  if (!sent.isQueued) return { tone: "good", word: "done", text: "L1 has done it." };
  const log = receipt.logs.find(({ topics }) => QUEUED.includes(topics[0] ?? ""));
  const index = log && Number(BigInt(log.topics[1] ?? "0x0"));
  if (index === undefined) return { tone: "good", word: "mined", text: "L1 has it in its queue." };
  const [[row], lag] = await Promise.all([
    call<Queued[]>("cairn_queue", { from: index, count: 1 }, signal),
    call<Lag>("cairn_lag", {}, signal),
  ]);
  const executed = lag.stages.find(({ stage }) => stage === "priority")?.head ?? 0;
  return queuedInWords(index, row, executed, expected);
}
