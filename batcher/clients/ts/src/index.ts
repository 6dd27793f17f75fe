// @cairn/client: keys, signatures, transactions and the API of a Cairn rollup.

export { addressBytes } from './address.js';
export {
  AmountError,
  AMOUNT_LIMIT,
  fromQuanta,
  isShortAmount,
  isShortFee,
  quantaOf,
  toQuanta,
} from './amounts.js';
export type { TokenUnits } from './amounts.js';
export { fromHex, InputError, toHex } from './bytes.js';
export type { Hex } from './bytes.js';
export { Client, WaitError } from './client.js';
export type { AccountsOptions, AwaitedStage, CallOptions, WaitOptions } from './client.js';
export { rollupDomain } from './domain.js';
export type { Rollup } from './domain.js';
export { exitHash, signExit } from './exit.js';
export { compress, digestFromHex, digestToHex, hash, Tag } from './hash.js';
export type { Digest } from './hash.js';
export { httpTransport } from './http.js';
export type { HttpOptions } from './http.js';
export {
  claimCall,
  decodeWithdrawal,
  depositCall,
  readProvenState,
  withdrawalsRoot,
} from './l1.js';
export type { Withdrawal } from './l1.js';
export { NO_KEY, publicKeyFromHex, publicKeyToHex } from './public-key.js';
export {
  checkReceipt,
  contradiction,
  contradictsBlock,
  receiptHash,
  ReceiptError,
} from './receipt.js';
export type { Contradiction } from './receipt.js';
export { ConnectionError, RpcError } from './rpc.js';
export type { RequestOptions, SubscriptionNames, Transport } from './rpc.js';
export type * from './rpc-types.js';
export { checkSignature, signatureFromHex, signatureToHex, verify } from './schnorr.js';
export type { Signature } from './schnorr.js';
export { SecretKey } from './secret-key.js';
export { checkProof, ProofError, rootFromPath, stateCommitment, TREE_DEPTH } from './state.js';
export type { Account } from './state.js';
export {
  decodeTransaction,
  encodeTransaction,
  signTransaction,
  transactionHash,
  TRANSACTION_BYTES,
} from './transaction.js';
export type {
  ChangeKey,
  SignedTransaction,
  Transaction,
  Transfer,
  TransferToNew,
  Withdraw,
} from './transaction.js';
export {
  deriveKey,
  deriveSeed,
  keyRequest,
  keyRequestHash,
  signerOf,
  WalletError,
} from './wallet.js';
export type { Eip1193Provider, SignTypedData, TypedData } from './wallet.js';
export { webSocketTransport } from './websocket.js';
export type { WebSocketConstructor, WebSocketLike, WebSocketOptions } from './websocket.js';
