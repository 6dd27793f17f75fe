// A part of a page with a heading, and what stands in it while there is nothing to show.

import type { ComponentChildren } from "preact";
import type { Asked } from "../api/ask.ts";

interface PanelProps {
  title: string;
  /** Beside the heading. */
  aside?: ComponentChildren;
  children: ComponentChildren;
}

export function Panel({ title, aside, children }: PanelProps) {
  const id = `panel-${title.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;
  return (
    <section class="panel" aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

interface ShownProps<T> {
  asked: Asked<T>;
  children: (value: T) => ComponentChildren;
}

/** What was asked for; above it why the last question has failed. */
export function Shown<T>({ asked, children }: ShownProps<T>) {
  const { value, error } = asked;
  return (
    <>
      {error && (
        <p class="note fault" role="status">
          {error.message}
        </p>
      )}
      {value === undefined ? !error && <p class="note">Loading…</p> : children(value)}
    </>
  );
}

/** Names and values. */
export function Facts({ rows }: { rows: [string, ComponentChildren][] }) {
  const shown = rows.filter(([, value]) => value !== undefined && value !== null);
  return (
    <dl class="facts">
      {shown.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
