import { count } from "../format.ts";
import { Panel, Shown } from "../parts/panel.tsx";
import { Table } from "../parts/table.tsx";
import { Go } from "../parts/text.tsx";
import { moreInWords } from "./owned.ts";
import { useSession } from "./session.ts";
import { shown } from "./tokens.ts";

export function Accounts() {
  const { tokens, owned } = useSession();
  return (
    <Panel title="Your accounts" aside={<span class="soft">after the last block</span>}>
      <Shown asked={owned}>
        {(value) => (
          <>
            {value.more != null && <p class="note">{moreInWords(value)}</p>}
            <Table
              caption="Your accounts"
              rows={value.accounts}
              name={({ id }) => id}
              empty="Your key has no account yet. A deposit makes one, and so does a transfer to your key."
              columns={[
                { head: "Account", cell: ({ id }) => <Go to={["accounts", id]}>{id}</Go> },
                { head: "Balance", isFigure: true, cell: ({ balance, token }) => shown(BigInt(balance), tokens[token]) },
                { head: "Token", isFigure: true, cell: ({ token }) => count(token) },
                { head: "Waiting", isFigure: true, cell: ({ nonce, nextNonce }) => count(nextNonce - nonce) },
              ]}
            />
          </>
        )}
      </Shown>
    </Panel>
  );
}
