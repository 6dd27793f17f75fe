// The prover. Its queues are in the metrics; its workers and tasks are for the operator, who shows the token.

import { useState } from "preact/hooks";
import { useAsk } from "../api/ask.ts";
import type { Metrics } from "../api/metrics.ts";
import { call } from "../api/rpc.ts";
import { count, duration } from "../format.ts";
import { Badge } from "../parts/badge.tsx";
import { Facts, Panel, Shown } from "../parts/panel.tsx";
import { Table } from "../parts/table.tsx";

export function FleetPanel({ metrics }: { metrics: Metrics | undefined }) {
  // In memory alone: it is gone when the view is left.
  const [token, setToken] = useState("");
  const queues = metrics?.all("cairn_fleet_owed") ?? [];
  const of = (name: string, queue: string) =>
    metrics?.all(name).find(({ labels }) => labels.queue === queue)?.value ?? 0;
  return (
    <Panel title="Prover" aside={<span class="soft">{queues.length > 0 ? "a fleet" : "in the operator's process"}</span>}>
      <Facts
        rows={[
          ["Batches without a proof on L1", count(metrics?.sum("cairn_unproven_batches") ?? 0)],
          ["Their operations", count(metrics?.sum("cairn_unproven_operations") ?? 0)],
          ["Proofs made", count(metrics?.sum("cairn_proof_seconds_count") ?? 0)],
          ["Proofs that failed", count(metrics?.sum("cairn_prover_failures_total") ?? 0)],
        ]}
      />
      {queues.length > 0 && (
        <Table
          caption="Queues of the fleet"
          rows={queues}
          name={({ labels }) => labels.queue ?? ""}
          empty=""
          columns={[
            { head: "Queue", cell: ({ labels }) => labels.queue ?? "" },
            { head: "Owed", isFigure: true, cell: ({ value }) => count(value) },
            { head: "Held", isFigure: true, cell: ({ labels }) => count(of("cairn_fleet_held", labels.queue ?? "")) },
            { head: "Quarantined", isFigure: true, cell: ({ labels }) => count(of("cairn_fleet_quarantined", labels.queue ?? "")) },
          ]}
        />
      )}
      {token === "" ? <AskToken give={setToken} /> : <Workers token={token} forget={() => setToken("")} />}
    </Panel>
  );
}

function AskToken({ give }: { give: (token: string) => void }) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    give(String(new FormData(form).get("token") ?? "").trim());
    form.reset();
  };
  return (
    <form class="inline" onSubmit={submit}>
      <label>
        Operator's token <input name="token" type="password" autocomplete="off" required maxLength={500} />
      </label>
      <button type="submit">Show tasks and workers</button>
      <span class="soft">From data_dir/admin-token. This page keeps it in memory until you leave this view.</span>
    </form>
  );
}

function Workers({ token, forget }: { token: string; forget: () => void }) {
  const fleet = useAsk("fleet", (signal) => call("cairn_admin_fleet", {}, signal, token), 3_000);
  return (
    <>
      <p class="inline">
        <button type="button" onClick={forget}>
          Forget the token
        </button>
      </p>
      <Shown asked={fleet}>
        {(value) => (
          <>
            {!value.connected && <p class="note fault">The NATS server does not answer.</p>}
            <Table
              caption="Tasks that proofs wait for"
              rows={value.assignments}
              name={({ name }) => name}
              empty="No proof waits for a task."
              columns={[
                { head: "Task", cell: ({ name }) => <span class="hex">{name}</span> },
                { head: "Queue", cell: ({ queue }) => queue },
                {
                  head: "Held by",
                  cell: ({ holders }) => holders.map(({ worker, seconds }) => `${worker} for ${duration(seconds * 1000)}`).join(", ") || "nobody",
                },
                {
                  head: "Failed by",
                  cell: ({ failures }) => failures.map(({ worker, reason }) => `${worker}: ${reason}`).join("; ") || "–",
                },
                { head: "Stands", cell: ({ quarantined }) => <Badge tone={quarantined ? "bad" : "wait"}>{quarantined ? "quarantined" : "owed"}</Badge> },
              ]}
            />
            <Table
              caption="Workers"
              rows={value.workers}
              name={({ name }) => name}
              empty="No worker was heard since the operator's start."
              columns={[
                { head: "Worker", cell: ({ name }) => name },
                { head: "Stands", cell: ({ standing }) => <Badge tone={standing === "working" ? "good" : standing === "quarantined" ? "bad" : "wait"}>{standing}</Badge> },
                { head: "Machine", cell: ({ machine }) => machine },
                { head: "Threads", isFigure: true, cell: ({ threads }) => count(threads) },
                { head: "Holds", cell: ({ holds }) => holds.join(", ") || "nothing" },
                { head: "Done", isFigure: true, cell: ({ done }) => count(done) },
                { head: "Failed", isFigure: true, cell: ({ failures }) => count(failures) },
                { head: "Heard", isFigure: true, cell: ({ heardS }) => `${duration(heardS * 1000)} ago` },
              ]}
            />
          </>
        )}
      </Shown>
    </>
  );
}
