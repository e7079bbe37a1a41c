/** A registry of prom-client; the app's may come from another copy of the package. */
export interface MetricRegistry {
  registerMetric(metric: object): void;
  getSingleMetric(name: string): unknown;
  removeSingleMetric(name: string): void;
}
