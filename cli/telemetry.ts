import { metrics } from '@opentelemetry/api';
import { InputError, messageOf } from '../common/errors.js';
import { testedInstallCommand } from '../common/installation.js';
import { keepSecrets } from '../common/secrets.js';
import { oneLine } from '../common/visible.js';
import { ClientError } from '../engines/kit/packages.js';
import type { CommandContext } from './context.js';

/** OpenTelemetry's SDK for figures: optional packages, and known to whoever compiles this. */
type Exporters = typeof import('@opentelemetry/exporter-metrics-otlp-proto');
type Sdk = typeof import('@opentelemetry/sdk-metrics');
type Resources = typeof import('@opentelemetry/resources');

const PACKAGES = [
  '@opentelemetry/exporter-metrics-otlp-proto',
  '@opentelemetry/sdk-metrics',
  '@opentelemetry/resources',
] as const;

const ENDPOINTS = ['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'] as const;
const PROTOCOLS = ['OTEL_EXPORTER_OTLP_METRICS_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'] as const;
const HEADERS = ['OTEL_EXPORTER_OTLP_METRICS_HEADERS', 'OTEL_EXPORTER_OTLP_HEADERS'] as const;
const PROTOCOL = 'http/protobuf';
const INTERVAL = 'OTEL_METRIC_EXPORT_INTERVAL';
const EVERY_MS = 60_000;
const TIMEOUT_MS = 30_000;

/**
 * Sends the figures of this process by OTLP where OpenTelemetry's own environment names an endpoint; the packages read the rest of
 * it (headers, time-outs, compression, certificates). Where the process has a meter provider already (`--import`), that one
 * gets them, and nothing is sent twice.
 *
 * @returns what sends the last ones and ends it; undefined: nothing is sent
 * @throws InputError for an environment that cannot be followed, ClientError without the packages
 */
export async function sendFigures({
  env,
  err,
}: Pick<CommandContext, 'env' | 'err'>): Promise<(() => Promise<void>) | undefined> {
  const endpoint = given(env, ENDPOINTS);
  if (endpoint === undefined || isOff(env)) return undefined;
  const place = requireUrl(endpoint);
  requireProtocol(env);
  hideHeaders(env);
  const every = interval(env);
  const [{ OTLPMetricExporter }, sdk, resources] = await load();

  let failing = false;
  class Told extends OTLPMetricExporter {
    override export(...[figures, done]: Parameters<InstanceType<Exporters['OTLPMetricExporter']>['export']>) {
      super.export(figures, (result) => {
        tell(result.error);
        done(result);
      });
    }
  }

  let provider: InstanceType<Sdk['MeterProvider']> | undefined;
  const isFirst = metrics.setGlobalMeterProvider({ getMeter: (...wanted) => provider!.getMeter(...wanted) });
  if (!isFirst) return undefined;
  provider = new sdk.MeterProvider({
    resource: resourceOf(resources, env),
    readers: [
      new sdk.PeriodicExportingMetricReader({
        exporter: new Told(),
        exportIntervalMillis: every,
        exportTimeoutMillis: Math.min(every, TIMEOUT_MS),
      }),
    ],
  });
  return async () => {
    await provider.shutdown().catch(tell);
    metrics.disable();
  };

  /** Once, and again once it has changed: a collector that is away for a day is no line a minute. */
  function tell(error: unknown): void {
    if ((error !== undefined) === failing) return;
    failing = error !== undefined;
    const words = failing ? `figures are not taken: ${oneLine(messageOf(error))}` : 'figures are taken again';
    err.write(`${place}: ${words}\n`);
  }
}

function given(
  env: NodeJS.ProcessEnv,
  names: readonly string[],
): { name: string; value: string } | undefined {
  const name = names.find((each) => (env[each] ?? '').trim() !== '');
  return name === undefined ? undefined : { name, value: env[name]!.trim() };
}

function isOff(env: NodeJS.ProcessEnv): boolean {
  return env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_METRICS_EXPORTER'] === 'none';
}

/** The package would send to its default instead. @returns the place without credentials */
function requireUrl({ name, value }: { name: string; value: string }): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new InputError('must be an http(s) URL', { where: name, got: value });
  for (const part of [url.username, url.password].filter((each) => each !== ''))
    keepSecrets([{ name, value: decodeURIComponent(part), shown: `<${name}>`, credential: true }]);
  return `${url.protocol}//${url.host}`;
}

function requireProtocol(env: NodeJS.ProcessEnv): void {
  const protocol = given(env, PROTOCOLS);
  if (protocol === undefined || protocol.value === PROTOCOL) return;
  throw new InputError(`only ${PROTOCOL} is spoken here`, {
    where: protocol.name,
    got: protocol.value,
    next: `every collector takes it at port 4318; or set up a meter provider of your own: NODE_OPTIONS="--import ./telemetry.js"`,
  });
}

function hideHeaders(env: NodeJS.ProcessEnv): void {
  for (const name of HEADERS)
    for (const pair of (env[name] ?? '').split(',')) {
      const value = pair.slice(pair.indexOf('=') + 1).trim();
      if (value !== '') keepSecrets([{ name, value, shown: `<${name}>`, credential: true }]);
    }
}

function interval(env: NodeJS.ProcessEnv): number {
  const text = env[INTERVAL]?.trim() ?? '';
  if (text === '') return EVERY_MS;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InputError('must be a number of milliseconds', { where: INTERVAL, got: text });
}

async function load(): Promise<[Exporters, Sdk, Resources]> {
  try {
    return (await Promise.all(PACKAGES.map((name) => import(name)))) as [Exporters, Sdk, Resources];
  } catch (error) {
    throw new ClientError(PACKAGES[0], error, testedInstallCommand(PACKAGES));
  }
}

function resourceOf(
  { defaultResource, detectResources, envDetector, resourceFromAttributes }: Resources,
  env: NodeJS.ProcessEnv,
) {
  const named = resourceFromAttributes({ 'service.name': env['OTEL_SERVICE_NAME'] || 'vecproof' });
  return defaultResource()
    .merge(named)
    .merge(detectResources({ detectors: [envDetector] }));
}
