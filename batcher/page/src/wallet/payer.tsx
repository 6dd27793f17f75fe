// Which account pays: chosen in a list, found again when the form is sent.

import type { AccountView } from "@cairn/client";
import { text } from "./doing.tsx";
import { useOwned } from "./owned.ts";
import { useSession } from "./session.ts";
import { shown } from "./tokens.ts";

export function PayerField() {
  const accounts = useOwned();
  const { tokens } = useSession();
  return (
    <label class="field">
      <span>From</span>
      <select name="from">
        {accounts.map(({ id, token, balance }) => (
          <option key={id} value={id}>
            account {id}: {shown(BigInt(balance), tokens[token])}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The account that was chosen in `PayerField`. */
export function usePayer(): (fields: FormData) => AccountView {
  const accounts = useOwned();
  return (fields) => {
    const payer = accounts.find(({ id }) => String(id) === text(fields, "from"));
    if (!payer) throw new Error("Choose the account that pays.");
    return payer;
  };
}
