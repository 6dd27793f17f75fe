// What was sent from this view, each with its state in words and the time that it is expected to take.

import { useAsk } from "../api/ask.ts";
import { call } from "../api/rpc.ts";
import type { Pace } from "../explorer/batches.ts";
import { usePace } from "../explorer/last.ts";
import { Badge } from "../parts/badge.tsx";
import { Panel } from "../parts/panel.tsx";
import { Go, Hex } from "../parts/text.tsx";
import { Doing } from "./doing.tsx";
import { queuedLog, receiptOf } from "./provider.ts";
import { type Sent, type Session, useSession } from "./session.ts";
import { lifeInWords, missingInWords, queuedInWords, type State } from "./states.ts";

export function Activity() {
  const { sent } = useSession();
  const expected = usePace(`${sent.length}`);
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
  const session = useSession();
  const standing = sent.kind === "l2" ? sent.standing : "";
  const asked = useAsk(
    `state ${sent.hash}`,
    (signal) => stateOf(sent, session, expected, signal),
    2_000,
    `${standing} ${expected?.batches}`,
  );
  if (asked.error) return <span class="fault">{asked.error.message}</span>;
  if (!asked.value) return <>…</>;
  const { tone, word, text, to, canRepeat } = asked.value;
  const repeat = async () => {
    if (sent.kind === "l2") await session.submit(sent.what, sent.signed);
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
  { connection, info }: Session,
  expected: Pace | undefined,
  signal: AbortSignal,
): Promise<State> {
  if (sent.kind === "l2") {
    const [life] = await call("cairn_transactions", { hashes: [sent.hash] }, signal);
    return life ? lifeInWords(life, expected) : missingInWords(sent.standing, sent.refusal);
  }
  const receipt = connection && (await receiptOf(connection.provider, sent.hash));
  if (!receipt) return { tone: "wait", word: "sent", text: "L1 has not mined it yet, usually some seconds." };
  if (!receipt.isGood) return { tone: "bad", word: "refused", text: "L1 has refused it: nothing has changed but its gas." };
  if (!sent.isQueued) return { tone: "good", word: "done", text: "L1 has done it." };
  const log = queuedLog(receipt.logs, [info.rollup, info.custody]);
  const index = log && Number(BigInt(log.topics[1] ?? "0x0"));
  if (index === undefined) return { tone: "good", word: "mined", text: "L1 has it in its queue." };
  const [[row], lag] = await Promise.all([
    call("cairn_queue", { from: index, count: 1 }, signal),
    call("cairn_lag", {}, signal),
  ]);
  const executed = lag.stages.find(({ stage }) => stage === "priority")?.head ?? 0;
  return queuedInWords(index, row, executed, expected);
}
