import { Counter, Gauge, Histogram, Registry } from "prom-client";

type Labels = Readonly<Record<string, string>>;

/** Adds to a counter, sets a gauge or samples a histogram, whichever made it. */
type Observe = (labels: Labels, value: number) => void;

interface Description {
  readonly name: string;
  readonly help: string;
  /** Every label a value may carry; label values must come from small closed sets. */
  readonly labels: readonly string[];
}

/** One registry of Prometheus metrics, private to whoever made it. */
export interface Metrics {
  counter(description: Description): Observe;
  gauge(description: Description): Observe;
  /** A fact as labels, with the value 1; the fact that is told last replaces the one before. */
  info(description: Description): (labels: Labels) => void;
  /** `buckets`: upper bounds in the metric's own unit. */
  histogram(description: Description & { readonly buckets: readonly number[] }): Observe;
  /** The exposition text and its media type. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Makes an empty registry. Naming the same metric twice in it throws. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const settings = ({ name, help, labels }: Description) => ({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
  });
  return {
    counter: (description) => {
      const counter = new Counter(settings(description));
      return (labels, value) => counter.inc(labels, value);
    },
    gauge: (description) => {
      const gauge = new Gauge(settings(description));
      return (labels, value) => gauge.set(labels, value);
    },
    info: (description) => {
      const gauge = new Gauge(settings(description));
      return (labels) => {
        gauge.reset();
        gauge.set(labels, 1);
      };
    },
    histogram: (description) => {
      const histogram = new Histogram({ ...settings(description), buckets: [...description.buckets] });
      return (labels, value) => histogram.observe(labels, value);
    },
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
