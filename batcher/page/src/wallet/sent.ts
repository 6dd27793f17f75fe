// What was sent. A transaction is listed with its bytes before it leaves: where no answer comes, the same bytes are sent
// again, and no second payment is signed.

import { RpcError, type SignedTransaction } from "@cairn/client";
import { useCallback, useState } from "preact/hooks";
import { client } from "./client.ts";
import type { Sent, Session } from "./session.ts";

/** Rows that are kept, the latest. */
const MOST = 100;

export function useSent(): Pick<Session, "sent" | "add" | "submit"> {
  const [sent, setSent] = useState<Sent[]>([]);
  const add = useCallback((one: Sent) => {
    setSent((all) => [one, ...all.filter(({ hash }) => hash !== one.hash)].slice(0, MOST));
  }, []);
  const submit = useCallback(
    async (what: string, signed: SignedTransaction) => {
      const row = { kind: "l2", what, hash: signed.hash, signed } as const;
      add({ ...row, standing: "open" });
      try {
        await client().submit(signed);
      } catch (error) {
        if (!(error instanceof RpcError) || error.retryable) throw new Error(unanswered(error));
        add({ ...row, standing: "refused", refusal: error.message });
        throw error;
      }
      add({ ...row, standing: "accepted" });
    },
    [add],
  );
  return { sent, add, submit };
}

function unanswered(error: unknown): string {
  const why = error instanceof Error ? error.message : String(error);
  return `It is signed, and the operator may have it or not: send the same again above, and sign no second one. ${why}`;
}
