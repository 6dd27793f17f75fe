// The operator's view: what needs somebody, what waits where, what it costs.

import { useAsk, useLive } from "../api/ask.ts";
import { Metrics } from "../api/metrics.ts";
import { call, text } from "../api/rpc.ts";
import { useBatches } from "../explorer/last.ts";
import { Panel, Shown } from "../parts/panel.tsx";
import { Alarms } from "./alarms.tsx";
import { Backlog } from "./backlog.tsx";
import { Charts } from "./charts.tsx";
import { Costs } from "./costs.tsx";
import { FleetPanel } from "./fleet.tsx";
import { Incidents } from "./incidents.tsx";
import { Money } from "./money.tsx";

/** Batches that charts and costs are of. */
const BATCHES = 60;

export function Operator() {
  const { head } = useLive();
  const ready = useAsk("ready", (signal) => text("ready", signal), 5_000);
  const metrics = useAsk("metrics", async (signal) => {
    const [status, body] = await text("metrics", signal);
    return status === 200 ? new Metrics(body) : null;
  }, 5_000);
  const lag = useAsk("lag", (signal) => call("cairn_lag", {}, signal), 3_000);
  const info = useAsk("info", (signal) => call("cairn_info", {}, signal));
  const batches = useBatches(BATCHES);
  const settlements = useAsk(
    "settlements",
    (signal) => call("cairn_settlements", { count: 64 }, signal),
    15_000,
    `${head?.committed} ${head?.proven}`,
  );
  return (
    <>
      <h1>Operator</h1>
      <Alarms metrics={metrics} ready={ready} />
      <Panel title="Backlog of each stage">
        <Shown asked={lag}>{(value) => <Backlog lag={value} />}</Shown>
      </Panel>
      <Panel title="Charts" aside={<span class="soft">the last {BATCHES} batches</span>}>
        <Shown asked={batches}>
          {(rows) => <Charts batches={rows} settlements={settlements.value ?? []} />}
        </Shown>
      </Panel>
      <Panel title="Cost of batches and transfers">
        <Shown asked={batches}>
          {(rows) => <Costs batches={rows} settlements={settlements.value ?? []} info={info.value} />}
        </Shown>
      </Panel>
      <div class="columns">
        <Money metrics={metrics.value ?? undefined} settlements={settlements} />
        <Incidents metrics={metrics} />
      </div>
      <FleetPanel metrics={metrics.value ?? undefined} />
    </>
  );
}
