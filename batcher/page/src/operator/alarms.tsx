import { useEffect, useState } from "preact/hooks";
import { type Asked, useLive } from "../api/ask.ts";
import type { Metrics } from "../api/metrics.ts";
import { Badge } from "../parts/badge.tsx";
import { Panel } from "../parts/panel.tsx";
import { Moment } from "../parts/text.tsx";
import { type Alarm, judge } from "./alarms.ts";

interface AlarmsProps {
  metrics: Asked<Metrics | null>;
  ready: Asked<[number, string]>;
}

export function Alarms({ metrics, ready }: AlarmsProps) {
  const { head, link } = useLive();
  const alarms = judge(metrics.value ?? undefined, ready.value);
  if (link === "lost" || ready.error) {
    alarms.unshift({ name: "silent", severity: "page", text: "The service does not answer." });
  }
  const since = useSince(alarms);
  const isKnown = ready.value !== undefined && metrics.value !== undefined;
  return (
    <Panel
      title="Alarms"
      aside={<Badge tone={head?.standing === "running" ? "good" : "wait"}>{`sequencer ${head?.standing ?? "unknown"}`}</Badge>}
    >
      <div aria-live="polite">
        {alarms.length > 0 ? (
          <ul class="alarms">
            {alarms.map(({ name, severity, text }) => (
              <li key={name} class={severity}>
                <Badge tone={severity === "page" ? "bad" : "wait"}>{severity === "page" ? "act now" : "look soon"}</Badge>
                <span>{text}</span>
                <span class="soft">seen since <Moment ms={since.get(name) ?? Date.now()} /></span>
              </li>
            ))}
          </ul>
        ) : (
          <p class="note">{isKnown ? "Nothing needs you: the service is ready and raises no alarm." : "Loading…"}</p>
        )}
      </div>
      {metrics.value === null && <p class="note">The service collects no metrics: only /ready speaks here.</p>}
      {head?.halted && <p class="note fault">{head.halted}</p>}
    </Panel>
  );
}

/** When each alarm was first seen by this page, as long as it lasts. */
function useSince(alarms: Alarm[]): Map<string, number> {
  const [since, setSince] = useState(new Map<string, number>());
  const names = alarms.map(({ name }) => name).join("\n");
  useEffect(() => {
    const now = Date.now();
    const all = names === "" ? [] : names.split("\n");
    setSince((old) => new Map(all.map((name) => [name, old.get(name) ?? now])));
  }, [names]);
  return since;
}
