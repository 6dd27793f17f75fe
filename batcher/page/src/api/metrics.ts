// The service's metrics, read from Prometheus' text format.

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** Lines of a text that are read at most: more are no metrics of this service. */
const MOST_LINES = 20_000;
const LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;

export class Metrics {
  readonly samples: Sample[];

  constructor(text: string) {
    this.samples = [];
    for (const line of text.split("\n", MOST_LINES)) {
      const match = line.startsWith("#") ? null : LINE.exec(line);
      if (!match) continue;
      const [, name = "", labels = "", value = ""] = match;
      this.samples.push({ name, labels: labelled(labels), value: Number(value) });
    }
  }

  all(name: string): Sample[] {
    return this.samples.filter((sample) => sample.name === name);
  }

  /** The sum over all labels; none where the service has no such metric. */
  sum(name: string): number | undefined {
    const samples = this.all(name);
    return samples.length > 0 ? samples.reduce((sum, { value }) => sum + value, 0) : undefined;
  }
}

function labelled(text: string): Record<string, string> {
  const labels: Record<string, string> = Object.create(null);
  for (const [, name = "", value = ""] of text.matchAll(LABEL)) {
    labels[name] = value.replace(/\\(.)/g, (_, one: string) => (one === "n" ? "\n" : one));
  }
  return labels;
}
