// Hooks that ask the service and ask again.

import { createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "./rpc.ts";
import { type Live, nothing } from "./live.ts";

export interface Asked<T> {
  /** The last answer. It stays while a later question fails. */
  value: T | undefined;
  error: ApiError | undefined;
}

const LiveContext = createContext<Live>(nothing);
export const LiveProvider = LiveContext.Provider;
export const useLive = (): Live => useContext(LiveContext);

/** How soon a question that is asked once is asked again, while it has no answer. */
const RETRY_MS = 5_000;

/**
 * Asks when `key` or `news` changes, and again each `everyMs` while the page is looked at. What was asked for another key
 * is forgotten; an answer that news has made old is shown until the new one is there.
 */
export function useAsk<T>(
  key: string,
  question: (signal: AbortSignal) => Promise<T>,
  everyMs?: number,
  news?: string,
): Asked<T> {
  const [asked, setAsked] = useState<Asked<T> & { key: string }>({
    key,
    value: undefined,
    error: undefined,
  });
  const latest = useRef(question);
  latest.current = question;
  useEffect(() => {
    const stop = new AbortController();
    let isAsking = false;
    let isAnswered = false;
    const ask = async () => {
      if (isAsking || document.hidden) return;
      isAsking = true;
      try {
        const value = await latest.current(stop.signal);
        isAnswered = true;
        if (!stop.signal.aborted) setAsked({ key, value, error: undefined });
      } catch (cause) {
        if (stop.signal.aborted) return;
        const error = cause instanceof ApiError ? cause : new ApiError(String(cause), "page");
        setAsked((old) => ({ key, value: old.key === key ? old.value : undefined, error }));
      } finally {
        isAsking = false;
      }
    };
    void ask();
    const again = () => {
      if (everyMs !== undefined || !isAnswered) void ask();
    };
    const timer = setInterval(again, everyMs ?? RETRY_MS);
    const seen = () => void ask();
    document.addEventListener("visibilitychange", seen);
    return () => {
      stop.abort();
      clearInterval(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [key, everyMs, news]);
  return asked.key === key ? asked : { value: undefined, error: undefined };
}
