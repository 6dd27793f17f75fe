// An account, and all accounts of a key.

import type { AccountView, TransactionView } from "@cairn/client";
import { useState } from "preact/hooks";
import { useAsk } from "../api/ask.ts";
import { ApiError, call } from "../api/rpc.ts";
import { count, decimal } from "../format.ts";
import { Badge } from "../parts/badge.tsx";
import { Facts, Panel, Shown } from "../parts/panel.tsx";
import { Table } from "../parts/table.tsx";
import { Ago, Go, Hex } from "../parts/text.tsx";
import { KINDS, stageTone, STAGES } from "./life.tsx";

export function AccountPage({ id }: { id: number }) {
  const asked = useAsk(
    `account ${id}`,
    (signal) => call("cairn_account", { id }, signal),
    5_000,
  );
  return (
    <>
      <h1>Account {id}</h1>
      <Shown asked={asked}>
        {(account) =>
          account ? (
            <>
              <div class="columns">
                <Leaf account={account} />
                <Proven id={id} />
              </div>
              <HistoryOf id={id} />
              <OwnedBy keyOf={account.key} title="Accounts of the same key" />
            </>
          ) : (
            <p class="note">There is no account with this id.</p>
          )
        }
      </Shown>
    </>
  );
}

export function KeyPage({ keyOf }: { keyOf: AccountView["key"] }) {
  return (
    <>
      <h1>Key</h1>
      <Panel title="Key">
        <p>
          <Hex of={keyOf} whole />
        </p>
      </Panel>
      <OwnedBy keyOf={keyOf} title="Its accounts" />
    </>
  );
}

function Leaf({ account }: { account: AccountView }) {
  const { nonce, nextNonce } = account;
  return (
    <Panel title="After the last block" aside={<span class="soft">the operator's word</span>}>
      <Facts
        rows={[
          ["Balance", `${decimal(account.balance)} quanta of token ${account.token}`],
          ["Executed nonces", count(nonce)],
          ["Next nonce", nextNonce === nonce ? count(nextNonce) : `${count(nextNonce)}: ${count(nextNonce - nonce)} wait`],
          ["Key", <Hex of={account.key} to={["keys", account.key]} />],
        ]}
      />
    </Panel>
  );
}

function Proven({ id }: { id: number }) {
  const asked = useAsk(`proof ${id}`, async (signal) => {
    try {
      return await call("cairn_proof", { id }, signal);
    } catch (error) {
      if (error instanceof ApiError && error.reason === "not_yet") return error.message;
      throw error;
    }
  }, 15_000);
  return (
    <Panel title="As L1 has proven it">
      <Shown asked={asked}>
        {(proof) =>
          typeof proof === "string" ? (
            <p class="note">{proof}</p>
          ) : (
            <Facts
              rows={[
                ["Balance", `${decimal(proof.balance)} quanta`],
                ["Executed nonces", count(proof.nonce)],
                [
                  "After batch",
                  proof.batch === 0 ? "genesis" : <Go to={["batches", proof.batch]}>{count(proof.batch)}</Go>,
                ],
                ["Root of the tree", <Hex of={proof.root} />],
                ["State", <Hex of={proof.state} />],
                ["Merkle path", `${proof.siblings.length} siblings, in cairn_proof`],
              ]}
            />
          )
        }
      </Shown>
    </Panel>
  );
}

/** The operator's log has no index by account: it is looked through from its end, a part at a time. */
function HistoryOf({ id }: { id: number }) {
  const [older, setOlder] = useState<{ id: number; rows: TransactionView[]; before: number | null | undefined }>();
  const latest = useAsk(
    `history ${id}`,
    (signal) => call("cairn_history", { id }, signal),
    10_000,
  );
  const known = older?.id === id ? older : undefined;
  return (
    <Panel title="History" aside={<span class="soft">the latest first</span>}>
      <Shown asked={latest}>
        {(history) => {
          const rows = new Map([...(known?.rows ?? []), ...history.transactions].map((row) => [row.sequence, row]));
          const before = known ? known.before : history.before;
          const sorted = [...rows.values()].sort((a, b) => b.sequence - a.sequence);
          const more = async () => {
            const next = await call("cairn_history", { id, before });
            setOlder({ id, rows: [...sorted, ...next.transactions], before: next.before });
          };
          return <HistoryTable id={id} rows={sorted} more={before == null ? undefined : more} />;
        }}
      </Shown>
      <p class="note">
        What it has signed, and transfers that name it. Deposits and forced operations are in{" "}
        <Go to={["queue"]}>L1's queue</Go>; what made the account, where a transfer to a new key did,
        is in its payer's history.
      </p>
    </Panel>
  );
}

interface HistoryTableProps {
  id: number;
  rows: TransactionView[];
  more: (() => Promise<void>) | undefined;
}

function HistoryTable({ id, rows, more }: HistoryTableProps) {
  const [error, setError] = useState("");
  const ask = () => {
    setError("");
    more?.().catch((cause: unknown) => setError(cause instanceof Error ? cause.message : String(cause)));
  };
  return (
    <>
      <Table
        caption={`Transactions of account ${id}`}
        rows={rows}
        name={(row) => row.sequence}
        empty={more ? "None in the last part of the operator's log." : "None in the operator's log."}
        columns={[
          { head: "Transaction", cell: ({ hash }) => <Hex of={hash} to={["tx", hash]} /> },
          { head: "Kind", cell: ({ kind }) => KINDS[kind] ?? kind },
          { head: "With", cell: (row) => <Other id={id} row={row} /> },
          {
            head: "Quanta",
            isFigure: true,
            cell: ({ from, to, amount }) =>
              `${from === to || amount === "0" ? "" : from === id ? "−" : "+"}${decimal(amount)}`,
          },
          { head: "Stage", cell: ({ life: { stage } }) => <Badge tone={stageTone(stage)}>{STAGES[stage] ?? stage}</Badge> },
          { head: "Accepted", cell: ({ life }) => <Ago ms={life.acceptedMs} /> },
        ]}
      />
      {error && (
        <p class="note fault" role="status">
          {error}
        </p>
      )}
      {more && (
        <button type="button" onClick={ask}>
          Look further back
        </button>
      )}
    </>
  );
}

function Other({ id, row }: { id: number; row: TransactionView }) {
  if (row.recipient) return <Hex of={row.recipient} />;
  if (row.key) return <Hex of={row.key} to={["keys", row.key]} />;
  const other = row.from === id ? row.to : row.from;
  return other == null ? <>–</> : <Go to={["accounts", other]}>account {other}</Go>;
}

function OwnedBy({ keyOf, title }: { keyOf: AccountView["key"]; title: string }) {
  const [from, setFrom] = useState<number>();
  const asked = useAsk(
    `owned ${keyOf} ${from}`,
    (signal) => call("cairn_accountsOf", { key: keyOf, from: from ?? null }, signal),
    15_000,
  );
  return (
    <Panel title={title} aside={<span class="soft">one for each token, or several</span>}>
      <Shown asked={asked}>
        {({ accounts, more }) => (
          <>
            <AccountTable accounts={accounts} />
            {more != null && (
              <button type="button" onClick={() => setFrom(more)}>
                More accounts
              </button>
            )}
          </>
        )}
      </Shown>
    </Panel>
  );
}

function AccountTable({ accounts }: { accounts: AccountView[] }) {
  return (
    <Table
      caption="Accounts of the key"
      rows={accounts}
      name={({ id }) => id}
      empty="The key has no account."
      columns={[
        { head: "Account", cell: ({ id }) => <Go to={["accounts", id]}>{id}</Go> },
        { head: "Token", isFigure: true, cell: ({ token }) => count(token) },
        { head: "Quanta", isFigure: true, cell: ({ balance }) => decimal(balance) },
        { head: "Nonce", isFigure: true, cell: ({ nonce }) => count(nonce) },
      ]}
    />
  );
}
