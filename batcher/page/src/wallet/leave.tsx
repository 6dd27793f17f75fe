// The way out of a frozen rollup: what the key must sign, and what L1 has credited.

import { signExit } from "@cairn/client";
import { useState } from "preact/hooks";
import { useAsk } from "../api/ask.ts";
import { Panel, Shown } from "../parts/panel.tsx";
import { Copy, Hex } from "../parts/text.tsx";
import { address, encode, word } from "./abi.ts";
import { Doing } from "./doing.tsx";
import { useOwned } from "./owned.ts";
import { read, send, WalletFault } from "./provider.ts";
import { type Connection, useSession } from "./session.ts";
import { shown, type Token } from "./tokens.ts";

export function Leave({ connection: { provider, account } }: { connection: Connection }) {
  const { info, tokens, sent, add } = useSession();
  const areKnown = tokens.length > 0 && tokens.every((token) => token !== undefined);
  const asked = useAsk(
    "leave",
    async () => {
      const frozenAt = word(await read(provider, info.rollup, encode("frozenAt()")), 0);
      if (frozenAt === undefined) throw new WalletFault("L1 does not say whether the rollup is frozen.");
      if (frozenAt === 0n) return null;
      const credit = async (token: Token): Promise<[Token, bigint]> => {
        const data = encode("credit(address,address)", address(account), address(token.asset));
        return [token, word(await read(provider, info.custody, data), 0) ?? 0n];
      };
      const credits = await Promise.all(tokens.filter((token) => token !== undefined).map(credit));
      return credits.filter(([, amount]) => amount > 0n);
    },
    10_000,
    `${tokens.length} ${sent.length}`,
  );
  const collect = (token: Token) => async () => {
    const data = encode("collect(address,address)", address(account), address(token.asset));
    const hash = await send(provider, { chainId: info.chainId, from: account, to: info.custody, data });
    add({ kind: "l1", what: `Credit in ${token.symbol}`, hash, isQueued: false });
    return "It is sent to L1. What becomes of it is above.";
  };
  return (
    <Panel title="Leaving after a freeze">
      <Shown asked={asked}>
        {(credits) =>
          credits === null ? (
            <p class="note">The rollup is not frozen: money leaves it by withdrawals. You can sign an exit beforehand, and keep it.</p>
          ) : (
            <>
              {credits.length === 0 && areKnown && <p class="note">The rollup is frozen, and L1 has credited you nothing that you have not collected.</p>}
              {credits.map(([token, amount]) => (
                <div key={token.index}>
                  <p>L1 owes you {shown(amount / 10n ** BigInt(token.quantumExponent), token)}.</p>
                  <Doing action={`Collect ${token.symbol}`} run={collect(token)} />
                </div>
              ))}
            </>
          )
        }
      </Shown>
      <SignExit recipient={account} />
    </Panel>
  );
}

function SignExit({ recipient }: { recipient: string }) {
  const { info, key, owned } = useSession();
  const accounts = useOwned();
  const [list, setList] = useState("");
  const sign = async () => {
    if (accounts.length === 0) throw new Error("Your key has no account.");
    const rows = accounts.map(({ id }) => `${id},${recipient},${signExit(key, info.domain, id, recipient)}`);
    setList(`leaf,recipient,signature\n${rows.join("\n")}\n`);
    if (owned.value?.more != null) return `Signed for ${accounts.length} accounts. You have more: this page does not show them.`;
    return "Signed. It holds as long as the accounts have this key, and pays this address and no other.";
  };
  return (
    <>
      <p class="note">
        Once the rollup is frozen, anyone can prove your exit from the data on L1, with your signature: save the list, and give it
        to <code>cairn exit prove --leaves signed.csv</code>, or to somebody who proves for many. L1 credits{" "}
        <Hex of={recipient} /> then, and you collect it here.
      </p>
      <Doing action="Sign the exit of all my accounts" run={sign} />
      {list && (
        <p class="actions">
          <Copy text={list} what="Copy signed.csv" />
        </p>
      )}
    </>
  );
}
