// What the API answers, as far as the page shows it. The whole description is at /openrpc.json.

export type Hex = string;
/** A decimal number of quanta or wei, as text: it may be larger than a double holds. */
export type Decimal = string;

export interface Head {
  block: number;
  batch: number;
  state: Hex;
  madeMs: number;
  nextId: number;
  nextToken: number;
  sealed: number;
  committed: number;
  proven: number;
  finalized: number;
  l1Block: number;
  l1Timestamp: number;
  l1Paused: boolean;
  standing: string;
  halted: string | null;
}

export interface StageLag {
  stage: string;
  unit: string;
  head: number;
  behind: number;
  oldestMs: number | null;
}

export interface Lag {
  stages: StageLag[];
  throttled: string | null;
}

export interface Info {
  version: string;
  chainId: number;
  rollup: Hex;
  custody: Hex;
  domain: Hex;
  receiptSigner: Hex;
  circuitSetRoot: Hex;
  dataModes: string[];
}

export interface OnL1 {
  atMs: number;
  block: number;
  blockHash: Hex;
  transaction: Hex;
}

export type BlockEntry = { transaction: Hex } | { priority: number };

export interface Block {
  number: number;
  batch: number;
  timestamp: number;
  state: Hex;
  madeMs: number;
  operationCount: number;
  operations: BlockEntry[];
}

export interface ProvingStage {
  name: string;
  wallS: number;
  cpuS: number;
}

export interface ProofMade {
  first: number;
  last: number;
  chunks: number;
  startedMs: number;
  madeMs: number;
  stages: ProvingStage[];
}

export interface Batch {
  number: number;
  timestamp: number;
  firstBlock: number;
  lastBlock: number;
  stateBefore: Hex;
  stateAfter: Hex;
  priorityEnd: number;
  operations: number;
  transfers: number;
  dataWords: number;
  reason: string;
  openedMs: number;
  sealedMs: number;
  publication: { dataMode: string; blobs: Hex[]; estimateWei: Decimal; publishedMs: number } | null;
  proofMadeMs: number | null;
  /** Services of an earlier version do not have it. */
  proof?: ProofMade | null;
  l1: {
    committed: OnL1;
    proven: OnL1 | null;
    state: Hex;
    chainHash: Hex;
    withdrawalsRoot: Hex;
  } | null;
  finalized: boolean;
  finalizedMs: number | null;
}

export type Stage =
  | "accepted"
  | "inBlock"
  | "batched"
  | "committed"
  | "proven"
  | "finalized"
  | "dropped";

export interface Life {
  stage: Stage;
  acceptedMs: number;
  inBlock: { atMs: number; block: number; position: number; batch: number } | null;
  batchedMs: number | null;
  committed: OnL1 | null;
  proven: OnL1 | null;
  finalized: boolean;
  finalizedMs: number | null;
  dropped: { atMs: number; reason: string; message: string; replacedBy?: Hex } | null;
}

export interface Transaction {
  hash: Hex;
  sequence: number;
  kind: string;
  from: number;
  nonce: number;
  token: number;
  amount: Decimal;
  fee: Decimal;
  expiry: number;
  to?: number;
  key?: Hex;
  recipient?: Hex;
  bytes: Hex;
  life: Life;
}

export interface Receipt {
  transaction: Hex;
  batch: number;
  block: number;
  position: number;
  state: Hex;
  signature: Hex;
}

export interface Account {
  id: number;
  key: Hex;
  token: number;
  nonce: number;
  balance: Decimal;
  nextNonce: number;
}

export interface Owned {
  accounts: Account[];
  more: number | null;
}

export interface History {
  transactions: Transaction[];
  before: number | null;
}

export interface Proof {
  id: number;
  batch: number;
  balance: Decimal;
  nonce: number;
  siblings: Hex[];
  root: Hex;
  state: Hex;
}

export interface Withdrawal {
  batch: number;
  index: number;
  word: Hex;
  path: Hex[];
  root: Hex;
  token: number;
  recipient: Hex;
  amount: Decimal;
  claimable: boolean;
}

export interface Queued {
  index: number;
  kind: string;
  transaction?: string;
  token: number;
  quantumExponent?: number;
  amount?: Decimal;
  account?: number;
  key?: Hex;
  to?: number;
  recipient?: Hex;
  origin: Hex;
  queued: OnL1;
  batch: number | null;
}

export interface Settlement {
  nonce: number;
  purpose: string;
  first: number | null;
  last: number | null;
  hash: Hex | null;
  attempts: number;
  sentMs: number | null;
  mined: {
    block: number;
    success: boolean;
    gas: number;
    gasPrice: Decimal;
    blobGas: number;
    blobGasPrice: Decimal;
  } | null;
  isFinal: boolean;
}

export interface FleetWorker {
  name: string;
  standing: string;
  machine: string;
  threads: number;
  memoryMb: number;
  queues: string[];
  holds: string[];
  done: number;
  failures: number;
  heardS: number;
}

export interface Fleet {
  connected: boolean;
  workers: FleetWorker[];
  assignments: {
    name: string;
    queue: string;
    offers: number;
    holders: { worker: string; seconds: number }[];
    failures: { worker: string; reason: string }[];
    quarantined: boolean;
  }[];
}
