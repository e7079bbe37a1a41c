/** The part of a prom-client registry that is used; the caller's may come from any copy of version 14 or later. */
export interface MetricsRegistry {
  readonly contentType: string;
  registerMetric(metric: object): void;
  removeSingleMetric(name: string): void;
  metrics(): Promise<string>;
}
