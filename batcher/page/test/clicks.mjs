// What the wallet sends when it is clicked, field by field: a played service and a played wallet of L1 write down what
// they are asked. wallet.mjs does the same for real.

import assert from "node:assert/strict";
import { decodeTransaction, keyRequestHash, publicKeyFromHex, rollupDomain, rootFromPath, SecretKey, stateCommitment, transactionHash, verify } from "@cairn/client";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { serve } from "../tools/serve.mjs";
import { browser, inaccessible, open, overflow, visit } from "./browser.mjs";
import { answers, play } from "./played.mjs";

const hex = (bytes) => `0x${Buffer.from(bytes).toString("hex")}`;
const word = (value) => BigInt(value).toString(16).padStart(64, "0");
const selector = (signature) => hex(keccak_256(new TextEncoder().encode(signature))).slice(0, 10);
const words = (data) => [...data.slice(10).matchAll(/.{64}/g)].map(([one]) => BigInt(`0x${one}`));

const honest = answers();
const info = honest.cairn_info();
const rollup = { chainId: info.chainId, address: info.rollup };
const domain = rollupDomain(rollup);

// --- a wallet of L1 ---

const secret = new Uint8Array(32).fill(9);
const account = hex(keccak_256(secp256k1.getPublicKey(secret, false).subarray(1)).subarray(12));
const sent = [];
let isSteady = true;
const ETH_QUANTUM = 9;
const FEE = 1_000_000_000_000n;
const TOKEN = `0x${"7c".repeat(20)}`;
/** A token with a hostile name. */
const SYMBOL = `<b onmouseover=alert(1)>USD\u202e</b>`;
const bytes = Buffer.from(SYMBOL).toString("hex");
/** The proven state, in which the account that pays has a nonce. */
const prove = (nonce) => {
  const leaf = { key: `0x${"11".repeat(40)}`, token: 0, nonce, balance: 2_000_000_000n };
  const siblings = Array(32).fill(`0x${"00".repeat(32)}`);
  const root = rootFromPath(70_000, leaf, siblings);
  const state = stateCommitment(root, 80_000, 2);
  return { id: 70_000, batch: 3, ...leaf, balance: String(leaf.balance), siblings, root, nextId: 80_000, nextToken: 2, state };
};
let proven = prove(4);
const CALLS = {
  [selector("tokenAt(uint16)")]: ([index]) => `0x${index === 0n ? word(0) : word(TOKEN)}${word(1)}${word(index === 0n ? ETH_QUANTUM : 2)}${word(0)}`,
  [selector("symbol()")]: () => `0x${word(32)}${word(bytes.length / 2)}${bytes.padEnd(128, "0")}`,
  [selector("decimals()")]: () => `0x${word(6)}`,
  [selector("balanceOf(address)")]: () => `0x${word(10_000_000n)}`,
  [selector("allowance(address,address)")]: () => `0x${word(0)}`,
  [selector("PRIORITY_FEE()")]: () => `0x${word(FEE)}`,
  [selector("FORCED_TRANSACTIONS()")]: () => `0x${word(1)}`,
  [selector("isClaimed(uint32,uint256)")]: () => `0x${word(0)}`,
  [selector("provenState()")]: () => proven.state,
  [selector("frozenAt()")]: () => `0x${word(7)}`,
  [selector("credit(address,address)")]: ([, asset]) => `0x${word(asset === 0n ? 5_000_000_000n : 0n)}`,
};

function sign() {
  // The hash's signature, in another way each time where the wallet is not steady.
  const options = { prehash: false, format: "recovered", ...(isSteady ? {} : { extraEntropy: true }) };
  const recovered = secp256k1.sign(Buffer.from(keyRequestHash(rollup).slice(2), "hex"), secret, options);
  return hex(Uint8Array.of(...recovered.subarray(1), 27 + recovered[0]));
}

function wallet({ method, params }) {
  switch (method) {
    case "eth_requestAccounts":
      return [account];
    case "eth_chainId":
      return `0x${info.chainId.toString(16)}`;
    case "eth_signTypedData_v4":
      return sign();
    case "eth_getBalance":
      return "0xde0b6b3a7640000";
    case "eth_call":
      return CALLS[params[0].data.slice(0, 10)](words(params[0].data));
    case "eth_getBlockByNumber":
      return { timestamp: `0x${Math.floor(Date.now() / 1000).toString(16)}` };
    case "eth_sendTransaction":
      sent.push(params[0]);
      return `0x${word(sent.length)}`;
    case "eth_getTransactionReceipt":
      return { status: "0x1", blockNumber: "0x5", logs: [] };
    default:
      throw new Error(`the wallet does not know ${method}`);
  }
}

// --- a service ---

const submitted = [];
let isSilent = false;
let isForgotten = false;
let isMore = false;
let custody = info.custody;
let fee = "12";
/** What the next nonce waits for. */
let gate;
const mine = (id, token) => ({ id, key: `0x${"11".repeat(40)}`, token, nonce: 4, balance: "2000000000", nextNonce: 6 });
const played = await play({
  cairn_info: () => ({ ...info, domain, custody }),
  cairn_head: () => ({ ...honest.cairn_head(), nextToken: 2 }),
  cairn_accountsOf: ({ from }) =>
    from == null
      ? { accounts: [mine(70_000, 0), mine(70_001, 1)], more: isMore ? 70_002 : null }
      : { accounts: [], more: from + 1 },
  // What was just sent: the list of accounts does not have it yet.
  cairn_nonce: async ({ id }) => (await gate, { id, executed: 4, next: 7 }),
  cairn_account: ({ id }) => ({ ...mine(id, 0), key: SecretKey.fromSeed(new Uint8Array(32).fill(3)).publicKey }),
  cairn_estimateFee: () => ({ token: 0, kind: "transfer", fee, floor: "10" }),
  cairn_proof: () => proven,
  cairn_submit: ({ transaction }) => {
    submitted.push(transaction);
    // On disk, and the answer is lost.
    if (isSilent) return { hash: `0x${"00".repeat(32)}`, sequence: 1 };
    return { hash: transactionHash(domain, decodeTransaction(transaction).transaction), sequence: 1 };
  },
  cairn_transactions: ({ hashes }) => hashes.map(() => (isForgotten ? null : honest.cairn_transaction({ hash: honest.cairn_history({}).transactions[2].hash }).life)),
});
const served = await serve(`http://127.0.0.1:${played.address().port}`);
const origin = `http://127.0.0.1:${served.address().port}`;
const chromium = await browser();
const { page, complaints, close } = await open(chromium, { width: 1600, scheme: "light" }, origin);
await page.exposeFunction("askL1", (request) => wallet(request));
await page.addInitScript(() => (globalThis.ethereum = { request: (request) => globalThis.askL1(request) }));
const panel = (title) => page.locator("section.panel", { has: page.locator(`h2:text-is("${title}")`) });

await visit(page, origin, "wallet");
isSteady = false;
await page.click("text=Get the key from my wallet");
await page.locator(".fault", { hasText: "in two ways" }).waitFor();
isSteady = true;
await page.click("text=Get the key from my wallet");
await panel("Your accounts").locator("td", { hasText: "2 ETH" }).waitFor();
const key = await panel("Your key").locator(".hex").first().textContent();

// The token's name is letters alone, wherever it stands.
const names = await panel("Deposit").locator("option").allTextContents();
assert.deepEqual(names, ["ETH", "bonmouseoveraler"]);

// A deposit of ETH: custody gets the fee and the amount, the account of the token is named.
const deposit = panel("Deposit");
await deposit.locator("input[name=amount]").fill("0.25");
await deposit.locator("button").click();
await panel("What you have sent").locator("li", { hasText: "Deposit of 0.25 ETH" }).waitFor();
const [first] = sent;
assert.deepEqual([first.from, first.to], [account, info.custody]);
assert.equal(BigInt(first.value), 250_000_000_000_000_000n + FEE);
assert.equal(first.data.slice(0, 10), selector("deposit(uint32,uint16,uint256,uint64[5])"));
assert.deepEqual(words(first.data).slice(0, 3), [70_000n, 0n, 250_000_000_000_000_000n]);
assert.deepEqual(words(first.data).slice(3), [...publicKeyFromHex("key", key)], "the key that is shown");

// Of a token: an allowance of just the amount first, then the deposit with the fee alone.
await deposit.locator("select").selectOption("1");
await deposit.locator("input[name=amount]").fill("1.5");
await deposit.locator("button").click();
await panel("What you have sent").locator("li", { hasText: "Deposit of 1.5" }).waitFor();
const [, allowance, second] = sent;
assert.deepEqual([allowance.to, BigInt(allowance.value)], [TOKEN, 0n]);
assert.equal(allowance.data, `${selector("approve(address,uint256)")}${word(info.custody)}${word(1_500_000)}`);
assert.equal(BigInt(second.value), FEE);
assert.deepEqual(words(second.data).slice(0, 3), [70_001n, 1n, 1_500_000n]);

// What cannot be is refused before anything is asked of the wallet.
const count = sent.length;
for (const [amount, word_] of [["1.23456789", "no multiple"], ["-1", "expected a number"], ["11", "has less than"], ["0", "is zero"]]) {
  await deposit.locator("select").selectOption("1");
  await deposit.locator("input[name=amount]").fill(amount);
  await deposit.locator("button").click();
  await deposit.locator(".fault", { hasText: word_ }).waitFor();
}
assert.equal(sent.length, count);

// A transfer: the fields, the payee's key, and a signature that holds.
const send = panel("Send");
const submit = async (fields, what) => {
  for (const [name, value] of Object.entries(fields)) await send.locator(`input[name=${name}]`).fill(value);
  const count = submitted.length;
  await send.locator("button").click();
  await send.locator("p", { hasText: `${what} to` }).waitFor();
  assert.equal(submitted.length, count, "nothing is signed before the fee is shown");
  await send.locator('button:text-is("Sign and send")').click();
  await send.locator("p", { hasText: "It is accepted" }).waitFor();
  await panel("What you have sent").locator("li", { hasText: what }).first().waitFor();
  const { transaction, signature } = decodeTransaction(submitted.at(-1));
  assert.ok(verify(key, transactionHash(domain, transaction), signature), "the signature holds");
  const { expiry, ...rest } = transaction;
  assert.ok(Math.abs(expiry - Date.now() / 1000 - 172_800) < 120, "it ends after two days");
  return rest;
};
const common = { from: 70_000, nonce: 7, token: 0, fee: 12n };
const payeeKey = SecretKey.fromSeed(new Uint8Array(32).fill(3)).publicKey;
assert.deepEqual(await submit({ to: "65540", amount: "0.1" }, "Transfer of 0.1 ETH"), { type: "transfer", ...common, amount: 100_000_000n, to: 65_540, payeeKey });
await send.locator("text=Transfer to a new account").click();
assert.deepEqual(await submit({ to: payeeKey, amount: "0.2" }, "Transfer of 0.2 ETH"), { type: "transferToNew", ...common, amount: 200_000_000n, key: payeeKey });
await send.locator("text=Withdrawal to L1").click();
assert.deepEqual(await submit({ to: account, amount: "0.3" }, "Withdrawal of 0.3 ETH"), { type: "withdraw", ...common, amount: 300_000_000n, recipient: account });
const before = submitted.length;
/** The address with its last letter in the other case. */
const mistyped = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD";
for (const [to, amount, text] of [
  [`0x${"0".repeat(40)}`, "1", "which is nobody's"],
  [account, "3", "too little"],
  ["0x12", "1", "20 bytes"],
  [mistyped, "1", "copy it again"],
]) {
  await send.locator("input[name=to]").fill(to);
  await send.locator("input[name=amount]").fill(amount);
  await send.locator("button").click();
  await send.locator(".fault", { hasText: text }).waitFor();
}
assert.equal(submitted.length, before, "nothing of that was sent");

// Other fields take an offer back; a fee that is a large part of the amount has to be agreed to in words.
await send.locator("input[name=to]").fill(account);
await send.locator('button:text-is("Show the fee")').waitFor();
fee = "60000000";
await send.locator("input[name=amount]").fill("1");
await send.locator('button:text-is("Show the fee")').click();
await send.locator("p", { hasText: "a fee of 0.06 ETH: 1.06 ETH in all" }).waitFor();
await send.locator('button:text-is("Sign and send")').click();
await send.locator(".fault", { hasText: "I agree" }).waitFor();
assert.equal(submitted.length, before, "a dear fee is not paid by a click");
await send.locator("input[name=agreed]").fill("i agree");
await send.locator('button:text-is("Sign and send")').click();
await send.locator("p", { hasText: "It is accepted" }).waitFor();
assert.equal(decodeTransaction(submitted.at(-1)).transaction.fee, 60_000_000n);
fee = "12";

// Fields that are changed while the fee is asked for are not those of the offer.
let open_;
gate = new Promise((done) => (open_ = done));
await send.locator("input[name=to]").fill(account);
await send.locator("input[name=amount]").fill("0.4");
await send.locator('button:text-is("Show the fee")').click();
await send.locator("input[name=amount]").fill("0.5");
open_();
await send.locator(".fault", { hasText: "You have changed something" }).waitFor();
await send.locator('button:text-is("Show the fee")').waitFor();

// An answer that is lost: the same bytes go again, and no other transaction is signed meanwhile.
isSilent = isForgotten = true;
await send.locator("input[name=to]").fill(account);
await send.locator("input[name=amount]").fill("0.4");
await send.locator('button:text-is("Show the fee")').click();
await send.locator('button:text-is("Sign and send")').click();
await send.locator(".fault", { hasText: "sign no second one" }).waitFor();
const lost = submitted.at(-1);
const row = panel("What you have sent").locator("li", { hasText: "Withdrawal of 0.4 ETH" });
await row.locator("text=no answer").first().waitFor();
await send.locator('button:text-is("Sign and send"), button:text-is("Show the fee")').click();
await send.locator(".fault", { hasText: "sign no second one" }).waitFor();
isSilent = false;
const again = submitted.length;
await row.locator('button:text-is("Send the same again")').click();
await row.locator("text=unknown").first().waitFor();
isForgotten = false;
await row.locator("text=unknown").waitFor({ state: "detached" });
assert.ok(submitted.length > again, "it is sent again");
assert.deepEqual([...new Set(submitted.slice(submitted.indexOf(lost)))], [lost], "the same bytes alone");

// A forced withdrawal goes to the queue with the key's signature.
const forced = panel("Forced withdrawal");
await forced.locator("input[name=amount]").fill("0.05");
await forced.locator("button").click();
await forced.locator("p", { hasText: "nonce 4, which is proven on L1" }).waitFor();
await forced.locator("p", { hasText: "not executed (2) conflicts with it" }).waitFor();
await forced.locator('button:text-is("Sign and force it")').click();
await panel("What you have sent").locator("li", { hasText: "Forced withdrawal" }).waitFor();
const force = sent.at(-1);
assert.equal(BigInt(force.value), FEE);
assert.deepEqual(words(force.data).slice(0, 8), [0x12n, 70_000n, 4n, 0n, 50_000_000n, 0n, 0n, 0n]);

// Zero is refused; more than the account has is said before it costs something.
await forced.locator("input[name=amount]").fill("0");
await forced.locator('button:text-is("Force it")').click();
await forced.locator(".fault", { hasText: "is zero" }).waitFor();
await forced.locator("input[name=amount]").fill("3");
await forced.locator('button:text-is("Force it")').click();
await forced.locator("p", { hasText: "the account has only 2 ETH" }).waitFor();

// The operator says less than L1 has proven: nothing is signed. More: it is its word, and said to be that.
for (const [nonce, text] of [[5, "on L1 it is proven to have 5"], [3, "by the operator's word"]]) {
  proven = prove(nonce);
  await forced.locator("input[name=amount]").fill("0.06");
  await forced.locator('button:text-is("Force it")').click();
  await forced.locator("p", { hasText: text }).waitFor();
}

// A frozen rollup: credit is collected, exits are signed.
const leave = panel("Leaving after a freeze");
await leave.locator("text=L1 owes you 0.000000005 ETH").waitFor();
await leave.locator("button", { hasText: "Collect ETH" }).click();
await panel("What you have sent").locator("li", { hasText: "Credit in ETH" }).waitFor();
assert.deepEqual(words(sent.at(-1).data), [BigInt(account), 0n]);
await leave.locator("button", { hasText: "Sign the exit" }).click();
await leave.locator("text=Copy signed.csv").waitFor();

// Accounts that are not shown are told of.
assert.equal(await panel("Your accounts").locator("p", { hasText: "more accounts" }).count(), 0);
isMore = true;
await panel("Your accounts").locator("p", { hasText: "more accounts than the 2 with the lowest numbers" }).waitFor();

for (const width of [1600, 400]) {
  await page.setViewportSize({ width, height: 900 });
  assert.deepEqual(await inaccessible(page), [], `axe at ${width} pixels`);
  assert.equal(await overflow(page), 0, `${width} pixels hold it`);
  if (process.argv[2]) await page.screenshot({ path: `${process.argv[2]}/wallet-open-${width}.png`, fullPage: true });
}

// A service that is another rollup's all at once: the key is forgotten.
custody = `0x${"99".repeat(20)}`;
await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
await page.locator(".fault", { hasText: "another rollup's now" }).waitFor();
custody = info.custody;
await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
await page.waitForTimeout(300);
await page.click("text=Get the key from my wallet");
await panel("Your accounts").waitFor();

// Gone with the view: the key is not there any more.
await page.click("nav >> text=Batches");
await page.click("nav >> text=Wallet");
await page.waitForSelector("text=Get the key from my wallet");
assert.deepEqual(complaints.filter((one) => !/WebSocket connection/.test(one)), []);

// A service that names the domain of another rollup gets no signature.
const liar = await play({ cairn_info: () => ({ ...info, domain: `0x${"07".repeat(31)}` }) });
const front = await serve(`http://127.0.0.1:${liar.address().port}`);
await visit(page, `http://127.0.0.1:${front.address().port}`, "wallet");
await page.click("text=Get the key from my wallet");
await page.locator(".fault", { hasText: "sign nothing here" }).waitFor();

await close();
await chromium.close();
for (const server of [served, played, front, liar]) server.close(), server.closeAllConnections();
console.log("clicks: what is sent is what was asked for");
