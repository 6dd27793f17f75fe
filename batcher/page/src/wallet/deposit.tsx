// Money from L1 into an account here.

import { depositCall, toQuanta } from "@cairn/client";
import { Panel } from "../parts/panel.tsx";
import { address, encode, uint, word } from "./abi.ts";
import { Doing, Field, text } from "./doing.tsx";
import { read, receiptOf, send, WalletFault } from "./provider.ts";
import { type Connection, useSession } from "./session.ts";
import { balanceOnL1, isEther, shown, type Token } from "./tokens.ts";

/** No account has this id: the deposit makes a new one. */
const NEW = 0xffff_ffff;
const RECEIPT_MS = 1_000;
const PATIENCE_MS = 180_000;

export function Deposit({ connection: { provider, account } }: { connection: Connection }) {
  const { info, key, tokens, owned, add } = useSession();
  const { chainId } = info;

  /** Lets custody draw so much, if it may not yet, and waits until L1 says so. */
  const approve = async (token: Token, amount: bigint) => {
    const pair = [address(account), address(info.custody)];
    const allowed = word(await read(provider, token.asset, encode("allowance(address,address)", ...pair)), 0);
    if ((allowed ?? 0n) >= amount) return;
    const data = encode("approve(address,uint256)", address(info.custody), uint(amount));
    const hash = await send(provider, { chainId, from: account, to: token.asset, data });
    add({ kind: "l1", what: `Allowance of ${token.symbol} for the deposit`, hash, isQueued: false });
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const receipt = await receiptOf(provider, hash);
      if (receipt && !receipt.isGood) throw new WalletFault("The token has refused the allowance.");
      if (receipt) return;
      if (Date.now() > end) throw new WalletFault("L1 has not mined the allowance in three minutes: deposit again when it has.");
      await new Promise((done) => setTimeout(done, RECEIPT_MS));
    }
  };

  const run = async (fields: FormData) => {
    const token = tokens[Number(text(fields, "token"))];
    if (!token) throw new Error("Choose a token.");
    if (!owned.value) throw new Error("The operator has not said yet which accounts you have: a deposit now would make another one.");
    const mine = owned.value.accounts.find((one) => one.token === token.index);
    const quanta = toQuanta(text(fields, "amount"), token);
    if (quanta === 0n) throw new Error("The amount is zero.");
    const amount = quanta * 10n ** BigInt(token.quantumExponent);
    const has = await balanceOnL1(provider, token, account);
    if (has < amount) throw new Error(`Your account on L1 has less than ${shown(quanta, token)}.`);
    const fee = word(await read(provider, info.custody, encode("PRIORITY_FEE()")), 0);
    if (fee === undefined) throw new Error("Custody does not say what a deposit costs: is the contract's address right?");
    if (!isEther(token)) await approve(token, amount);
    const data = depositCall(mine?.id ?? NEW, token.index, amount, key.publicKey);
    const value = isEther(token) ? amount + fee : fee;
    const hash = await send(provider, { chainId, from: account, to: info.custody, data, value });
    add({ kind: "l1", what: `Deposit of ${shown(quanta, token)}`, hash, isQueued: true });
    return "It is sent to L1. What becomes of it is above.";
  };

  return (
    <Panel title="Deposit">
      <p class="note">
        From your account on L1. It is yours here once L1's block has the confirmations that the operator waits for; L1 takes a
        small fee in ETH with it.
      </p>
      <Doing action="Deposit" run={run}>
        <label class="field">
          <span>Token</span>
          <select name="token">
            {tokens.filter((token) => token !== undefined).map(({ index, symbol }) => (
              <option key={index} value={index}>
                {symbol}
              </option>
            ))}
          </select>
        </label>
        <Field label="Amount" name="amount" placeholder="1.5" />
      </Doing>
    </Panel>
  );
}
