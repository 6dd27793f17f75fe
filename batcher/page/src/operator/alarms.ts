// What needs somebody, by what the service says of itself. The rules for a real watch, with their delays, are
// Prometheus' in deploy/monitoring: this judges the present moment only.

import type { Metrics } from "../api/metrics.ts";
import { duration, ether } from "../format.ts";

export interface Alarm {
  /** Names it from one look to the next. */
  name: string;
  severity: "page" | "ticket";
  text: string;
}

const HALF_A_DAY_S = 43_200;
const SIX_HOURS_S = 21_600;
const SETTLEMENT: Record<string, string> = {
  l1: "The settlement's node does not answer, or is behind.",
  nonces: "The operator's account on L1 has used nonces that the settlement does not know of.",
  queue: "The watcher lacks operations of L1's queue that a batch executes.",
  fees_above_cap: "Fees on L1 are above the caps: nothing is sent until they fall.",
  low_balance: "The operator's account on L1 is low.",
  insufficient_funds: "The operator's account on L1 cannot pay.",
  transaction_refused: "The node refuses a transaction of the settlement.",
  contract_refuses: "The contract would refuse what is owed.",
  reverted: "What is owed was reverted too often: it is not paid for again until somebody looks.",
};

/** Gauges that are 1 while something is wrong. */
const SWITCHES: [string, Alarm["severity"], string][] = [
  ["cairn_sequencer_halted", "page", "The sequencer has halted: nothing is sealed."],
  ["cairn_watcher_halted", "page", "The watcher has halted: L1 went back further than its window."],
  ["cairn_frozen", "page", "The rollup is frozen on L1: users leave by the escape hatch."],
  ["cairn_paused", "page", "The contracts on L1 are paused: L1 takes nothing."],
  ["cairn_sequencer_stopped", "ticket", "The sequencer makes no blocks: paused, draining or drained."],
  ["cairn_throttled", "ticket", "Intake is slowed down: the backlog is too long."],
  ["cairn_l1_nodes_disagree", "page", "The nodes of L1 contradict each other."],
  ["cairn_watcher_unreliable_node", "ticket", "A node of L1 has said what cannot be."],
];

/** Alarms of the moment, the graver first. `ready` is the text of /ready, with its status. */
export function judge(metrics: Metrics | undefined, ready: [number, string] | undefined): Alarm[] {
  const alarms = [...readiness(ready), ...(metrics ? [...switches(metrics), ...figures(metrics)] : [])];
  return alarms.sort((a, b) => Number(b.severity === "page") - Number(a.severity === "page"));
}

function readiness(ready: [number, string] | undefined): Alarm[] {
  if (!ready || ready[0] === 200) return [];
  const lines = ready[1].split("\n", 20).filter(Boolean);
  return lines.map((text) => ({ name: `ready: ${text.replace(/\d+/g, "n")}`, severity: "page", text: `Not ready: ${text}` }));
}

function switches(metrics: Metrics): Alarm[] {
  const on = SWITCHES.filter(([name]) => (metrics.sum(name) ?? 0) > 0);
  const alarms: Alarm[] = on.map(([name, severity, text]) => ({ name, severity, text }));
  for (const { labels, value } of metrics.all("settlement_alarm")) {
    if (value <= 0) continue;
    const what = labels.what ?? "";
    const text = SETTLEMENT[what] ?? `The settlement raises an alarm: ${what}`;
    alarms.push({ name: `settlement ${what}`, severity: "page", text });
  }
  for (const { labels, value } of metrics.all("cairn_role_lost")) {
    if (value <= 0) continue;
    alarms.push({
      name: `role ${labels.role}`,
      severity: "page",
      text: `The operator's account has lost ${labels.role} on L1.`,
    });
  }
  return alarms;
}

function figures(metrics: Metrics): Alarm[] {
  const alarms: Alarm[] = [];
  const raise = (name: string, severity: Alarm["severity"], text: string) =>
    alarms.push({ name, severity, text });
  const of = (name: string) => metrics.sum(name) ?? 0;

  const used = of("cairn_priority_queue_deadline_used_ratio");
  if (used >= 0.1) {
    const age = duration(of("cairn_priority_queue_oldest_age_seconds") * 1000);
    const share = Math.round(used * 100);
    const text = `The oldest operation of L1's queue is ${age} old: ${share} % of its deadline is used.`;
    raise("queue deadline", used >= 0.5 ? "page" : "ticket", text);
  }
  const uncommitted = of("cairn_oldest_uncommitted_batch_seconds");
  if (uncommitted >= SIX_HOURS_S) {
    const text = `A batch is ${duration(uncommitted * 1000)} old by L1's clock and not committed; L1 takes it for a day.`;
    raise("uncommitted batch", uncommitted >= HALF_A_DAY_S ? "page" : "ticket", text);
  }
  const workers = metrics.sum("cairn_fleet_workers");
  if (workers === 0 && of("cairn_fleet_owed") > 0) raise("no workers", "page", "Proofs are owed, and no worker is there.");
  if (of("cairn_fleet_quarantined") > 0) raise("assignment", "page", "An assignment is quarantined: nobody can prove it.");
  if (of("cairn_fleet_workers_quarantined") > 0) raise("worker", "page", "A worker is quarantined: a proof of it did not hold.");
  const leads = metrics.sum("cairn_replication_leads");
  if (leads === 0) raise("standby", "ticket", "This operator follows another: it does not lead.");
  if (of("cairn_replication_behind") > 10_000) raise("behind", "ticket", "The standby is far behind the operator that leads.");
  return alarms;
}

/** What has happened since the operator's start: counters that grow when something was not as it should be. */
export function incidents(metrics: Metrics): [string, number][] {
  const of: [string, string][] = [
    ["Reorganizations of L1", "cairn_l1_reorganizations_total"],
    ["Batches taken back on L1", "cairn_batches_reverted_total"],
    ["Batches stamped anew", "cairn_batches_stamped_anew_total"],
    ["Proofs that failed", "cairn_prover_failures_total"],
    ["L1 transactions that reverted", "tx_reverted_count"],
    ["L1 transactions with raised fees", "tx_gas_bump"],
    ["Errors of the settlement's node", "rpc_error_count"],
    ["Errors of the watcher's node", "cairn_watcher_rpc_error_count"],
    ["Subscribers that did not read", "cairn_api_slow_subscribers_total"],
    ["Connections refused", "cairn_api_connections_refused_total"],
  ];
  return of.map(([name, metric]) => [name, metrics.sum(metric) ?? 0]);
}

export function balance(metrics: Metrics): string | undefined {
  const value = metrics.sum("settlement_balance_wei");
  return value === undefined || !Number.isFinite(value) ? undefined : ether(BigInt(Math.trunc(value)));
}
