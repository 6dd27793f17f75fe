import type { Asked } from "../api/ask.ts";
import type { Metrics } from "../api/metrics.ts";
import { count } from "../format.ts";
import { Panel, Shown } from "../parts/panel.tsx";
import { Table } from "../parts/table.tsx";
import { incidents } from "./alarms.ts";

/** What was not as it should be since the operator's start. The service keeps counts, no list. */
export function Incidents({ metrics }: { metrics: Asked<Metrics | null> }) {
  return (
    <Panel title="Incidents" aside={<span class="soft">counted since the operator's start</span>}>
      <Shown asked={metrics}>
        {(value) =>
          value === null ? (
            <p class="note">The service collects no metrics.</p>
          ) : (
            <Table
              caption="What was not as it should be"
              rows={incidents(value)}
              name={([name]) => name}
              empty=""
              columns={[
                { head: "What", cell: ([name]) => name },
                {
                  head: "Times",
                  isFigure: true,
                  cell: ([, times]) => (times > 0 ? <strong>{count(times)}</strong> : "0"),
                },
              ]}
            />
          )
        }
      </Shown>
      <p class="note">When each was is in the operator's log; the counts begin again with the operator.</p>
    </Panel>
  );
}
