import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { metrics } from '@opentelemetry/api';
import { afterEach, expect, test, vi } from 'vitest';
import { sendFigures } from '../../../cli/telemetry.js';
import { hideSecrets } from '../../../common/secrets.js';
import { openTelemetry } from '../../../migration/cutover/telemetry.js';
import { observe } from '../../../migration/monitor/metrics.js';
import { monitorView } from '../monitor/view.js';
import { figuresIn } from './otlp.js';

let server: Server | undefined;
let told = '';
const err = {
  write(text: string) {
    told += text;
  },
} as unknown as NodeJS.WriteStream;
afterEach(async () => {
  vi.unstubAllEnvs();
  metrics.disable();
  told = '';
  server?.closeAllConnections();
  await new Promise<unknown>((resolve) => (server === undefined ? resolve(0) : server.close(resolve)));
  server = undefined;
});

interface Received {
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** A collector, as far as it matters here: it keeps what it is sent. */
async function collector(status = 200): Promise<{ endpoint: string; received: Received[] }> {
  const received: Received[] = [];
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const isPacked = request.headers['content-encoding'] === 'gzip';
    received.push({
      path: request.url!,
      headers: request.headers,
      body: isPacked ? gunzipSync(body) : body,
    });
    response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end();
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

function environment(values: Readonly<Record<string, string>>): {
  env: NodeJS.ProcessEnv;
  err: NodeJS.WriteStream;
} {
  for (const [name, value] of Object.entries(values)) vi.stubEnv(name, value);
  return { env: process.env, err };
}

test('figures of a watch and of a replay are sent to the endpoint of the environment', async () => {
  const { endpoint, received } = await collector();
  const context = environment({
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc,x-scope=shop-secret',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test',
  });
  const end = (await sendFigures(context))!;
  const stop = observe(monitorView);
  openTelemetry().count('replayed', 3, { consumer: 'target' });
  await end();
  stop();
  expect(received.map(({ path }) => path)).toEqual(['/v1/metrics']);
  const [{ headers, body }] = received as [Received];
  expect(headers).toMatchObject({
    'content-type': 'application/x-protobuf',
    authorization: 'Bearer abc',
    'x-scope': 'shop-secret',
  });
  const { resource, figures } = figuresIn(body);
  expect(resource).toMatchObject({ 'service.name': 'vecproof', 'deployment.environment': 'test' });
  expect(figures.get('vecproof.monitor.overlap')).toEqual([
    { value: 0.95, attributes: { migration: 'move' } },
  ]);
  expect(figures.get('vecproof.cutover.replayed')).toEqual([
    { value: 3, attributes: { consumer: 'target' } },
  ]);
  expect(told).toBe('');
  expect(hideSecrets('Bearer abc, shop-secret')).not.toMatch(/abc|shop-secret/);
});

test('that nobody takes them is told once, and ends nothing', async () => {
  const { endpoint } = await collector(400);
  const context = environment({
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${endpoint}/v1/metrics`,
    OTEL_METRIC_EXPORT_INTERVAL: '20',
  });
  const end = (await sendFigures(context))!;
  const stop = observe(monitorView);
  await vi.waitFor(() => expect(told).not.toBe(''), { timeout: 30_000 });
  await end();
  stop();
  expect(told).toMatch(/^http:\/\/127\.0\.0\.1:\d+: figures are not taken: .*\n$/);
});

test.each([
  ['no endpoint', {}],
  ['none are wanted', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_METRICS_EXPORTER: 'none' }],
  ['the SDK is off', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' }],
])('nothing is sent: %s', async (_, values) => {
  expect(await sendFigures(environment(values as Record<string, string>))).toBeUndefined();
});

test('a meter provider of the process gets them, and nothing is sent twice', async () => {
  const { endpoint, received } = await collector();
  const own = { getMeter: vi.fn(metrics.getMeter) };
  expect(metrics.setGlobalMeterProvider(own)).toBe(true);
  expect(await sendFigures(environment({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }))).toBeUndefined();
  expect(received).toEqual([]);
});

test.each([
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318', 'must be an http(s) URL'],
  ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', 'only http/protobuf is spoken here'],
  ['OTEL_METRIC_EXPORT_INTERVAL', '1m', 'must be a number of milliseconds'],
])('an environment that cannot be followed is refused: %s', async (name, value, words) => {
  const context = environment({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', [name]: value });
  await expect(sendFigures(context)).rejects.toThrow(words);
});
