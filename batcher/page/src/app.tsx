// The page: head, views by path, and the service's standing on every one of them.

import { useEffect, useRef, useState } from "preact/hooks";
import { LiveProvider, useLive } from "./api/ask.ts";
import { follow, type Live, nothing } from "./api/live.ts";
import { AccountPage, KeyPage } from "./explorer/account.tsx";
import { BatchPage } from "./explorer/batch.tsx";
import { BlockPage } from "./explorer/block.tsx";
import { WithdrawalPage } from "./explorer/claim.tsx";
import { Batches, Blocks } from "./explorer/lists.tsx";
import { Overview } from "./explorer/overview.tsx";
import { QueuedPage, QueuePage } from "./explorer/queue.tsx";
import { SearchBox } from "./explorer/searchbox.tsx";
import { TransactionPage } from "./explorer/transaction.tsx";
import { Operator } from "./operator/operator.tsx";
import { Guard } from "./parts/guard.tsx";
import { Wallet } from "./wallet/wallet.tsx";
import { bytes, link, usePath, whole } from "./router.ts";

const TABS: [string, string][] = [
  ["", "Rollup"],
  ["batches", "Batches"],
  ["blocks", "Blocks"],
  ["queue", "L1's queue"],
  ["operator", "Operator"],
  ["wallet", "Wallet"],
];
const U32 = 0xffff_ffff;

export function App() {
  const [live, setLive] = useState<Live>(nothing);
  useEffect(() => follow(setLive), []);
  const path = usePath();
  return (
    <LiveProvider value={live}>
      <a class="skip" href="#content" onClick={skip}>
        Skip to the content
      </a>
      <Head tab={path[0] ?? ""} />
      <Content path={path} />
    </LiveProvider>
  );
}

/** The address after `#` is the view's, so that the way to the content is taken by hand. */
function skip(event: Event) {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

function Head({ tab }: { tab: string }) {
  return (
    <header class="top">
      <a class="name" href="#/">
        Cairn
      </a>
      <nav aria-label="Views">
        {TABS.map(([place, name]) => (
          <a key={place} href={link(place)} aria-current={tab === place ? "page" : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <SearchBox />
      <Standing />
    </header>
  );
}

/** Whether what is shown is new, and what the sequencer is doing. */
function Standing() {
  const { link: how, head } = useLive();
  const words = {
    connecting: "connecting",
    live: "live",
    polling: "asking every 3 s",
    lost: "no answer",
  };
  const isWell = head?.standing === "running" && !head.l1Paused;
  return (
    <p class={`standing ${how === "lost" ? "bad" : how === "live" ? "good" : "wait"}`} role="status">
      {words[how]}
      {head && !isWell && <strong>{head.l1Paused ? "L1's contracts paused" : head.standing}</strong>}
    </p>
  );
}

function Content({ path }: { path: string[] }) {
  const place = useRef<HTMLElement>(null);
  const key = path.join("/");
  const shownKey = useRef(key);
  useEffect(() => {
    document.title = key === "" ? "Cairn" : `${key.slice(0, 40)} · Cairn`;
    // A reader who follows a link is at the new view's beginning, by eye and by ear.
    if (shownKey.current !== key) {
      shownKey.current = key;
      place.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
  }, [key]);
  return (
    <main id="content" ref={place} tabIndex={-1}>
      <Guard key={key}>
        <View path={path} />
      </Guard>
    </main>
  );
}

function View({ path }: { path: string[] }) {
  const [place = "", first, second] = path;
  const number = whole(first, Number.MAX_SAFE_INTEGER);
  const small = whole(first, U32);
  const [hash, key] = [bytes(first, 32), bytes(first, 40)];
  switch (place) {
    case "":
      return <Overview />;
    case "wallet":
      return <Wallet />;
    case "operator":
      return <Operator />;
    case "batches":
      if (first === undefined) return <Batches />;
      if (small !== undefined) return <BatchPage key={small} number={small} />;
      break;
    case "blocks":
      if (first === undefined) return <Blocks />;
      if (number !== undefined) return <BlockPage key={number} number={number} />;
      break;
    case "queue":
      if (first === undefined) return <QueuePage />;
      if (number !== undefined) return <QueuedPage key={number} index={number} />;
      break;
    case "accounts":
      if (small !== undefined) return <AccountPage key={small} id={small} />;
      break;
    case "tx":
      if (hash) return <TransactionPage key={hash} hash={hash} />;
      break;
    case "keys":
      if (key) return <KeyPage key={key} keyOf={key} />;
      break;
    case "withdrawals": {
      const index = whole(second, U32);
      if (small !== undefined && index !== undefined) return <WithdrawalPage batch={small} index={index} />;
      break;
    }
  }
  return <Nowhere path={path} />;
}

function Nowhere({ path }: { path: string[] }) {
  return (
    <section class="panel">
      <h1>There is no such view</h1>
      <p class="note">
        The address names <code>{path.join("/").slice(0, 200)}</code>. Transactions are at{" "}
        <code>#/tx/HASH</code>, accounts at <code>#/accounts/ID</code>, keys at <code>#/keys/KEY</code>, batches at{" "}
        <code>#/batches/NUMBER</code>. <a href="#/">To the first view</a>
      </p>
    </section>
  );
}
