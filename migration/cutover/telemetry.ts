import {
  type Attributes,
  type Meter,
  metrics,
  ProxyTracerProvider,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { messageOf } from '../../common/errors.js';

/** Where figures go. `openTelemetry()` hands them to whatever SDK the application has set up; without one they cost nothing. */
export interface Telemetry {
  /** Adds to a counter. */
  count(name: string, n: number, attributes?: Attributes): void;
  /** One value of a distribution, e.g. a duration in milliseconds. */
  record(name: string, value: number, attributes?: Attributes): void;
  /** The present value of something that goes up and down. */
  gauge(name: string, value: number, attributes?: Attributes): void;
  /** Does the work as a span; what fails in it is its status, and fails as it did. Absent: there are none. */
  span?<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T>;
}

export function inSpan<T>(
  telemetry: Telemetry,
  name: string,
  attributes: Attributes,
  work: () => Promise<T>,
): Promise<T> {
  return telemetry.span === undefined ? work() : telemetry.span(name, attributes, work);
}

const LIBRARY = 'vecproof';
/** All names begin so. */
const PREFIX = 'vecproof.cutover.';

/** Instruments are made when they are first used, by the meter provider that is set up then. */
export function openTelemetry(meter: Meter = metrics.getMeter(LIBRARY), given?: Tracer): Telemetry {
  const tracer = given ?? trace.getTracer(LIBRARY);
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
    span: (name, attributes, work) => {
      if (given === undefined && !isTraced()) return work();
      return tracer.startActiveSpan(PREFIX + name, { attributes }, async (span) => {
        try {
          return await work();
        } catch (error) {
          span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) });
          throw error;
        } finally {
          span.end();
        }
      });
    },
  };
}

/** Whether anybody gets spans: a span that nobody gets takes longer than the rest of the library's part of a write. */
function isTraced(): boolean {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer(LIBRARY) !== undefined;
}
