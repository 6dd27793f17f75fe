// A played service: the answers of a small rollup, without one. For views that need a state which is hard to bring
// about, and for values that no honest service sends. The real test is browse.mjs against `cairn run --dev`.

import { createServer } from "node:http";

const hash = (seed) => `0x${seed.toString(16).padStart(4, "0").repeat(16)}`;
const key = (seed) => `0x${seed.toString(16).padStart(4, "0").repeat(20)}`;
const address = (seed) => `0x${seed.toString(16).padStart(4, "0").repeat(10)}`;
const START = Date.now() - 3_600_000;
const BATCHES = 30;
const FIRST_ID = 65_536;
const onL1 = (number, at) => ({ atMs: at, block: 100 + number, blockHash: hash(number), transaction: hash(7_000 + number) });

function batch(number) {
  const opened = START + number * 100_000;
  const isCommitted = number <= 28;
  const isProven = number <= 26;
  const made = number <= 27 ? opened + 80_000 + (number % 5) * 3_000 : null;
  return {
    number,
    timestamp: Math.floor(opened / 1000),
    firstBlock: number * 10 - 9,
    lastBlock: number * 10,
    stateBefore: hash(number - 1),
    stateAfter: hash(number),
    priorityEnd: Math.min(12, number),
    operations: 104 + ((number * 31) % 60),
    transfers: 90 + ((number * 31) % 60),
    dataWords: 60 + number,
    reason: "age",
    openedMs: opened,
    sealedMs: opened + 30_000,
    publication:
      number <= 29
        ? {
            dataMode: number % 3 ? "blobs" : "calldata",
            blobs: number % 3 ? [hash(9_000 + number)] : [],
            estimateWei: "123456789012345",
            publishedMs: opened + 30_500,
          }
        : null,
    proofMadeMs: made,
    proof: made && {
      first: number,
      last: number,
      chunks: 1,
      startedMs: opened + 31_000,
      madeMs: made,
      stages: [
        { name: "leaf", wallS: 21.4, cpuS: 40.1 },
        { name: "wrap", wallS: 18.2, cpuS: 30.9 },
        { name: "groth16", wallS: 7.7, cpuS: 14.2 },
      ],
    },
    l1: isCommitted
      ? {
          committed: onL1(number, opened + 42_000),
          proven: isProven ? onL1(1_000 + number, opened + 92_000) : null,
          state: hash(number),
          chainHash: hash(5_000 + number),
          withdrawalsRoot: number === 5 ? hash(77) : hash(0),
        }
      : null,
    finalized: number <= 24,
    finalizedMs: number <= 24 ? opened + 130_000 : null,
  };
}

function life(stage) {
  const of = batch(5);
  const reached = ["accepted", "inBlock", "batched", "committed", "proven", "finalized"].indexOf(stage);
  return {
    stage,
    acceptedMs: of.openedMs + 40,
    inBlock: reached >= 1 ? { atMs: of.openedMs + 300, block: 42, position: 1, batch: 5 } : null,
    batchedMs: reached >= 2 ? of.sealedMs : null,
    committed: reached >= 3 ? of.l1.committed : null,
    proven: reached >= 4 ? of.l1.proven : null,
    finalized: reached >= 5,
    finalizedMs: reached >= 5 ? of.finalizedMs : null,
    dropped: stage === "dropped" ? { atMs: of.openedMs + 900, reason: "expired", message: "expired at 5", replacedBy: undefined } : null,
  };
}

const STAGES = ["finalized", "accepted", "inBlock", "batched", "committed", "proven", "dropped"];
/** Hashes of the transactions that there are, one at each stage; the first is a withdrawal. */
export const transactions = STAGES.map((_, at) => hash(0xabc0 + at));

function transaction(asked) {
  const at = transactions.indexOf(asked);
  if (at < 0) return null;
  const isWithdrawal = at === 0;
  return {
    hash: asked,
    sequence: at,
    kind: isWithdrawal ? "withdraw" : "transfer",
    from: FIRST_ID,
    nonce: at,
    token: 0,
    amount: "1234567890",
    fee: "12",
    expiry: 0,
    ...(isWithdrawal ? { recipient: address(3) } : { to: FIRST_ID + 1 }),
    bytes: `0x${"ab".repeat(131)}`,
    life: life(STAGES[at]),
  };
}

const account = (id) =>
  id >= FIRST_ID && id < FIRST_ID + 20
    ? { id, key: key(id % 251), token: 0, nonce: 7, balance: "9007199254740993000", nextNonce: 9 }
    : null;

const withdrawal = (index) => ({
  batch: 5,
  index,
  word: `0x${"04".repeat(31)}`,
  path: [hash(1), hash(2)],
  root: hash(77),
  token: 0,
  recipient: address(3),
  amount: "1234567890",
  claimable: true,
});

const settlement = (nonce) => {
  const number = Math.floor(nonce / 2) + 1;
  const isCommit = nonce % 2 === 0;
  const isMined = number <= (isCommit ? 28 : 26);
  return {
    nonce,
    purpose: isCommit ? "commit" : "prove",
    first: number,
    last: number,
    hash: hash(7_000 + number),
    attempts: 1,
    sentMs: batch(number).sealedMs,
    mined: isMined
      ? { block: 100 + number, success: true, gas: isCommit ? 118_000 : 264_425, gasPrice: "1200000000", blobGas: isCommit ? 131_072 : 0, blobGasPrice: "1000000" }
      : null,
    isFinal: number <= 24,
  };
};

const queued = (index) => ({
  index,
  kind: index === 0 ? "registerToken" : index === 11 ? "forced" : "deposit",
  token: 0,
  ...(index === 0 ? { quantumExponent: 9 } : { amount: "5000000000", account: index === 11 ? FIRST_ID : 0xffffffff }),
  ...(index === 11 ? { transaction: "withdraw", recipient: address(9) } : { key: key(index) }),
  origin: address(index),
  queued: onL1(index, START + index * 60_000),
  batch: index < 10 ? index + 1 : null,
});

const METRICS = `# TYPE cairn_mempool_waiting gauge
cairn_mempool_waiting 3
cairn_unproven_batches 4
cairn_unproven_operations 480
cairn_proof_seconds_count 27
cairn_basefee_wei 1200000000
cairn_blob_basefee_wei 1000000
settlement_balance_wei 4200000000000000000
settlement_alarm{what="low_balance"} 0
settlement_alarm{what="l1"} 0
cairn_priority_queue_deadline_used_ratio 0.02
pending_txs 2
`;

class Refusal extends Error {
  constructor(code, reason, message) {
    super(message);
    this.answer = { code, message, data: { reason, retryable: false } };
  }
}
const unknown = (what) => new Refusal(1003, "unknown", `there is no ${what}`);

/** The answers, method by method. */
export function answers() {
  return {
    cairn_head: () => ({ block: 303, batch: 31, state: hash(303), madeMs: Date.now() - 400, nextId: FIRST_ID + 20, nextToken: 1, sealed: BATCHES, committed: 28, proven: 26, finalized: 24, l1Block: 240, l1Timestamp: Math.floor(Date.now() / 1000) - 5, l1Paused: false, standing: "running", halted: null }),
    cairn_info: () => ({ version: "0.1.0", chainId: 31337, rollup: address(1), custody: address(2), domain: `0x${"01".repeat(31)}`, circuitSetRoot: hash(8), receiptSigner: address(4), dataModes: ["calldata", "blobs"] }),
    cairn_lag: () => ({
      throttled: null,
      stages: [
        ["mempool", "transactions", 4_000, 3, 120],
        ["priority", "operations", 10, 2, 95_000],
        ["sealing", "blocks", 300, 3, 8_000],
        ["publishing", "batches", 29, 1, 1_000],
        ["proving", "batches", 27, 3, 41_000],
        ["committing", "batches", 28, 2, 12_000],
        ["settling", "batches", 26, 4, 70_000],
        ["finalizing", "batches", 24, 6, 150_000],
      ].map(([stage, unit, head, behind, oldestMs]) => ({ stage, unit, head, behind, oldestMs })),
    }),
    cairn_block: ({ number }) => {
      if (number < 1 || number > 303) throw unknown(`block ${number}`);
      const operations = number === 1 ? [{ priority: 0 }, { priority: 1 }] : transactions.slice(1, 4).map((transaction) => ({ transaction }));
      return { number, batch: Math.ceil(number / 10), timestamp: Math.floor(START / 1000), state: hash(number), madeMs: Date.now() - (303 - number) * 1_000, operationCount: operations.length, operations };
    },
    cairn_batch: ({ number }) => {
      if (number < 1 || number > BATCHES) throw unknown(`sealed batch ${number}`);
      return batch(number);
    },
    cairn_transaction: ({ hash }) => transaction(hash),
    cairn_receipt: ({ hash: of }) => ({ transaction: of, batch: 5, block: 42, position: 1, state: hash(42), signature: `0x${"1b".repeat(65)}` }),
    cairn_account: ({ id }) => account(id),
    cairn_nonce: ({ id }) => ({ id, executed: 7, next: 9 }),
    cairn_accountsOf: ({ key: of }) => ({ accounts: [0, 1, 2].map((at) => ({ ...account(FIRST_ID + at), key: of, token: at })), more: null }),
    cairn_history: ({ before }) => ({ transactions: before ? [] : transactions.map(transaction), before: before ? null : 1 }),
    cairn_proof: ({ id }) => ({ id, batch: 26, balance: "9007199254740993000", nonce: 7, siblings: Array(32).fill(hash(1)), root: hash(26), state: hash(26) }),
    cairn_withdrawal: () => withdrawal(0),
    cairn_withdrawalAt: ({ index }) => {
      if (index > 2) throw unknown(`withdrawal ${index} in batch 5`);
      return withdrawal(index);
    },
    cairn_queue: ({ from, count }) => Array.from({ length: 12 }, (_, at) => queued(at)).slice(from, from + count),
    cairn_settlements: () => Array.from({ length: 60 }, (_, at) => settlement(59 - at)),
    "GET /ready": () => [200, "ready\n"],
    "GET /metrics": () => [200, METRICS],
  };
}

/** Plays on a free port. `change` may put other answers in place of these. */
export async function play(change = {}) {
  const methods = { ...answers(), ...change };
  const one = async (asked, token) => {
    const { id, method, params = {} } = asked;
    const isAdmin = method.startsWith("cairn_admin_");
    try {
      if (isAdmin && token !== "Bearer the token") throw new Refusal(1008, "unauthorized", "this method needs the operator's token as a bearer header");
      if (!methods[method]) throw new Refusal(-32601, "", `there is no method ${method}`);
      return { jsonrpc: "2.0", id, result: await methods[method](params) };
    } catch (error) {
      if (!error.answer) throw error;
      return { jsonrpc: "2.0", id, error: error.answer };
    }
  };
  const server = createServer(async (asked, answer) => {
    if (asked.method === "GET") {
      const [status, body] = methods[`GET ${asked.url}`]?.() ?? [404, ""];
      answer.writeHead(status, { "content-type": "text/plain" }).end(body);
      return;
    }
    let body = "";
    for await (const part of asked) body += part;
    const calls = JSON.parse(body);
    const of = (call) => one(call, asked.headers.authorization);
    const said = await (Array.isArray(calls) ? Promise.all(calls.map(of)) : of(calls));
    answer.writeHead(200, { "content-type": "application/json" });
    answer.end(JSON.stringify(said));
  });
  // It speaks no WebSocket: the page has to ask instead.
  server.on("upgrade", (_, socket) => socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n"));
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return server;
}
