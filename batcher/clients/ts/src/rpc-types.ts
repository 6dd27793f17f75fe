// Made of the API's OpenRPC document by tools/types.mjs: do not edit.

import type { Hex } from './bytes.js';

/** An account after the last durable block. */
export interface AccountView {
  /** Quanta. */
  balance: string;
  /** Its id. */
  id: number;
  /** Who may spend. */
  key: Hex;
  /** The next nonce to sign, counting what waits. */
  nextNonce: number;
  /** Transactions that it has signed and that were executed. */
  nonce: number;
  /** What it holds. */
  token: number;
}

/** Who has failed an assignment. */
export interface AssignmentFailure {
  /** What it says. */
  reason: string;
  /** The worker. */
  worker: string;
}

/** Who is at an assignment. */
export interface AssignmentHolder {
  /** For so many seconds. */
  seconds: number;
  /** The worker. */
  worker: string;
}

/** A backup that was made. */
export interface BackedUp {
  /** Rows in it. */
  rows: number;
}

/** What L1 says of a batch. */
export interface BatchOnL1 {
  /** `h_i` of docs/spec.md, section 6. */
  chainHash: Hex;
  /** Where it was committed. */
  committed: OnL1;
  /** Where it was proven. */
  proven?: OnL1 | null;
  /** State commitment after it. */
  state: Hex;
  /** Root of its withdrawals. */
  withdrawalsRoot: Hex;
}

/** A sealed batch. */
export interface BatchView {
  /** Words of its data. */
  dataWords: number;
  /** Whether its proof has enough confirmations. */
  finalized: boolean;
  /**
   * When the operator saw that; unknown for what became final under a version that did not note
   * it.
   */
  finalizedMs?: number | null;
  /** Its first block. */
  firstBlock: number;
  /** What L1 says of it. */
  l1?: BatchOnL1 | null;
  /** Its last block. */
  lastBlock: number;
  /** Its number. */
  number: number;
  /** When its first block was made. */
  openedMs: number;
  /** Operations of all kinds. */
  operations: number;
  /** Priority operations executed by it and all before it. */
  priorityEnd: number;
  /** How that proof was made. */
  proof?: ProofMade | null;
  /** When the proof that covers it was there. */
  proofMadeMs?: number | null;
  /** Where its data goes. */
  publication?: PublicationView | null;
  /** Why it was sealed: `data`, `chunks`, `age`, `price`, `priority`, `asked`. */
  reason: string;
  /** When it was sealed. */
  sealedMs: number;
  /** State commitment after it. */
  stateAfter: Hex;
  /** State commitment before it. */
  stateBefore: Hex;
  /** Seconds of L1's clock. */
  timestamp: number;
  /** Transfers, to accounts and to new keys. */
  transfers: number;
}

/** An operation of a block. */
export type BlockEntry =
  /** A transaction, by its hash. */
  | {
    transaction: Hex;
  }
  /** An operation of L1's queue, by its place in it. */
  | {
    priority: number;
  };

/** A block. */
export interface BlockView {
  /** The batch that it is in. */
  batch: number;
  /** When it was made. */
  madeMs: number;
  /** Its number. */
  number: number;
  /** How many operations it has. */
  operationCount: number;
  /** They, in order of execution; none where blocks are listed by a subscription. */
  operations?: BlockEntry[];
  /** State commitment after it. */
  state: Hex;
  /** The batch's timestamp, seconds of L1's clock. */
  timestamp: number;
}

/** The end of a transaction that is not executed. */
export interface DroppedAt {
  /** When. */
  atMs: number;
  /** For people. */
  message: string;
  /** Stable word: `replaced`, `expired`, `refused`, `evicted`. */
  reason: string;
  /** The transaction that took its place. */
  replacedBy?: Hex | null;
}

/** An error as it travels. */
export interface ErrorBody {
  /** Stable number. */
  code: number;
  /** For programs. */
  data: ErrorData;
  /** A sentence for people. */
  message: string;
}

/** What stands beside the message of every error of this API. */
export interface ErrorData {
  /** Stable word for the reason. */
  reason: string;
  /** How long to wait before that, milliseconds. */
  retryAfterMs?: number | null;
  /** Whether the same request may succeed later. */
  retryable: boolean;
}

/** What a transaction should pay. */
export interface FeeEstimate {
  /** Quanta: with this fee it is taken and executed soon. */
  fee: string;
  /** Quanta: below this it is refused. */
  floor: string;
  /** For this kind. */
  kind: FeeKind;
  /** Of this token. */
  token: number;
}

/** A kind of transaction: what its cost depends on. */
export type FeeKind =
  /** Pays an existing account, in the short form. */
  | 'transfer'
  /**
   * Pays an existing account an amount or a fee that the short form does not hold: twice the
   * data.
   */
  | 'longTransfer'
  /** Makes a new account and pays it. */
  | 'transferToNew'
  /** Pays an L1 address. */
  | 'withdraw'
  /** Hands the account to another key. */
  | 'changeKey';

/** How the fleet is. */
export interface Fleet {
  /** What proofs wait for. */
  assignments: FleetAssignment[];
  /** The NATS server answers. */
  connected: boolean;
  /** What came of all that workers have sent. */
  results: FleetResults;
  /** All workers that were heard since the operator's start. */
  workers: FleetWorker[];
}

/** What a proof waits for. */
export interface FleetAssignment {
  /** Who has failed it. */
  failures: AssignmentFailure[];
  /** Who is at it. */
  holders: AssignmentHolder[];
  /** Its name: the batch, what it is of it, and a hash over what it proves. */
  name: string;
  /** Messages of it that nobody has claimed. */
  offers: number;
  /** Nobody is given it any more; its work is in the folder `quarantine` of data_dir. */
  quarantined: boolean;
  /** Where it waits. */
  queue: string;
}

/** What came of results. */
export interface FleetResults {
  /** They hold, and were waited for. */
  accepted: number;
  /** Their lease has had a result. */
  duplicate: number;
  /** Workers could not do it. */
  failed: number;
  /** Of an earlier run of the operator, and held still. */
  kept: number;
  /** Their assignment was done already. */
  late: number;
  /** Of workers that are quarantined. */
  quarantined: number;
  /** Their proof does not hold. */
  refused: number;
  /** Given back unfinished. */
  returned: number;
  /** Nobody was given their lease. */
  unheld: number;
}

/** A worker. */
export interface FleetWorker {
  /** Seconds that all of it took. */
  busyS: number;
  /** Assignments that it has done. */
  done: number;
  /** Assignments that it has failed. */
  failures: number;
  /** Seconds since its last sign of life. */
  heardS: number;
  /** The assignments that it is at. */
  holds: string[];
  /** Its processor, and what the prover uses of it. */
  machine: string;
  /** MiB that it may take. */
  memoryMb: number;
  /** Its name. */
  name: string;
  /** The queues that it takes from. */
  queues: string[];
  /** `working`, `draining`, `gone`, `quarantined`. */
  standing: string;
  /** Threads that prove. */
  threads: number;
  /** What it took for the last of each queue. */
  took: QueueTime[];
}

/** Where the chain ends at each level of certainty. */
export interface Head {
  /** The batch that is open, or the last one. */
  batch: number;
  /** The last block. */
  block: number;
  /** The last batch that L1 has. */
  committed: number;
  /** The last batch whose proof has enough confirmations. */
  finalized: number;
  /** Why nothing is sealed any more, if so. */
  halted?: string | null;
  /** The last block of L1 that was read. */
  l1Block: number;
  /** Whether the contracts are paused: L1 takes nothing then. */
  l1Paused: boolean;
  /** Its timestamp, seconds. */
  l1Timestamp: number;
  /** When the last block was made; 0 before the first. */
  madeMs: number;
  /** The id of the next new account. */
  nextId: number;
  /** The number of the next token. */
  nextToken: number;
  /** The last batch that L1 has verified a proof of. */
  proven: number;
  /** The last sealed batch. */
  sealed: number;
  /** What the sequencer is doing: `running`, `paused`, `draining`, `drained`, `halted`. */
  standing: string;
  /** State commitment after the last block. */
  state: Hex;
}

/** Transactions of an account, the latest first. */
export interface History {
  /** Ask again with this for earlier ones; none at the beginning of the log. */
  before?: number | null;
  /** Those that were found among the rows that this answer has looked at; there may be none. */
  transactions: TransactionView[];
}

/** A place in a block. */
export interface InBlockAt {
  /** When the block was made. */
  atMs: number;
  /** The batch that the block is in. */
  batch: number;
  /** The block. */
  block: number;
  /** Among its operations, from 0. */
  position: number;
}

/** Who the operator is, and what it takes. */
export interface Info {
  /** L1's chain. */
  chainId: number;
  /** Root of the circuit set that proofs are made of. */
  circuitSetRoot: Hex;
  /** The contract that holds the funds. */
  custody: Hex;
  /** How data may be published. */
  dataModes: string[];
  /** What transactions are signed for. */
  domain: Hex;
  /** Calls of a JSON-RPC batch. */
  maxBatchCalls: number;
  /** Levels that parameters may be nested. */
  maxDepth: number;
  /** Items of an array in a request or a response. */
  maxItems: number;
  /** The largest request, bytes. */
  maxRequestBytes: number;
  /** Who signs receipts. */
  receiptSigner: Hex;
  /** Requests a second of one client address. */
  requestsPerSecond: number;
  /** The rollup's contract. */
  rollup: Hex;
  /** The program's version. */
  version: string;
}

/** How far behind each stage is. */
export interface Lag {
  /** In the order of the pipeline. */
  stages: StageLag[];
  /** Why intake refuses, if it does. */
  throttled?: string | null;
}

/** The stages that a transaction has reached. */
export interface Life {
  /** When it was accepted. */
  acceptedMs: number;
  /** When its batch was sealed. */
  batchedMs?: number | null;
  /** Where L1 has its batch. */
  committed?: OnL1 | null;
  /** Why it will not be executed. */
  dropped?: DroppedAt | null;
  /** Whether the proof has enough confirmations. */
  finalized: boolean;
  /**
   * When the operator saw that; unknown for what became final under a version that did not note
   * it.
   */
  finalizedMs?: number | null;
  /** Its block. */
  inBlock?: InBlockAt | null;
  /** Where L1 has the proof. */
  proven?: OnL1 | null;
  /** The last stage. */
  stage: Stage;
}

/** Where a transaction was mined, and what was paid for it. */
export interface MinedView {
  /** Blob gas used. */
  blobGas: number;
  /** Wei a blob gas. */
  blobGasPrice: string;
  /** The block's number. */
  block: number;
  /** Gas used. */
  gas: number;
  /** Wei a gas. */
  gasPrice: string;
  /** Whether it succeeded. */
  success: boolean;
}

/** The next nonce to sign. */
export interface NextNonce {
  /** As executed. */
  executed: number;
  /** The account. */
  id: number;
  /** Counting what waits. */
  next: number;
}

/** A place on L1. */
export interface OnL1 {
  /** The block's timestamp. */
  atMs: number;
  /** Block number. */
  block: number;
  /** Block hash. */
  blockHash: Hex;
  /** The L1 transaction. */
  transaction: Hex;
}

/** Accounts of a key, by id. */
export interface OwnedAccounts {
  /** Those that fit an answer. */
  accounts: AccountView[];
  /** Ask again from this id for more. */
  more?: number | null;
}

/** How a proof was made. It may cover several batches. */
export interface ProofMade {
  /** Chunks of all of them. */
  chunks: number;
  /** The first batch that it covers. */
  first: number;
  /** The last. */
  last: number;
  /** When the proof was there. */
  madeMs: number;
  /** What each stage took, in their order; stages may overlap. */
  stages: ProvingStage[];
  /** When proving began. */
  startedMs: number;
}

/** That an account is in the state that L1 knows as proven. */
export interface ProofView {
  /** Quanta. */
  balance: string;
  /** The proven batch after which this is the state; 0 is genesis. */
  batch: number;
  /** The account's id. */
  id: number;
  /** Its key; 40 zero bytes if there is no such account. */
  key: Hex;
  /** The id of the next new account. */
  nextId: number;
  /** The number of the next token. */
  nextToken: number;
  /** Its nonce. */
  nonce: number;
  /** Root of the account tree. */
  root: Hex;
  /** The 32 siblings, the leaf's first. */
  siblings: Hex[];
  /** The state commitment: L1's `provenState` while this is the last proven batch. */
  state: Hex;
  /** Its token. */
  token: number;
}

/** What a stage of proving took. */
export interface ProvingStage {
  /** Seconds of all threads together. */
  cpuS: number;
  /** Its name. */
  name: string;
  /** Seconds by the clock. */
  wallS: number;
}

/** Where a batch's data goes. */
export interface PublicationView {
  /** The blobs' versioned hashes. */
  blobs: Hex[];
  /** `calldata`, `blobs`, `committee`. */
  dataMode: string;
  /** Wei that were expected to be paid when the mode was chosen. */
  estimateWei: string;
  /** When. */
  publishedMs: number;
}

/** What an assignment of a queue took. */
export interface QueueTime {
  /** The queue. */
  queue: string;
  /** Seconds. */
  seconds: number;
}

/** An operation of L1's queue. */
export interface QueuedView {
  /**
   * The account that a deposit asks for, or that a forced transaction is of. A deposit for an
   * account that has another key or token makes a new account.
   */
  account?: number | null;
  /** Quanta that are deposited, or that a forced transaction moves. */
  amount?: string | null;
  /** The sealed batch that executes it; none while it waits for that. */
  batch?: number | null;
  /** Its place in the queue, from 0. */
  index: number;
  /** The key that is given: the depositor's, a new account's, a new token's fee account's. */
  key?: Hex | null;
  /** `registerToken`, `deposit` or `forced`. */
  kind: string;
  /** Who has paid for it on L1. */
  origin: Hex;
  /** Of a new token: a quantum is ten to this power of its base units. */
  quantumExponent?: number | null;
  /** Where it was queued. */
  queued: OnL1;
  /** The L1 address that a forced withdrawal pays. */
  recipient?: Hex | null;
  /** The account that a forced transfer pays. */
  to?: number | null;
  /** The token. */
  token: number;
  /** What a forced transaction asks for. */
  transaction?: FeeKind | null;
}

/** A transaction of the operator on L1. */
export interface SettlementView {
  /** How many forms were signed, each with higher fees than the one before. */
  attempts: number;
  /** The first batch that it is for. */
  first?: number | null;
  /** The form that was mined, or the latest that was signed. */
  hash?: Hex | null;
  /** It is deep enough below L1's head. */
  isFinal: boolean;
  /** The last. */
  last?: number | null;
  /** What it has cost; none while it is not mined. */
  mined?: MinedView | null;
  /** Its nonce. */
  nonce: number;
  /** `commit`, `prove` or `cancel`. */
  purpose: string;
  /** When its first form was sent. */
  sentMs?: number | null;
}

/** The operator's signed word that a transaction is executed: docs/api.md. */
export interface SignedReceipt {
  /**
   * The batch of its block: L1 has the batch's data, from which anyone can see whether it is
   * executed there.
   */
  batch: number;
  /** Its block. */
  block: number;
  /** Its place among the block's operations, from 0. */
  position: number;
  /** r, s, v over the EIP-712 hash. */
  signature: Hex;
  /** State commitment after the block. */
  state: Hex;
  /** The transaction. */
  transaction: Hex;
}

/** How far a transaction has come. In this order, but for the last. */
export type Stage =
  /** It is durable and waits. */
  | 'accepted'
  /** It was executed and is confirmed by the operator's word. */
  | 'inBlock'
  /** Its batch is sealed. */
  | 'batched'
  /** L1 has its batch. */
  | 'committed'
  /** L1 has verified a proof of its batch. */
  | 'proven'
  /** That proof has enough confirmations. */
  | 'finalized'
  /** It will not be executed. */
  | 'dropped';

/** How far behind a stage is. */
export interface StageLag {
  /** How many wait for it. */
  behind: number;
  /** The last one that it is done with. */
  head: number;
  /** How long the oldest of them has waited, milliseconds. */
  oldestMs?: number | null;
  /**
   * `mempool`, `priority`, `sealing`, `publishing`, `proving`, `committing`, `settling`,
   * `finalizing`.
   */
  stage: string;
  /** What it counts: `transactions`, `operations`, `blocks`, `batches`. */
  unit: string;
}

/** A stage that a transaction has just reached. */
export interface StageNews {
  /** The transaction. */
  hash: Hex;
  /** Everything that is known then. */
  life: Life;
  /** The stage. */
  stage: Stage;
}

/** What a check of the store has found. */
export interface StoreCheck {
  /** What is wrong, the first hundred; empty if all is well. */
  faults: string[];
  /** Each table. */
  tables: TableRows[];
}

/** What compaction has brought. */
export interface StoreSizes {
  /** Bytes on disk after. */
  after: number;
  /** Bytes on disk before. */
  before: number;
}

/** What became of one transaction of many. */
export type SubmitOutcome =
  /** It is durable. */
  | {
    accepted: Submitted;
  }
  /** It is not taken. */
  | {
    refused: ErrorBody;
  };

/** A transaction that is durable. */
export interface Submitted {
  /** What it is known by. */
  hash: Hex;
  /** Its place in the operator's log. */
  sequence: number;
}

/** How many rows a table has. */
export interface TableRows {
  /** How many. */
  rows: number;
  /** Its name. */
  table: string;
}

/** A transaction and its life. */
export interface TransactionView {
  /** Quanta. */
  amount: string;
  /** As it was submitted. */
  bytes: Hex;
  /** Last second at which it may be executed; 0 for ever. */
  expiry: number;
  /** Quanta. */
  fee: string;
  /** The account that pays. */
  from: number;
  /** What it is known by. */
  hash: Hex;
  /** The key of the new account, or the account's new key. */
  key?: Hex | null;
  /** What it does. */
  kind: FeeKind;
  /** How far it has come. */
  life: Life;
  /** As signed. */
  nonce: number;
  /** The L1 address that a withdrawal pays. */
  recipient?: Hex | null;
  /** Its place in the operator's log. */
  sequence: number;
  /** The account that a transfer pays. */
  to?: number | null;
  /** As signed. */
  token: number;
}

/** What it takes to claim a withdrawal on L1: custody's `claim(batch, index, word, path)`. */
export interface WithdrawalView {
  /** Quanta. */
  amount: string;
  /** The batch. */
  batch: number;
  /**
   * Whether L1 has proven the batch. Whether it was claimed already, custody's `isClaimed`
   * says.
   */
  claimable: boolean;
  /** Its place among the batch's withdrawals. */
  index: number;
  /** Siblings in the batch's withdrawal tree, the leaf's first. */
  path: Hex[];
  /** Whom. */
  recipient: Hex;
  /** Root of that tree. */
  root: Hex;
  /** What is paid. */
  token: number;
  /** Its word. */
  word: Hex;
}

/** The methods: what each takes, and what it answers. */
export interface Methods {
  /**
   * Submits a signed transaction. Answered when it is durable; the same one again is answered
   * alike.
   */
  'cairn_submit': {
    params: {
      /** The 131 bytes of a signed transaction. */
      transaction: Hex;
    };
    result: Submitted;
  };
  /**
   * Submits several signed transactions, each with its own outcome, in their order. Answered
   * when all accepted ones are durable.
   */
  'cairn_submitMany': {
    params: {
      /** Signed transactions of 131 bytes each. */
      transactions: Hex[];
    };
    result: SubmitOutcome[];
  };
  /** A transaction with its whole life; null if the operator never accepted it. */
  'cairn_transaction': {
    params: {
      /** Its hash: the digest of its signed message. */
      hash: Hex;
    };
    result: TransactionView | null;
  };
  /** As `cairn_transaction`, for several: how far each has come. */
  'cairn_transactions': {
    params: {
      /** Their hashes. */
      hashes: Hex[];
    };
    result: (Life | null)[];
  };
  /** The operator's signed word that a transaction is executed in a block. */
  'cairn_receipt': {
    params: {
      /** Its hash: the digest of its signed message. */
      hash: Hex;
    };
    result: SignedReceipt;
  };
  /** An account after the last block; null if there is none with this id. */
  'cairn_account': {
    params: {
      /** Its id. */
      id: number;
    };
    result: AccountView | null;
  };
  /** Accounts in the order of their ids; empty past the last. */
  'cairn_accounts': {
    params: {
      /** The first id. */
      from: number;
      /** How many at most. */
      count: number;
    };
    result: AccountView[];
  };
  /** The accounts that a key has now. */
  'cairn_accountsOf': {
    params: {
      /** The key. */
      key: Hex;
      /** Only ids from this one on. */
      from?: number | null;
    };
    result: OwnedAccounts;
  };
  /** The next nonce that an account should sign, counting what waits. */
  'cairn_nonce': {
    params: {
      /** Its id. */
      id: number;
    };
    result: NextNonce;
  };
  /** What a transaction should pay now. */
  'cairn_estimateFee': {
    params: {
      /** The token of the leaf that pays. */
      token: number;
      /** What kind of transaction. */
      kind: FeeKind;
    };
    result: FeeEstimate;
  };
  /** An account and its Merkle path in the last state that L1 has proven. */
  'cairn_proof': {
    params: {
      /** Its id. */
      id: number;
    };
    result: ProofView;
  };
  /** A block. */
  'cairn_block': {
    params: {
      /** Its number, from 1. */
      number: number;
    };
    result: BlockView;
  };
  /** A sealed batch. */
  'cairn_batch': {
    params: {
      /** Its number, from 1. */
      number: number;
    };
    result: BatchView;
  };
  /** What it takes to claim the withdrawal of a transaction on L1. */
  'cairn_withdrawal': {
    params: {
      /** Its hash: the digest of its signed message. */
      hash: Hex;
    };
    result: WithdrawalView;
  };
  /** As `cairn_withdrawal`, by its place; also for withdrawals that were forced on L1. */
  'cairn_withdrawalAt': {
    params: {
      /** The batch. */
      batch: number;
      /** Its place among the batch's withdrawals, from 0. */
      index: number;
    };
    result: WithdrawalView;
  };
  /**
   * Operations of L1's queue in their order, with the batch that executes each; empty past the
   * last.
   */
  'cairn_queue': {
    params: {
      /** The first place, from 0. */
      from: number;
      /** How many at most; an answer has no more than 100. */
      count: number;
    };
    result: QueuedView[];
  };
  /**
   * What an account has signed and the transfers that name it, the latest first. Looks at a
   * bounded part of the operator's log: ask again with `before` while there is one.
   */
  'cairn_history': {
    params: {
      /** The account. */
      id: number;
      /** Only those before this place of the operator's log. */
      before?: number | null;
    };
    result: History;
  };
  /**
   * The operator's own transactions on L1, the latest first: what each was for and what it has
   * cost.
   */
  'cairn_settlements': {
    params: {
      /** How many at most; an answer has no more than 64. */
      count: number;
      /** Only those before this nonce. */
      before?: number | null;
    };
    result: SettlementView[];
  };
  /** The last block and batches. */
  'cairn_head': {
    params: Record<string, never>;
    result: Head;
  };
  /** How far behind each stage is. */
  'cairn_lag': {
    params: Record<string, never>;
    result: Lag;
  };
  /** Who the operator is, and what it takes. */
  'cairn_info': {
    params: Record<string, never>;
    result: Info;
  };
  /** This description. */
  'rpc.discover': {
    params: Record<string, never>;
    result: unknown;
  };
  /** Stops the sequencer from making blocks; intake goes on. */
  'cairn_admin_pause': {
    params: Record<string, never>;
    result: null;
  };
  /** Lets the sequencer go on. */
  'cairn_admin_resume': {
    params: Record<string, never>;
    result: null;
  };
  /** Seals the open batch now. */
  'cairn_admin_seal': {
    params: Record<string, never>;
    result: null;
  };
  /** Has a batch proven again. */
  'cairn_admin_requeue': {
    params: {
      /** Its number, from 1. */
      number: number;
    };
    result: null;
  };
  /** Refuses transactions, seals what there is, and stops when it is settled. */
  'cairn_admin_drain': {
    params: Record<string, never>;
    result: null;
  };
  /** The workers that prove, and what proofs wait for. */
  'cairn_admin_fleet': {
    params: Record<string, never>;
    result: Fleet;
  };
  /** Has a worker end with what it holds. */
  'cairn_admin_fleetDrain': {
    params: {
      /** Its name. */
      name: string;
    };
    result: null;
  };
  /** Believes a worker no more; what it holds is given to others. */
  'cairn_admin_fleetQuarantine': {
    params: {
      /** Its name. */
      name: string;
    };
    result: null;
  };
  /** Gives a worker or an assignment that is quarantined another chance. */
  'cairn_admin_fleetRetry': {
    params: {
      /** Its name. */
      name: string;
    };
    result: null;
  };
  /**
   * Reads every row of the store and holds its tables against each other. Takes minutes of a
   * large store: ask over a WebSocket.
   */
  'cairn_admin_check': {
    params: Record<string, never>;
    result: StoreCheck;
  };
  /**
   * Gives back the room of rows that were removed from the store. Takes minutes of a large
   * store: ask over a WebSocket.
   */
  'cairn_admin_compact': {
    params: Record<string, never>;
    result: StoreSizes;
  };
  /**
   * Copies the whole store into one file on the operator's machine. Takes minutes of a large
   * store: ask over a WebSocket.
   */
  'cairn_admin_backup': {
    params: {
      /** An absolute path on the operator's machine, where no file is yet. */
      file: string;
    };
    result: BackedUp;
  };
}

/** The subscriptions: what each takes, and what it sends. */
export interface Subscriptions {
  /** Every block from now on, without its operations. */
  'cairn_subscribeBlocks': {
    params: Record<string, never>;
    news: BlockView;
  };
  /** Every sealed batch from now on. */
  'cairn_subscribeBatches': {
    params: Record<string, never>;
    news: BatchView;
  };
  /**
   * Every stage of a transaction, once, those reached already first; ends with `finalized` or
   * `dropped`.
   */
  'cairn_subscribeTransaction': {
    params: {
      /** Its hash: the digest of its signed message. */
      hash: Hex;
    };
    news: StageNews;
  };
}

/** The names that belong to each subscription. */
export const SUBSCRIPTIONS = {
  cairn_subscribeBlocks: {
    subscribe: 'cairn_subscribeBlocks',
    message: 'cairn_newBlock',
    unsubscribe: 'cairn_unsubscribeBlocks',
  },
  cairn_subscribeBatches: {
    subscribe: 'cairn_subscribeBatches',
    message: 'cairn_newBatch',
    unsubscribe: 'cairn_unsubscribeBatches',
  },
  cairn_subscribeTransaction: {
    subscribe: 'cairn_subscribeTransaction',
    message: 'cairn_newStage',
    unsubscribe: 'cairn_unsubscribeTransaction',
  },
} as const;
