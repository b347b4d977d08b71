import { afterEach, expect, test } from 'vitest';
import { openClient } from '../../engines/chroma/client.js';
import { server as chroma } from '../../engines/chroma/launch.js';
import type { LaunchedServer, ServerDefinition } from '../../engines/contract/server.js';
import { server as milvus } from '../../engines/milvus/launch.js';
import type { Results, TrialRow } from '../../harness/model/results.js';
import { start } from '../e2e/helpers/cli.js';
import { describeWith, request } from './docker.js';
import { type ErrorProxy, grpcErrors, httpErrors, type Order } from './helpers/error-proxy.js';
import { smallSuite } from './suite.js';

const QUERIES = 20;
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A real server behind a proxy that answers errors when told to. */
async function behind(
  definition: ServerDefinition,
  proxyFor: (endpoint: LaunchedServer['endpoint']) => Promise<ErrorProxy>,
): Promise<{ server: LaunchedServer; proxy: ErrorProxy }> {
  const server = await definition.launch(request(`errors-test-${process.pid}`));
  closers.push(() => server.stop());
  const proxy = await proxyFor(server.endpoint);
  closers.push(() => proxy.close());
  return { server, proxy };
}

/** Runs a suite by url, with one order after the other; returns the trials in the plan's order. */
async function withErrors(proxy: ErrorProxy, engine: string, orders: readonly Order[]): Promise<TrialRow[]> {
  const work = smallSuite(engine);
  const env = { SERVER_URL: `http://127.0.0.1:${proxy.port}` };
  let struck = proxy.arm(orders[0]!);
  const running = start(['run', 'suite.yaml'], { folder: work.folder, env });
  const over = running.ended.then(({ stderr }) => {
    throw new Error(`the run ended before all errors were answered\n${stderr}`);
  });
  over.catch(() => undefined);
  for (const order of orders.slice(1)) {
    await Promise.race([struck, over]);
    struck = proxy.arm(order);
  }
  await Promise.race([struck, over]);
  const { code, stderr } = await running.ended;
  expect(code, stderr).toBe(3);
  return work.json<Results>('results.json').trials;
}

const told = ({ state, error }: TrialRow) => `${state} ${error?.split('\n', 1)[0]}`;

describeWith(['chroma'], 'Chroma answers HTTP 500', () => {
  test('each phase ends in a recorded failure; failures of some queries are samples', async () => {
    const { server, proxy } = await behind(chroma, httpErrors);
    const trials = await withErrors(
      proxy,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a suite's own way to name a variable.
      '{ use: chroma, url: "${SERVER_URL}", index: { ef: [10, 11, 12, 13, 14] } }',
      [
        { requests: /POST .*\/collections$/, times: 1 },
        { requests: /POST .*\/add$/, times: 1 },
        { requests: /POST .*\/query/, times: 1 },
        // After the one that asks whether everything is indexed.
        { requests: /POST .*\/query/, skip: 1, times: QUERIES },
        { requests: /POST .*\/query/, skip: 1, times: 3 },
      ],
    );
    expect(trials.slice(0, 4).map(told)).toEqual([
      expect.stringMatching(/^failed chroma: create the collection: .*injected by the test/),
      expect.stringMatching(/^failed chroma: add: .*injected by the test/),
      expect.stringMatching(/^failed chroma: query: .*injected by the test/),
      expect.stringMatching(/^failed none of 20 queries was answered; .*injected by the test/),
    ]);
    for (const { measures } of trials.slice(0, 4)) expect(measures).toEqual({});
    expect(trials[4]!.state).toBe('completed');
    expect(trials[4]!.measures['errors']).toMatchObject({ value: 3, n: QUERIES });
    // No collection is left of those that failed.
    const client = openClient(server.endpoint) as unknown as { countCollections(): Promise<number> };
    expect(await client.countCollections()).toBe(0);
  });
});

describeWith(['milvus'], 'Milvus answers gRPC errors', () => {
  test('each phase ends in a recorded failure, and the next setting is measured', async () => {
    const { proxy } = await behind(milvus, grpcErrors);
    const trials = await withErrors(
      proxy,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a suite's own way to name a variable.
      '{ use: milvus, url: "${SERVER_URL}", index: { type: hnsw, m: [4, 5, 6] }, search: { ef: [10, 20] } }',
      [
        { requests: /\/Insert$/, times: 1 },
        { requests: /\/CreateIndex$/, times: 1 },
        { requests: /\/Search$/, times: QUERIES },
      ],
    );
    expect(trials.map(({ state }) => state)).toEqual([...Array(5).fill('failed'), 'completed']);
    for (const { error } of trials.slice(0, 4)) expect(error).toContain('injected by the test');
    expect(trials[4]!.error).toMatch(/none of 20 queries was answered; .*injected by the test/);
  });
});
