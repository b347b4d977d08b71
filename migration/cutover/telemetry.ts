import { type Attributes, type Meter, metrics } from '@opentelemetry/api';

/** Where figures go. `openTelemetry()` hands them to whatever SDK the application has set up; without one they cost nothing. */
export interface Telemetry {
  /** Adds to a counter. */
  count(name: string, n: number, attributes?: Attributes): void;
  /** One value of a distribution, e.g. a duration in milliseconds. */
  record(name: string, value: number, attributes?: Attributes): void;
  /** The present value of something that goes up and down. */
  gauge(name: string, value: number, attributes?: Attributes): void;
}

/** All names begin so. */
const PREFIX = 'vecproof.cutover.';

/** Instruments are made when they are first used, by the meter provider that is set up then. */
export function openTelemetry(meter: Meter = metrics.getMeter('vecproof')): Telemetry {
  const instruments = new Map<string, unknown>();
  const one = <T>(name: string, make: (name: string) => T): T => {
    const there = instruments.get(name);
    if (there !== undefined) return there as T;
    const made = make(PREFIX + name);
    instruments.set(name, made);
    return made;
  };
  return {
    count: (name, n, attributes) => one(name, (full) => meter.createCounter(full)).add(n, attributes),
    record: (name, value, attributes) =>
      one(name, (full) => meter.createHistogram(full, { unit: 'ms' })).record(value, attributes),
    gauge: (name, value, attributes) =>
      one(name, (full) => meter.createGauge(full)).record(value, attributes),
  };
}
