// Where the reader is: the part of the address after `#`, which is never sent to the service.

import type { Hex } from "@cairn/client";
import { useEffect, useState } from "preact/hooks";

/** The parts of a path; parts that do not decode stay as they are. */
export function parts(hash: string): string[] {
  const path = hash.replace(/^#?\/?/, "");
  return path.split("/").filter(Boolean).slice(0, 4).map(decoded);
}

export function usePath(): string[] {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return parts(hash);
}

export const link = (...path: (string | number)[]): string =>
  `#/${path.map((part) => encodeURIComponent(part)).join("/")}`;

export function go(...path: (string | number)[]): void {
  location.hash = link(...path);
}

/** A whole number of a path; none for anything else. */
export function whole(part: string | undefined, most: number): number | undefined {
  if (part === undefined || !/^\d{1,16}$/.test(part)) return undefined;
  const value = Number(part);
  return value <= most ? value : undefined;
}

/** Bytes of a path, in hex with small letters; none for anything else. */
export function bytes(part: string | undefined, length: number): Hex | undefined {
  const is = part?.length === 2 + 2 * length && /^0x[0-9a-fA-F]+$/.test(part);
  return is ? (part.toLowerCase() as Hex) : undefined;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
