// What is new: by two subscriptions over a WebSocket, and by asking where there is none.

import type { BatchView, BlockView, Head } from "@cairn/client";
import { base, call, callMany, present } from "./rpc.ts";

const POLL_MS = 3_000;
/** How often the head is asked for when blocks come quickly. */
const LEAST_MS = 1_000;
const RETRY_MS = [1_000, 3_000, 10_000, 30_000];
const KEPT = 12;

export type Link = "connecting" | "live" | "polling" | "lost";

export interface Live {
  head: Head | undefined;
  /** The last blocks, the latest first. */
  blocks: BlockView[];
  /** Counts sealed batches that were told of: who shows batches asks again when it grows. */
  batchNews: number;
  link: Link;
}

export const nothing: Live = { head: undefined, blocks: [], batchNews: 0, link: "connecting" };

/** Follows the service until it is stopped. */
export function follow(tell: (live: Live) => void): () => void {
  let live = nothing;
  let socket: WebSocket | undefined;
  let attempts = 0;
  let timer: number | undefined;
  let isStopped = false;
  let isAsking = false;
  let askedMs = 0;
  let wantsHead = false;

  const change = (part: Partial<Live>) => {
    live = { ...live, ...part };
    if (!isStopped) tell(live);
  };

  const addBlocks = (blocks: BlockView[]) => {
    const all = new Map([...live.blocks, ...blocks].map((block) => [block.number, block]));
    const sorted = [...all.values()].sort((a, b) => b.number - a.number);
    change({ blocks: sorted.slice(0, KEPT) });
  };

  async function askHead() {
    if (isAsking || isStopped || document.hidden) return;
    isAsking = true;
    askedMs = Date.now();
    try {
      const head = await call("cairn_head", {});
      const isLive = socket?.readyState === WebSocket.OPEN;
      // A head that goes back is a restored service's, which has the blocks behind it no more. Those that have come
      // since the head was asked for are new.
      const isBack = live.head !== undefined && head.block < live.head.block;
      const blocks = isBack ? live.blocks.filter(({ number }) => number <= head.block) : live.blocks;
      const last = blocks[0]?.number ?? 0;
      const isNews = live.head !== undefined && head.sealed !== live.head.sealed;
      const batchNews = live.batchNews + (isNews ? 1 : 0);
      change({ head, blocks, batchNews, link: isLive ? "live" : "polling" });
      if (head.block > last) await fill(Math.max(last + 1, head.block - KEPT + 1), head.block);
    } catch {
      change({ link: "lost" });
    } finally {
      isAsking = false;
    }
  }

  async function fill(first: number, last: number) {
    const numbers = Array.from({ length: last - first + 1 }, (_, at) => ({ number: first + at }));
    addBlocks(present(await callMany("cairn_block", numbers)));
  }

  function news(message: MessageEvent) {
    const { method, params } = parsed(message.data);
    const told = params?.result;
    if (method === "cairn_newBlock" && told) addBlocks([told as BlockView]);
    if (method === "cairn_newBatch" && told) change({ batchNews: live.batchNews + 1 });
    // A burst of blocks asks for one head.
    if (method && !wantsHead) {
      wantsHead = true;
      const wait = Math.max(0, askedMs + LEAST_MS - Date.now());
      setTimeout(() => {
        wantsHead = false;
        void askHead();
      }, wait);
    }
  }

  function connect() {
    if (isStopped) return;
    const url = base();
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const opened = new WebSocket(url);
    socket = opened;
    opened.onopen = () => {
      attempts = 0;
      ["cairn_subscribeBlocks", "cairn_subscribeBatches"].forEach((method, id) =>
        opened.send(JSON.stringify({ jsonrpc: "2.0", id, method, params: [] })),
      );
      void askHead();
    };
    opened.onmessage = news;
    opened.onclose = () => {
      if (socket !== opened) return;
      socket = undefined;
      const wait = RETRY_MS[Math.min(attempts, RETRY_MS.length - 1)];
      attempts += 1;
      timer = setTimeout(connect, wait);
    };
  }

  const poll = setInterval(() => void askHead(), POLL_MS);
  const seen = () => void askHead();
  document.addEventListener("visibilitychange", seen);
  connect();
  void askHead();
  return () => {
    isStopped = true;
    clearInterval(poll);
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", seen);
    socket?.close();
  };
}

interface News {
  method?: string;
  params?: { result?: BlockView | BatchView };
}

function parsed(data: unknown): News {
  try {
    const message: unknown = JSON.parse(String(data));
    return message !== null && typeof message === "object" ? message : {};
  } catch {
    return {};
  }
}
