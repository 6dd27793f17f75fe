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

/**
 * Asks when `key` changes, and again each `everyMs` while the page is looked at. What was asked for another key is
 * forgotten.
 */
export function useAsk<T>(
  key: string,
  question: (signal: AbortSignal) => Promise<T>,
  everyMs?: number,
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
    const ask = async () => {
      if (isAsking || document.hidden) return;
      isAsking = true;
      try {
        const value = await latest.current(stop.signal);
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
    const timer = everyMs === undefined ? undefined : setInterval(() => void ask(), everyMs);
    const seen = () => void ask();
    document.addEventListener("visibilitychange", seen);
    return () => {
      stop.abort();
      clearInterval(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [key, everyMs]);
  return asked.key === key ? asked : { value: undefined, error: undefined };
}
