import { readFileSync } from 'node:fs';
import { get as request } from 'node:http';
import { join } from 'node:path';
import { metrics as api } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { afterEach, describe, expect, test } from 'vitest';
import { packageRoot } from '../../../common/paths.js';
import { METRICS, observe, prometheus } from '../../../migration/monitor/metrics.js';
import { MonitorServer } from '../../../migration/monitor/server.js';
import type { SignalEvent } from '../../../migration/monitor/signals.js';
import { renderMonitorPage } from '../../../reports/monitor/page.js';
import { monitorView } from './view.js';

const TOKEN = 'a-token-that-is-long-enough';
const open: MonitorServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function serve(token: string | undefined = TOKEN) {
  const events: SignalEvent[] = [];
  const server = new MonitorServer({
    view: monitorView,
    page: renderMonitorPage,
    takeSignals: (given) => events.push(...given),
    token,
  });
  open.push(server);
  const port = await server.listen(0);
  const at = `http://127.0.0.1:${port}`;
  const post = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${at}/signals`, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', ...headers },
    });
  return { at, port, server, events, post };
}

describe('the server of a watch', () => {
  test('answers with page, figures and metrics, under a content security policy', async () => {
    const { at } = await serve();
    const page = await fetch(at);
    const policy = page.headers.get('content-security-policy')!;
    const [, nonce] = /script-src 'nonce-([\w-]+)'/.exec(policy)!;
    expect(await page.text()).toContain(`<script nonce="${nonce}">`);
    expect(policy).toContain("default-src 'none'");
    expect((await (await fetch(`${at}/monitor.json`)).json()).name).toBe('move');
    const metrics = await fetch(`${at}/metrics`);
    expect(metrics.headers.get('content-type')).toContain('version=0.0.4');
    expect(await metrics.text()).toContain('vecproof_monitor_overlap{migration="move"} 0.95');
    expect((await fetch(`${at}/nothing`)).status).toBe(404);
    expect((await fetch(at, { method: 'DELETE' })).status).toBe(405);
  });

  test('refuses requests by another name, as a page of somebody else’s would make them', async () => {
    const { port } = await serve();
    const status = await new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, headers: { host: 'evil.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', reject);
    });
    expect(status).toBe(421);
  });

  test('takes signals from who has the token, and nothing else', async () => {
    const { post, events } = await serve();
    const good = { events: [{ signal: 'fallback', side: 'target', value: true }] };
    const taken = await post(JSON.stringify(good));
    expect([taken.status, await taken.json()]).toEqual([202, { taken: 1 }]);
    expect(events).toEqual(good.events);
    const refused: [number, string, Record<string, string>][] = [
      [401, JSON.stringify(good), { authorization: 'Bearer another-token-as-long-as-it' }],
      [401, JSON.stringify(good), { authorization: '' }],
      [415, JSON.stringify(good), { 'content-type': 'text/plain' }],
      [400, '{', {}],
      [400, '[]', {}],
      [400, JSON.stringify({ events: [{ signal: 'other', side: 'target', value: true }] }), {}],
      [400, JSON.stringify({ events: [{ signal: 'click', side: 'target', value: 1 }] }), {}],
      [400, '['.repeat(100_000), {}],
      [413, `"${'x'.repeat(300_000)}"`, {}],
    ];
    for (const [status, body, headers] of refused) expect((await post(body, headers)).status).toBe(status);
    expect(events).toHaveLength(1);
  });

  test('takes none without a token', async () => {
    const server = await serve('');
    // An empty token is none: the command passes undefined.
    expect((await server.post('{}', { authorization: 'Bearer ' })).status).not.toBe(202);
    const none = new MonitorServer({
      view: monitorView,
      page: renderMonitorPage,
      takeSignals: () => {},
      token: undefined,
    });
    open.push(none);
    const response = await fetch(`http://127.0.0.1:${await none.listen(0)}/signals`, { method: 'POST' });
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('VECPROOF_MONITOR_TOKEN');
  });

  test('tells open pages when a round is over', async () => {
    const { at, server } = await serve();
    const response = await fetch(`${at}/events`);
    const reader = response.body!.getReader();
    const decoder = new TextDecoder();
    let text = '';
    const until = async (wanted: string) => {
      while (!text.includes(wanted)) text += decoder.decode((await reader.read()).value);
    };
    await until('retry: 2000');
    server.changed();
    await until('event: round');
    await reader.cancel();
  });

  test('says that a port is taken', async () => {
    const { port } = await serve();
    const second = new MonitorServer({
      view: monitorView,
      page: renderMonitorPage,
      takeSignals: () => {},
      token: undefined,
    });
    await expect(second.listen(port)).rejects.toThrow('the port cannot be used');
  });
});

describe('metrics', () => {
  const dashboard = JSON.parse(readFileSync(join(packageRoot, 'migration/monitor/grafana.json'), 'utf8'));
  const expressions: string[] = dashboard.panels.flatMap((panel: { targets: { expr: string }[] }) =>
    panel.targets.map(({ expr }) => expr),
  );

  test('the dashboard draws all that are exported, by names and labels that there are', async () => {
    const text = await prometheus(monitorView).metrics();
    const exported = new Set([...text.matchAll(/^# TYPE (\S+) gauge$/gm)].map(([, name]) => name));
    const drawn = new Set(expressions.flatMap((expr) => expr.match(/vecproof_\w+/g) ?? []));
    expect([...drawn].sort()).toEqual([...exported].sort());
    const labels = new Map(METRICS.map(({ name, labels: own }) => [name, new Set(['migration', ...own])]));
    for (const panel of dashboard.panels as { targets: { expr: string; legendFormat: string }[] }[])
      for (const { expr, legendFormat } of panel.targets) {
        const own = labels.get(/vecproof_\w+/.exec(expr)![0])!;
        for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect(own).toContain(label);
      }
  });

  test('what is not measured has no sample', async () => {
    const text = await prometheus(() => ({ ...monitorView(), rounds: [] })).metrics();
    expect(text).not.toMatch(/^vecproof_monitor_overlap\{/m);
    expect(text).not.toMatch(/NaN|undefined/);
  });

  test('go to whatever OpenTelemetry has been set up in the process', async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const provider = new MeterProvider({ readers: [reader] });
    expect(api.setGlobalMeterProvider(provider)).toBe(true);
    try {
      const stop = observe(monitorView);
      await reader.forceFlush();
      const found = exporter
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
      const overlap = found.find(({ descriptor }) => descriptor.name === 'vecproof.monitor.overlap')!;
      expect(overlap.dataPoints).toMatchObject([{ value: 0.95, attributes: { migration: 'move' } }]);
      stop();
    } finally {
      await provider.shutdown();
      api.disable();
    }
  });
});
