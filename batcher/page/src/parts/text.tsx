// Small pieces of text: hashes, times, links.

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { duration, moment, short } from "../format.ts";
import { link } from "../router.ts";

interface HexProps {
  of: string;
  /** Where it leads, if anywhere. */
  to?: (string | number)[];
  /** All of it, with a button that copies it. */
  whole?: boolean;
}

/** A hash, a key or an address. */
export function Hex({ of, to, whole }: HexProps) {
  const text = <span class="hex">{whole ? of : short(of)}</span>;
  const shown = to ? (
    <a href={link(...to)} title={of}>
      {text}
    </a>
  ) : (
    <span title={of}>{text}</span>
  );
  return whole ? (
    <span class="whole">
      {shown} <Copy text={of} />
    </span>
  ) : (
    shown
  );
}

export function Copy({ text, what = "Copy" }: { text: string; what?: string }) {
  const [said, setSaid] = useState("");
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setSaid("Copied"),
      () => setSaid("Not allowed here"),
    );
  useEffect(() => {
    if (said === "") return;
    const timer = setTimeout(() => setSaid(""), 2_000);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <>
      <button type="button" class="copy" onClick={() => void copy()} aria-label={`${what} ${short(text)}`}>
        {said || what}
      </button>
      <span class="hidden" role="status">
        {said}
      </span>
    </>
  );
}

/** A moment by the reader's clock. */
export function Moment({ ms }: { ms: number }) {
  const at = new Date(ms);
  return <time dateTime={Number.isNaN(at.getTime()) ? undefined : at.toISOString()}>{moment(ms)}</time>;
}

/** How long ago something was; it goes on counting. */
export function Ago({ ms }: { ms: number }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const since = Math.floor(Math.max(0, now - ms) / 1000) * 1000;
  return (
    <time dateTime={new Date(ms).toISOString()} title={moment(ms)}>
      {since === 0 ? "now" : `${duration(since)} ago`}
    </time>
  );
}

export function Go({ to, children }: { to: (string | number)[]; children: ComponentChildren }) {
  return <a href={link(...to)}>{children}</a>;
}
