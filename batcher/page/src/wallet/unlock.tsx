// To a key: by a signature of the reader's wallet, or by a seed.

import { deriveKey, fromHex, type Info, SecretKey, signerOf, toHex } from "@cairn/client";
import { useState } from "preact/hooks";
import { Panel } from "../parts/panel.tsx";
import { Copy } from "../parts/text.tsx";
import { Doing, Field, text } from "./doing.tsx";
import { connect, injected } from "./provider.ts";
import { type Connection, rollupOf } from "./session.ts";

interface UnlockProps {
  info: Info;
  give: (key: SecretKey, connection: Connection | undefined) => void;
}

const SEED = /^(0x)?[0-9a-fA-F]{64}$/;

export function Unlock({ info, give }: UnlockProps) {
  const provider = injected();
  const byWallet = async () => {
    if (!provider) throw new Error("This browser has no wallet of L1.");
    const account = await connect(provider, info.chainId);
    const key = await deriveKey(rollupOf(info), account, signerOf(provider, account));
    give(key, { provider, account });
    return "";
  };
  const bySeed = async (fields: FormData) => {
    const seed = text(fields, "seed");
    if (!SEED.test(seed)) throw new Error("A seed is 32 bytes: 64 digits of hex.");
    rollupOf(info);
    const key = SecretKey.fromSeed(fromHex("seed", seed.startsWith("0x") ? seed : `0x${seed}`, 32));
    // Deposits and claims need the wallet, transfers do not: without it, the key alone.
    const connection = provider && fields.get("connect") ? { provider, account: await connect(provider, info.chainId) } : undefined;
    give(key, connection);
    return "";
  };
  return (
    <div class="columns">
      <Panel title="By your wallet">
        <p class="note">
          Your wallet of L1 signs one text, twice: if both signatures are the same, they are your key here, and the same wallet
          gives it again on every machine. The text says what it is for. It costs nothing and moves nothing.
        </p>
        {provider ? (
          <Doing action="Get the key from my wallet" run={byWallet} />
        ) : (
          <p class="note">This browser has no wallet of L1. A seed works without one, for transfers and withdrawals.</p>
        )}
      </Panel>
      <Panel title="By a seed">
        <p class="note">
          For wallets that sign the same text in two ways, and for keys from elsewhere: <code>cairn wallet export</code> writes such
          a seed. Whoever has it has your accounts. This page keeps it in memory until you leave the view.
        </p>
        <Doing action="Use this seed" run={bySeed}>
          <Field label="Seed" name="seed" type="password" placeholder="64 digits of hex" />
          {provider && (
            <label class="tick">
              <input type="checkbox" name="connect" defaultChecked /> connect my wallet of L1 as well, for deposits and claims
            </label>
          )}
        </Doing>
        <NewSeed />
      </Panel>
    </div>
  );
}

function NewSeed() {
  const [seed, setSeed] = useState<string>();
  if (seed === undefined) {
    return (
      <button type="button" onClick={() => setSeed(toHex(crypto.getRandomValues(new Uint8Array(32))))}>
        Make a new seed
      </button>
    );
  }
  return (
    <p class="whole">
      <span class="hex">{seed}</span> <Copy text={seed} what="Copy the seed" />
      <span class="soft"> Write it down before you use it: nobody can give it back to you.</span>
    </p>
  );
}
