import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { SecretKey, signTransaction } from "@cairn/client";
import { load } from "./load.mjs";

const abi = await load("wallet/abi.ts");
const { forceCall } = await load("wallet/force.ts");
const { lifeInWords, missingInWords, queuedInWords } = await load("wallet/states.ts");
const { connect, queuedLog, send, WalletFault } = await load("wallet/provider.ts");
const { balanceOnL1, tokensOf } = await load("wallet/tokens.ts");
const { expiryOf } = await load("wallet/expiry.ts");
const { moreInWords } = await load("wallet/owned.ts");

const word = (value) => BigInt(value).toString(16).padStart(64, "0");
const bytes = (text) => Buffer.from(text).toString("hex").padEnd(64, "0");

test("calls begin with the selectors that contracts have", () => {
  // From the ABI of ERC-20, which is written down everywhere.
  assert.equal(abi.encode("balanceOf(address)", abi.address(`0x${"Ab".repeat(20)}`)), `0x70a08231${"0".repeat(24)}${"ab".repeat(20)}`);
  assert.equal(abi.encode("approve(address,uint256)").slice(0, 10), "0x095ea7b3");
  assert.equal(abi.encode("symbol()"), "0x95d89b41");
  assert.equal(abi.topic("Transfer(address,address,uint256)"), "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
});

test("the contracts have what is called, in this form", async () => {
  const folder = new URL("../../../verifier-contracts/snapshots/abi/", import.meta.url);
  const entries = [];
  for (const file of ["Custody.json", "Rollup.json"]) entries.push(...JSON.parse(await readFile(new URL(file, folder), "utf8")));
  const form = ({ type, components }) => (type.startsWith("tuple") ? `(${components.map(form).join()})${type.slice(5)}` : type);
  const known = new Set(entries.filter(({ name }) => name).map(({ name, inputs }) => `${name}(${inputs.map(form).join()})`));
  const sources = await Promise.all(
    (await readdir(new URL("../src/wallet/", import.meta.url))).map((name) => readFile(new URL(`../src/wallet/${name}`, import.meta.url), "utf8")),
  );
  // Signatures are literals with types alone between the brackets; those of ERC-20 are not the contracts'.
  const called = sources.flatMap((source) => [...source.matchAll(/"(\w+\((?:[\w[\],()]*)\))"/g)].map(([, one]) => one));
  const foreign = ["balanceOf(address)", "allowance(address,address)", "approve(address,uint256)", "symbol()", "decimals()"];
  assert.ok(called.length >= 12, `found ${called}`);
  for (const one of called) assert.ok(known.has(one) || foreign.includes(one), `${one} is in no contract`);
});

test("a token's name is anybody's: a few letters of it are shown", () => {
  const dynamic = (text) => `0x${word(32)}${word(Buffer.byteLength(text))}${bytes(text)}`;
  assert.equal(abi.name(dynamic("USDC")), "USDC");
  assert.equal(abi.name(`0x${bytes("MKR")}`), "MKR");
  assert.equal(abi.name(dynamic("<img src=x onerror=1>")), "imgsrcxonerror1");
  assert.equal(abi.name(dynamic("\u202eCDSU")), "CDSU");
  assert.equal(abi.name(dynamic("A".repeat(32))), "A".repeat(16));
  for (const bad of ["0x", `0x${word(32)}${word(2n ** 255n)}`, `0x${word(32)}`]) assert.ok(abi.name(bad).length <= 16);
});

test("an answer that is too short has no word", () => {
  assert.equal(abi.word(`0x${word(7)}`, 0), 7n);
  assert.equal(abi.word(`0x${word(7)}`, 1), undefined);
  assert.equal(abi.word("0x", 0), undefined);
});

test("a forced withdrawal has the fields of the contract's struct, in its order", () => {
  const key = SecretKey.fromSeed(new Uint8Array(32).fill(7));
  const transaction = { type: "withdraw", from: 65536, nonce: 3, token: 1, amount: 5n, fee: 0n, recipient: `0x${"12".repeat(20)}` };
  const signed = signTransaction(key, `0x${"00".repeat(31)}`, transaction);
  const call = forceCall({ ...signed, transaction });
  assert.equal((call.length - 10) / 64, 20);
  const at = (place) => abi.word(`0x${call.slice(10)}`, place);
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 7].map(at), [0x12n, 65536n, 3n, 1n, 5n, 0n, 0n, 0n]);
  // The limbs are those of the signed bytes: target, challenge and response stand there as 8 bytes each.
  const limbs = [...signed.bytes.slice(2 + 2 * 35).matchAll(/.{16}/g)].map(([limb]) => BigInt(`0x${limb}`));
  assert.deepEqual(Array.from({ length: 12 }, (_, place) => at(8 + place)), limbs);
});

test("every state has a sentence", () => {
  const pace = { batches: 4, seal: 30_000, commit: 12_000, prove: 60_000, finalize: 5_000 };
  const at = (stage) => lifeInWords({ stage, dropped: stage === "dropped" ? { message: "expired at 5" } : null }, pace);
  const words = ["accepted", "inBlock", "batched", "committed", "proven", "finalized", "dropped"].map((stage) => at(stage).word);
  assert.deepEqual(words, ["accepted", "executed", "in a batch", "committed", "proven", "finalized", "dropped"]);
  assert.match(at("batched").text, /usually 12 s/);
  assert.match(at("dropped").text, /expired at 5/);
  assert.doesNotMatch(lifeInWords({ stage: "batched" }, undefined).text, /undefined|usually/);
  assert.equal(lifeInWords(undefined, pace).tone, "bad");
  assert.deepEqual(["open", "accepted", "refused"].map((standing) => missingInWords(standing, "its fee").canRepeat ?? false), [true, true, false]);
  assert.match(missingInWords("refused", "its fee").text, /its fee/);
  assert.equal(queuedInWords(5, undefined, 5, pace).word, "mined");
  assert.equal(queuedInWords(5, { batch: null }, 5, pace).word, "queued");
  assert.equal(queuedInWords(5, { batch: null }, 6, pace).word, "executed");
  assert.match(queuedInWords(5, { batch: 3 }, 6, pace).text, /batch 3/);
});

const played = (answers) => ({
  asked: [],
  async request({ method, params }) {
    this.asked.push(method);
    const answer = answers[method];
    if (answer instanceof Function) return answer(params);
    if (answer?.code) throw answer;
    return answer;
  },
});

test("a wallet on another chain is asked to change, and refused if it does not", async () => {
  const account = `0x${"AB".repeat(20)}`;
  let chain = "0x1";
  const willing = played({ eth_requestAccounts: [account], eth_chainId: () => chain, wallet_switchEthereumChain: ([{ chainId }]) => (chain = chainId) });
  assert.equal(await connect(willing, 31337), account.toLowerCase());
  assert.deepEqual(willing.asked, ["eth_requestAccounts", "eth_chainId", "wallet_switchEthereumChain", "eth_chainId"]);
  const stubborn = played({ eth_requestAccounts: [account], eth_chainId: "0x1", wallet_switchEthereumChain: null });
  await assert.rejects(connect(stubborn, 31337), { message: "The wallet is on chain 1, the rollup on chain 31337." });
  for (const shown of [[], ["x"], null, "0x"]) {
    await assert.rejects(connect(played({ eth_requestAccounts: shown }), 1), WalletFault);
  }
});

test("what a wallet refuses is said in words", async () => {
  const call = { chainId: 31337, from: "0x1", to: "0x2", data: "0x" };
  const onChain = (answers) => played({ eth_chainId: "0x7a69", ...answers });
  await assert.rejects(send(onChain({ eth_sendTransaction: { code: 4001, message: "x" } }), call), /You have refused it/);
  await assert.rejects(send(onChain({ eth_sendTransaction: { code: -1, message: "y".repeat(5_000) } }), call), ({ message }) => message.length < 400);
  await assert.rejects(send(onChain({ eth_sendTransaction: "done" }), call), /no hash/);
  const good = `0x${"0a".repeat(32)}`;
  assert.equal(await send(onChain({ eth_sendTransaction: good.toUpperCase().replace("0X", "0x") }), call), good);
});

test("a wallet that has gone to another chain sends nothing, and what it sends names the chain", async () => {
  const call = { chainId: 31337, from: "0x1", to: "0x2", data: "0x" };
  const gone = played({ eth_chainId: "0x1", eth_sendTransaction: `0x${"0a".repeat(32)}` });
  await assert.rejects(send(gone, call), { message: "The wallet is on chain 1, the rollup on chain 31337." });
  assert.ok(!gone.asked.includes("eth_sendTransaction"));
  let named;
  const there = played({ eth_chainId: "0x7a69", eth_sendTransaction: ([{ chainId }]) => ((named = chainId), `0x${"0a".repeat(32)}`) });
  await send(there, call);
  assert.equal(named, "0x7a69");
});

test("a token is known by what L1 says, and not by a node that fails", async () => {
  const asset = `0x${"7c".repeat(20)}`;
  const registered = `0x${word(BigInt(asset))}${word(1)}${word(2)}${word(0)}`;
  const of = async (decimals, tokenAt = registered) => {
    const selectors = { [abi.encode("tokenAt(uint16)")]: tokenAt, [abi.encode("decimals()")]: decimals, [abi.encode("symbol()")]: `0x${bytes("USD")}` };
    const provider = played({
      eth_call: ([{ data }]) => {
        const answer = selectors[data.slice(0, 10)];
        if (typeof answer === "string") return answer;
        throw answer;
      },
    });
    const [token] = await tokensOf(provider, `0x${"02".repeat(20)}`, 1);
    return token;
  };
  assert.deepEqual(await of(`0x${word(6)}`), { index: 0, asset, symbol: "USD", decimals: 6, quantumExponent: 2 });
  for (const none of ["0x", { code: 3, message: "x" }, { code: -32603, message: "execution reverted" }]) {
    assert.equal((await of(none)).decimals, 0, JSON.stringify(none));
  }
  for (const fault of [{ code: -32005, message: "too many requests" }, `0x${"00".repeat(16)}`]) {
    assert.equal(await of(fault), undefined, JSON.stringify(fault));
  }
  for (const short of ["0x", `0x${word(0)}`, `0x${word(0)}${word(1)}`, `0x${word(0)}${word(1)}${word(37)}${word(0)}`]) {
    assert.equal(await of(`0x${word(6)}`, short), undefined, short);
  }
});

test("accounts that are not shown are told of", () => {
  const accounts = Array.from({ length: 2_000 }, (_, at) => ({ id: 65_536 + at }));
  for (const none of [null, undefined]) assert.equal(moreInWords({ accounts, more: none }), undefined);
  assert.equal(
    moreInWords({ accounts, more: 67_536 }),
    "Your key has more accounts than the 2,000 with the lowest numbers, which are here: the others are in the explorer.",
  );
});

test("a place of the queue is what the rollup's contracts say, and no token", () => {
  const [rollup, custody, token] = ["aa", "bb", "cc"].map((two) => `0x${two.repeat(20)}`);
  const deposited = abi.topic("Deposited(uint64,address,uint16,uint32,uint256,uint64[5])");
  const log = (address, index, first = deposited) => ({ address, topics: [first, `0x${word(index)}`] });
  const find = (logs) => queuedLog(logs, [rollup, custody])?.topics[1];
  assert.equal(find([log(token, 7), log(custody, 3)]), `0x${word(3)}`);
  assert.equal(find([log(custody.toUpperCase().replace("0X", "0x"), 4)]), `0x${word(4)}`);
  assert.equal(find([log(rollup, 5, abi.topic("PriorityOperationQueued(uint64,bytes,address)"))]), `0x${word(5)}`);
  for (const none of [[], [log(token, 7)], [log(custody, 7, abi.topic("Claimed()"))], [{ address: custody, topics: [] }]]) {
    assert.equal(find(none), undefined);
  }
});

test("a balance that L1 does not tell is none, and not zero", async () => {
  const token = { index: 1, asset: `0x${"7c".repeat(20)}`, symbol: "USD", decimals: 6, quantumExponent: 2 };
  const ether = { ...token, asset: `0x${"00".repeat(20)}`, symbol: "ETH" };
  const owner = `0x${"05".repeat(20)}`;
  const of = (one, answer) => balanceOnL1(played({ eth_call: answer, eth_getBalance: answer }), one, owner);
  assert.equal(await of(token, `0x${word(7)}`), 7n);
  assert.equal(await of(ether, "0x7"), 7n);
  for (const one of [token, ether]) {
    for (const bad of ["0x", null, {}, { code: -32603, message: "busy" }]) await assert.rejects(of(one, bad), /does not say|with no bytes|The wallet says/);
  }
});

test("what is signed ends after two days of L1's clock, which is not far from this machine's", async () => {
  const at = (timestamp) => expiryOf(played({ eth_getBlockByNumber: timestamp === null ? null : { timestamp } }));
  const now = Math.floor(Date.now() / 1000);
  for (const off of [0, -3_500, 3_500]) assert.equal(await at(`0x${(now + off).toString(16)}`), now + off + 172_800);
  for (const off of [-3_700, 3_700]) await assert.rejects(at(`0x${(now + off).toString(16)}`), /more than an hour off/);
  for (const none of [null, undefined, "soon", "0x"]) await assert.rejects(at(none), /does not say what time it is/);
});
