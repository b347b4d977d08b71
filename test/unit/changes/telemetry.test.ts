import { metrics, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MemoryChangeLog } from '../../../migration/changes/memory-log.js';
import { MemoryTarget } from '../../../migration/changes/memory-target.js';
import { DualWriter } from '../../../migration/cutover/dual-writer.js';
import { MemoryFlags } from '../../../migration/cutover/flags.js';
import { LogFirstOutbox } from '../../../migration/cutover/outbox.js';
import { Replayer } from '../../../migration/cutover/replayer.js';
import { ShadowReader } from '../../../migration/cutover/shadow-reader.js';
import { TrafficRamp } from '../../../migration/cutover/traffic-ramp.js';
import { point } from './support.js';

// As an application does it: OpenTelemetry's SDK is set up for the process, and the library is told nothing of it.
const spans = new InMemorySpanExporter();
const figures = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
let meters: MeterProvider;
beforeEach(() => {
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
  );
  const readers = [new PeriodicExportingMetricReader({ exporter: figures, exportIntervalMillis: 3_600_000 })];
  meters = new MeterProvider({ readers });
  metrics.setGlobalMeterProvider(meters);
});
afterEach(async () => {
  await meters.shutdown();
  trace.disable();
  metrics.disable();
  spans.reset();
});

async function collected(): Promise<Map<string, unknown[]>> {
  await meters.forceFlush();
  const all = figures
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  return new Map(all.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints]));
}

test('an application that has set up OpenTelemetry sees spans and figures of all parts', async () => {
  const [log, source, target] = [new MemoryChangeLog(), new MemoryTarget(), new MemoryTarget()];
  const writer = await DualWriter.open({
    outbox: new LogFirstOutbox({ log, primary: source }),
    flags: new MemoryFlags(),
    direct: async () => {},
  });
  await writer.captureOn('docs');
  await writer.upsert('docs', point('a', 1), { idempotencyKey: 'k' });
  await expect(writer.upsert('docs', point('b', 1), { idempotencyKey: 'k' })).rejects.toThrow(
    'another mutation',
  );
  const replayer = new Replayer({ source: log, cursors: log, consumer: 'target', target });
  await replayer.step();
  await replayer.step();
  const shadow = new ShadowReader<string, number>({
    control: async () => 1,
    candidate: () => Promise.reject(new Error('the target is down')),
    compare: () => ({ agreement: 1 }),
    sample: 1,
    noise: 0,
  });
  expect(await shadow.read('q')).toBe(1);
  await shadow.idle();
  const ramp = await TrafficRamp.open({ flags: new MemoryFlags(), isReversePathAlive: async () => true });
  await ramp.advance();
  await ramp.rollback('empty answers');

  const seen = spans.getFinishedSpans().map(({ name, status, attributes }) => ({
    name: name.replace('vecproof.cutover.', ''),
    failed: status.code === SpanStatusCode.ERROR ? status.message : undefined,
    ...attributes,
  }));
  expect(seen).toEqual([
    { name: 'write', failed: undefined, collection: 'docs', kind: 'upsert' },
    {
      name: 'write',
      failed: expect.stringContaining('another mutation'),
      collection: 'docs',
      kind: 'upsert',
    },
    // Not the step that found nothing: an idle replay would fill a trace by itself.
    { name: 'replay.apply', failed: undefined, consumer: 'target', changes: 1 },
    { name: 'shadow.ask', failed: 'the target is down', against: 'candidate' },
    { name: 'ramp.advance', of: 'ramp', failed: undefined },
    { name: 'ramp.rollback', of: 'ramp', failed: undefined, reason: 'empty answers' },
  ]);
  const metricsSeen = await collected();
  const names = [
    'writes',
    'write.duration',
    'replayed',
    'held',
    'staleness',
    'shadow.left',
    'ramp.share',
    'ramp.rollbacks',
  ];
  for (const name of names) expect(metricsSeen.has(`vecproof.cutover.${name}`), name).toBe(true);
  expect(metricsSeen.get('vecproof.cutover.shadow.left')).toMatchObject([
    { value: 1, attributes: { why: 'failed' } },
  ]);
});
