// A time line: what has happened when, and what is to come.

import type { ComponentChildren } from "preact";
import { duration } from "../format.ts";
import { Moment } from "./text.tsx";

export interface Step {
  name: string;
  /** When it was reached; none while it was not, or is not known. */
  atMs?: number | null | undefined;
  isDone: boolean;
  /** What the time that it took counts from; the step before if it is not named. */
  fromMs?: number | null | undefined;
  /** What it means, or what is known of it. */
  detail?: ComponentChildren;
}

/** Steps in their order. The first that is not done is the one that is waited for. */
export function Steps({ steps, label }: { steps: Step[]; label: string }) {
  const next = steps.findIndex((step) => !step.isDone);
  let before: number | undefined;
  return (
    <ol class="steps" aria-label={label}>
      {steps.map((step, at) => {
        const from = step.fromMs ?? before;
        const since = step.atMs && from !== undefined ? step.atMs - from : undefined;
        if (step.atMs) before = step.atMs;
        const state = step.isDone ? "done" : at === next ? "next" : "later";
        const word = { done: "done", next: "waited for", later: "to come" }[state];
        return (
          <li key={step.name} class={state} aria-current={state === "next" ? "step" : undefined}>
            <span class="mark" aria-hidden="true" />
            <div>
              <p class="step">
                <strong>{step.name}</strong>
                <span class="hidden">, {word}</span>
                {step.atMs ? <Moment ms={step.atMs} /> : <span class="soft">{word}</span>}
                {since !== undefined && (
                  <span class="soft">{since < 0 ? "before that, by another clock" : `+${duration(since)}`}</span>
                )}
              </p>
              {step.detail && <div class="detail">{step.detail}</div>}
            </div>
          </li>
        );
      })}
    </ol>
  );
}
